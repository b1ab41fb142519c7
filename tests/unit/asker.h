/* SPDX-License-Identifier: MIT
 *
 * A client of a store's Redis engine, on a loop of its own. It makes each take in one line, and
 * keeps what came of it. */
#ifndef UNIT_ASKER_H
#define UNIT_ASKER_H

#include "base/duration.h"
#include "metrics/metrics.h"
#include "store/store_redis.h"
#include "support/cmocka.h"
#include "support/impostor.h"
#include "support/one_set.h"
#include "support/redis_group.h"
#include "support/wait.h"

#define PATIENT_US MINUTE_US
#define HASTY_US   (20 * MILLISECOND_US)

/* A thousand per hour. */
extern const struct limit asker_limit;

/* The figures of all stores. */
extern struct metrics asker_metrics;
extern struct counter_budget *asker_budget; /* NULL unless a test sets one */

/* The results of the takes that share it. */
struct answers {
    size_t count;
    size_t by_status[TAKE_ELSEWHEN + 1];
    size_t allowed;
    struct outcome last;
    size_t place; /* where the last one came, among all answers */
};

/* `context` points to the answers. */
store_done_fn asker_on_done;

/* One turn of the loop. */
void asker_turn(void);

#define TURN_UNTIL(condition)                                                                      \
    WAIT_FOR (20, condition)                                                                       \
    asker_turn()

struct store *asker_store_at(const char *url, int64_t timeout_us);
/* A store on the group's Redis, ready. */
struct store *asker_store(int64_t timeout_us);
/* A store on an impostor, which it opens; ready. */
struct store *asker_impostor_store(struct impostor *impostor, int64_t timeout_us);

/* The impostor replies to each SCRIPT LOAD as Redis does. */
void asker_say_loaded(struct impostor *impostor);

/* A take from `subject` of tenant 1, under a policy of one limit. */
struct operation asker_take_of(int64_t subject, const struct limit *limit, int64_t cost);
/* Forgets the counters of such a take. */
struct operation asker_forget_of(int64_t subject, const struct limit *limit);

/* Asks. An answer that comes at once counts like one that comes later. */
void asker_ask(struct store *store, const struct operation *operation, struct answers *answers);
/* The same; takes 1. */
void asker_take(struct store *store, int64_t subject, struct answers *answers);
/* Takes 1, and turns the loop until the answer is there. */
enum take_status asker_take_and_wait(struct store *store, int64_t subject);

/* How many scripts the store has asked the newest connection to run. */
size_t asker_scripts(const struct impostor *impostor);

/* Setup and teardown of a test. */
int asker_begin(void **state);
int asker_end(void **state);

#endif
