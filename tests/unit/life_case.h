/* SPDX-License-Identifier: MIT
 *
 * Helpers for tests of how long the scripts let counters live: an operation in a real Redis, and
 * what the reply tells of its keys. The Redis is that of script_redis.h. */
#ifndef UNIT_LIFE_CASE_H
#define UNIT_LIFE_CASE_H

#include "base/duration.h"
#include "script_redis.h"
#include "support/cmocka.h"

#define START_US                                                                                   \
    INT64_C(1763735373123457) /* the time of an operation, unless a test sets another */

/* An operation, and what came of it. */
struct life_asked {
    struct take_arguments arguments;
    struct outcome outcome;
    struct take_life lives[TAKE_SCRIPT_KEYS_MAX];
    size_t life_count;
    int64_t kept_us; /* what Redis says of the first key before: below 0 when it is not there */
    int64_t keeps_us;
    int64_t took_us; /* the time in which a life may have become shorter by itself */
};

extern redisReply *life_reply; /* of the last operation, freed by the next one */

/* 10 in a minute. */
struct limit life_limit_of(enum algorithm_id algorithm);

/* A take from counters that no operation had before. Gives each limit an id of its own. `limits` is
 * borrowed while the operation is in use. */
struct operation life_take_of(struct limit *limits, size_t count, int64_t cost);

/* Decides *operation as the store does. An error fails the test. kept_us, keeps_us and took_us stay
 * as they are. */
void life_run(struct life_asked *asked, const struct operation *operation, bool may_create);
/* The same, and sets them. */
void life_ask(struct life_asked *asked, const struct operation *operation, bool may_create);

/* One that Redis, whose clock goes on meanwhile, has told so. */
void life_is_about(int64_t told_us, int64_t expected_us, const struct life_asked *asked);
/* Of the first key: its expiry was set now, and the reply says so. */
void life_is_told(const struct life_asked *asked, const struct take_life *life);

/* Setup and teardown of the group. */
int life_open(void **state);
int life_close(void **state);

#endif
