/* SPDX-License-Identifier: MIT
 *
 * A real Redis for a target, on a unix socket that nobody else finds. It ends with the target. What
 * fails here, an error reply too, is a find. */
#ifndef TESTS_FUZZ_SCRATCH_REDIS_H
#define TESTS_FUZZ_SCRATCH_REDIS_H

#include "store/store.h"

#include <hiredis/hiredis.h>

/* With the take scripts loaded. */
void scratch_redis_start(void);

/* Runs a command, as redisCommand(). The reply is borrowed until the next call. It is no error,
 * unless the command is one that may fail. */
const redisReply *scratch_redis_run(const char *format, ...);
const redisReply *scratch_redis_try(const char *format, ...);

/* Decides *take at take->now_us. All its keys have an expiry before, and those that are there have
 * one behind it: that is moved far away. */
void scratch_redis_take(const struct take *take, struct outcome *outcome);

#endif
