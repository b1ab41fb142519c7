/* SPDX-License-Identifier: MIT
 *
 * Whether a Redis evicts keys when it is full. */
#ifndef REDIS_REDIS_EVICTION_H
#define REDIS_REDIS_EVICTION_H

#include "base/error.h"
#include "redis/redis_sessions.h"

#define REDIS_EVICTION_POLICY_BYTES 32

/* True, with the name of its maxmemory-policy, when the server that has the key has a maxmemory and
 * the policy is not noeviction. False also when it does not say; then `error` is set. */
bool redis_eviction_threatens(struct redis_sessions *sessions, struct text key,
                              char policy[static REDIS_EVICTION_POLICY_BYTES], struct error *error);

/* Logs a warning if the server of the key may evict `what`, or does not say. Only once per process,
 * whose *has_looked must be false at first, because it depends on Redis' configuration. */
void redis_eviction_warn(struct redis_sessions *sessions, struct text key, bool *has_looked,
                         const char *what);

#endif
