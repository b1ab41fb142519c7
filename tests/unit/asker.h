/* SPDX-License-Identifier: MIT
 *
 * Who asks the Redis engine of a store, on a loop of its own: takes made in one line each, and what
 * came of them. */
#ifndef UNIT_ASKER_H
#define UNIT_ASKER_H

#include "base/duration.h"
#include "metrics/metrics.h"
#include "store/store_redis.h"
#include "support/cmocka.h"
#include "support/impostor.h"
#include "support/redis_group.h"
#include "support/wait.h"

#define PATIENT_US MINUTE_US
#define HASTY_US   (20 * MILLISECOND_US)

/* A thousand per hour. */
extern const struct limit asker_limit;

/* Of all stores. */
extern struct metrics asker_metrics;
extern struct counter_budget *asker_budget; /* NULL but where a test has one */

/* What came of the takes that share it. */
struct answers {
    size_t count;
    size_t by_status[TAKE_QUOTA + 1];
    size_t allowed;
    struct outcome last;
    size_t place; /* of the last, among all answers */
};

/* `context` are the answers. */
store_done_fn asker_on_done;

/* One turn of the loop. */
void asker_turn(void);

#define TURN_UNTIL(condition)                                                                      \
    WAIT_FOR (20, condition)                                                                       \
    asker_turn()

struct store *asker_store_at(const char *url, int64_t timeout_us);
/* Of the group's Redis, and ready. */
struct store *asker_store(int64_t timeout_us);
/* Of an impostor that is opened for it, and ready. */
struct store *asker_impostor_store(struct impostor *impostor, int64_t timeout_us);

/* What a Redis says to each script that is loaded. */
void asker_say_loaded(struct impostor *impostor);

/* Of `subject` of tenant 1, under a policy of one limit. */
struct take asker_take_of(uint8_t subject, const struct limit *limit, int64_t cost);

/* Takes 1. An answer that comes at once is counted like one that comes later. */
void asker_take(struct store *store, uint8_t subject, struct answers *answers);

/* How many scripts the store has asked the newest connection to run. */
size_t asker_scripts(const struct impostor *impostor);

/* Setup and teardown of a test. */
int asker_begin(void **state);
int asker_end(void **state);

#endif
