/* SPDX-License-Identifier: MIT
 *
 * Whether our user of a Redis may call what our scripts call. Redis 7.0 refuses a script without
 * saying which command it may not call; those that are sent by themselves are named when they are
 * refused. docs/operations.md lists all of them. */
#ifndef REDIS_REDIS_RIGHTS_H
#define REDIS_REDIS_RIGHTS_H

#include "redis/redis_session.h"

/* " +get +set", what the user lacks. False, and "", when Redis does not say. */
#define REDIS_RIGHTS_BYTES 512
bool redis_rights_find_missing(struct redis_session *session,
                               char missing[static REDIS_RIGHTS_BYTES]);

/* Logs them, once Redis has said. Once for a process, whose *has_looked begins as false. */
void redis_rights_warn(struct redis_session *session, bool *has_looked);

#endif
