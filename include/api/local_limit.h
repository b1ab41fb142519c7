/* SPDX-License-Identifier: MIT
 *
 * Sluice's own limits on its callers. This process decides them with any engine, because they
 * protect this process and must hold when the store is away.
 *
 * They have a table of their own, so no app can push them out. Each limit is a tenant in it, so a
 * flood of addresses at one limit pushes out none of another. If one is full, the addresses whose
 * windows end soonest start again from zero, and this is counted. A caller with so many addresses
 * gains nothing by it. */
#ifndef API_LOCAL_LIMIT_H
#define API_LOCAL_LIMIT_H

#include "api/api.h"
#include "base/text.h"
#include "limit/limit.h"
#include "limit/rate.h"

/* What is limited. Each limit counts by itself. */
enum local_limit {
    LOCAL_LIMIT_REGISTER = 1, /* registrations of an IP address */
    LOCAL_LIMIT_MANAGE,       /* management requests of an app or an IP address */
    LOCAL_LIMIT_LOOKUP,       /* catalogue look-ups of an IP address */
    LOCAL_LIMIT_LOOKUPS,      /* look-ups of the process */
    LOCAL_LIMIT_ABSENT,       /* look-ups of one key that was not found */
    LOCAL_LIMIT_SECOND_LOOK   /* second looks of an app that were in vain */
};

/* Counters in the table: 6 MB. */
#define LOCAL_LIMIT_COUNTERS_MAX 65536

/* Takes `cost` from `subject`'s share of `rate`, in a fixed window; 0 only looks. Worker's
 * thread. */
struct limit_outcome local_limit_take(struct api *api, enum local_limit limit, struct text subject,
                                      struct rate rate, int64_t cost);

#endif
