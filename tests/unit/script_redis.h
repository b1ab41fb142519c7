/* SPDX-License-Identifier: MIT
 *
 * A real Redis with the take scripts loaded, and a take by the script with the clock handed in.
 * What goes wrong fails the test, unless it is the script's answer. */
#ifndef UNIT_SCRIPT_REDIS_H
#define UNIT_SCRIPT_REDIS_H

#include "store/take_script.h"
#include "support/redis_group.h"

/* Setup and teardown of the group: the Redis of redis_group.h, with the scripts in it. */
int script_redis_open(void **state);
/* The same, of a Redis with a wall clock that redis_server_set_clock() moves. */
int script_redis_open_clocked(void **state);
int script_redis_close(void **state);

/* Runs a command, as redisCommandArgv(); the reply is the caller's. */
redisReply *script_redis_run(int count, const char *argv[], const size_t lengths[]);

/* Decides *take at take->now_us. outcome->status is TAKE_BROKEN when the answer is no decision, or
 * when the script left a charge, or anything else, without an expiry.
 *
 * By Redis' own clock a counter would go at another time than by the one handed in: so the expiry
 * is moved far away, and counters stay until they are deleted. */
void script_redis_take(const struct take *take, struct outcome *outcome);

/* Decides *take by Redis' own clock, and leaves the expiry as it is. */
void script_redis_take_by_its_clock(const struct take *take, struct outcome *outcome);

#endif
