/* SPDX-License-Identifier: MIT
 *
 * Turns Redis' answer to a call of the store into the asker's outcome. Also counts it in the
 * metrics, logs complaints, and tells the budget the lives of keys. Worker's thread. */
#ifndef STORE_TAKE_ANSWER_H
#define STORE_TAKE_ANSWER_H

#include "store/take_reply.h"

struct counter_budget;
struct metrics;
struct redis_complaints;

/* Of one store: what is told of its answers. All are borrowed. */
struct take_answers {
    struct metrics *metrics;
    struct redis_complaints *complaints;
    struct counter_budget *budget; /* NULL: no tenant has a bound */
};

/* One call. */
struct take_asked {
    uint32_t tenant; /* the owner of the keys */
    struct take_arguments arguments;
};

/* Fills *outcome from a reply that is no error; false when the reply is impossible. */
MUST_USE bool take_answer_read(const struct take_answers *answers, const struct take_asked *asked,
                               const redisReply *reply, struct outcome *outcome);

/* The same for a reply that came too late to answer anybody: only the lives of keys are told. */
void take_answer_read_late(const struct take_answers *answers, const struct take_asked *asked,
                           const redisReply *reply);

/* The same for an error of the server at `where`, which fills nothing. *is_at_fault: this call
 * caused the error; Redis did not fail. */
enum take_status take_answer_error(const struct take_answers *answers,
                                   const struct take_asked *asked, const char *where,
                                   const redisReply *reply, bool *is_at_fault);

#endif
