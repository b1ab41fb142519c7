/* SPDX-License-Identifier: MIT
 *
 * Helpers for tests of the scripts' surroundings: an operation by the clock of Redis, its reply,
 * and what is stored. The Redis is that of script_redis.h. */
#ifndef UNIT_SCRIPT_CASE_H
#define UNIT_SCRIPT_CASE_H

#include "base/duration.h"
#include "script_redis.h"
#include "support/cmocka.h"

extern redisReply *script_case_reply; /* of the last script, freed by the next one */

/* A fixed window: 10 in a minute. */
extern const struct limit script_case_minute;

/* A take from counters that no operation had before. Gives each limit an id of its own. `limits` is
 * borrowed while the operation is in use. */
struct operation script_case_take_of(struct limit *limits, size_t count, int64_t cost);

/* The first key of the operation; lives until the next call. */
const char *script_case_key_of(const struct operation *operation);

/* Sets the reply, whatever it is. */
void script_case_run(const struct take_script *script, struct take_arguments *arguments);
/* Decides *operation, and sets the reply. What is not a decision fails the test. */
struct outcome script_case_outcome_of(const struct operation *operation);

/* What Redis replies to a command of one key. */
long long script_case_integer(const char *command, const char *key);

/* Teardown of the group. */
int script_case_close(void **state);

#endif
