/* SPDX-License-Identifier: MIT
 *
 * A real Redis for a target, on a unix socket that no other process finds. It ends with the target.
 * A failure here counts as a find, and so does an error reply. */
#ifndef TESTS_FUZZ_SCRATCH_REDIS_H
#define TESTS_FUZZ_SCRATCH_REDIS_H

#include "store/store.h"

#include <hiredis/hiredis.h>

/* Further away than any expiry of the scripts. */
#define SCRATCH_REDIS_FAR_MS INT64_C(31536000000000)

/* Starts it, with the take scripts loaded. */
void scratch_redis_start(void);

/* Run a command, like redisCommand(). The reply is borrowed until the next call. Only
 * scratch_redis_try() may get an error. */
const redisReply *scratch_redis_run(const char *format, ...);
const redisReply *scratch_redis_try(const char *format, ...);

/* Does what the operation says, at its now_us. All its keys must have an expiry before. Those that
 * exist afterwards must have one too, and it is moved to SCRATCH_REDIS_FAR_MS. */
void scratch_redis_ask(const struct operation *operation, struct outcome *outcome);

#endif
