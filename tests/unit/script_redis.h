/* SPDX-License-Identifier: MIT
 *
 * A real Redis with the take scripts loaded. An operation hands the script the time. A fault fails
 * the test, unless it is the script's answer. */
#ifndef UNIT_SCRIPT_REDIS_H
#define UNIT_SCRIPT_REDIS_H

#include "store/take_reply.h"
#include "support/one_set.h"
#include "support/redis_group.h"

/* Setup and teardown of the group: the Redis of redis_group_open_clocked(), with the scripts in
 * it. */
int script_redis_open(void **state);
int script_redis_close(void **state);

/* Runs a command, as redisCommandArgv(); the reply is the caller's. */
redisReply *script_redis_run(int count, const char *argv[], const size_t lengths[]);

/* The keys of the operation, strings first. Returns how many. */
size_t script_redis_keys(const struct operation *operation,
                         char keys[static TAKE_SCRIPT_KEYS_MAX][TAKE_SCRIPT_KEY_BYTES]);

/* Decides *operation at operation->now_us. outcome->status is TAKE_BROKEN when the answer is not a
 * decision, or when the script left anything without an expiry.
 *
 * By the clock of Redis a counter would expire at another time than by operation->now_us. So its
 * expiry is moved far away, and it stays until it is deleted. */
void script_redis_take(const struct operation *operation, struct outcome *outcome);

/* Decides *operation by the clock of Redis, and leaves the expiry as it is. */
void script_redis_take_by_its_clock(const struct operation *operation, struct outcome *outcome);

#endif
