/* SPDX-License-Identifier: MIT
 *
 * What Redis answers to a call of the store, as the outcome for who has asked, and what else is
 * told of it: figures, lines of the log, and the lives of keys to the budget. Worker's thread. */
#ifndef STORE_TAKE_ANSWER_H
#define STORE_TAKE_ANSWER_H

#include "store/take_script.h"

struct counter_budget;
struct metrics;
struct redis_complaints;

/* Of one store, and who is told; all are borrowed. */
struct take_answers {
    struct metrics *metrics;
    struct redis_complaints *complaints;
    struct counter_budget *budget; /* NULL: no tenant has a bound */
};

/* One call. */
struct take_asked {
    bool forgets;                    /* or takes */
    uint32_t tenant;                 /* whose keys they are */
    size_t limit_count;              /* of the take */
    struct take_arguments arguments; /* of one that forgets, the keys alone */
};

/* Fills *outcome from a reply that is no error; false when it makes no sense. */
MUST_USE bool take_answer_read(const struct take_answers *answers, const struct take_asked *asked,
                               const redisReply *reply, struct outcome *outcome);

/* The same of an error, which fills nothing. *is_at_fault: it was of this call, and no failure of
 * Redis. */
enum take_status take_answer_error(const struct take_answers *answers,
                                   const struct take_asked *asked, const redisReply *reply,
                                   bool *is_at_fault);

#endif
