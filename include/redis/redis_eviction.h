/* SPDX-License-Identifier: MIT
 *
 * Whether a Redis throws keys away when it is full. */
#ifndef REDIS_REDIS_EVICTION_H
#define REDIS_REDIS_EVICTION_H

#include "base/error.h"
#include "redis/redis_session.h"

#define REDIS_EVICTION_POLICY_BYTES 32

/* True, with the name of its maxmemory-policy, when it has a maxmemory and the policy is another
 * than noeviction. False also when it does not say, and then `error` is set. */
bool redis_eviction_threatens(struct redis_session *session,
                              char policy[static REDIS_EVICTION_POLICY_BYTES], struct error *error);

/* Logs, if so, that it may throw `what` away, or that it does not say. Once for a process, whose
 * *has_looked begins as false: it is a matter of Redis' configuration. */
void redis_eviction_warn(struct redis_session *session, bool *has_looked, const char *what);

#endif
