/* SPDX-License-Identifier: MIT
 *
 * Whether our Redis user may call the commands that our scripts call. Redis 7.0 refuses a script
 * without saying which of its commands is not allowed. Commands that are sent outside a script are
 * named when they are refused. docs/operations.md lists all of them. */
#ifndef REDIS_REDIS_RIGHTS_H
#define REDIS_REDIS_RIGHTS_H

#include "redis/redis_sessions.h"

/* The rights that the user lacks, like " +get +set". False, and "", when Redis does not say. */
#define REDIS_RIGHTS_BYTES 512
bool redis_rights_find_missing(struct redis_sessions *sessions,
                               char missing[static REDIS_RIGHTS_BYTES]);

/* Logs the missing rights, once Redis says. Only once per process, whose *has_looked must be false
 * at first. */
void redis_rights_warn(struct redis_sessions *sessions, bool *has_looked);

#endif
