/* SPDX-License-Identifier: MIT
 *
 * Sluice's own limits on its callers, decided in this process whatever the engine: they must
 * hold when the store is away, and protect this process.
 *
 * They have a table to themselves, in which each of them is a tenant: no app pushes them out, and a
 * flood of addresses at one pushes out none of another. When one is full of addresses, those whose
 * windows end soonest begin anew, which is counted. Whoever has so many gains nothing by it. */
#ifndef API_LOCAL_LIMIT_H
#define API_LOCAL_LIMIT_H

#include "api/api.h"
#include "base/text.h"
#include "limit/limit.h"
#include "limit/rate.h"

/* What is limited; each counts by itself. */
enum local_limit {
    LOCAL_LIMIT_REGISTER = 1, /* registrations of an IP address */
    LOCAL_LIMIT_MANAGE,       /* management requests of an app or an IP address */
    LOCAL_LIMIT_LOOKUP,       /* catalogue look-ups of an IP address */
    LOCAL_LIMIT_LOOKUPS,      /* of the process */
    LOCAL_LIMIT_ABSENT        /* look-ups of one key that was not found */
};

/* What the table holds: 6 MB. */
#define LOCAL_LIMIT_COUNTERS_MAX 65536

/* Takes `cost` (0 looks) from `subject`'s share of `rate`, a fixed window. Worker's thread. */
struct limit_outcome local_limit_take(struct api *api, enum local_limit limit, struct text subject,
                                      struct rate rate, int64_t cost);

#endif
