/* SPDX-License-Identifier: MIT
 *
 * Sluice's own limits on its callers, decided in this process whatever the engine: they must
 * hold when the store is away, and protect this process. */
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
    LOCAL_LIMIT_LOOKUP,       /* catalogue look-ups of an IP address and of the process */
    LOCAL_LIMIT_ABSENT        /* look-ups of one key that was not found */
};

/* Takes `cost` (0 looks) from `subject`'s share of `rate`, a fixed window. Worker's thread. */
struct limit_outcome local_limit_take(struct api *api, enum local_limit limit, struct text subject,
                                      struct rate rate, int64_t cost);

#endif
