/* SPDX-License-Identifier: MIT
 *
 * What /readyz answers by, and /metrics tells of it. The worker's; GET /readyz writes to it. */
#ifndef API_READINESS_H
#define API_READINESS_H

#include <stdatomic.h>

struct probe; /* see health.c */

struct readiness {
    const char *engine;          /* "memory" or "redis" */
    const atomic_bool *draining; /* SIGTERM has come */
    /* Workers whose store has not decided yet: at 0 the process is ready, and from then on a store
     * that is away makes it `degraded`. */
    const atomic_int *starting;
    struct {
        int64_t fresh_until_us;
        bool decides;
    } store_seen;         /* what /readyz last found out */
    struct probe *asking; /* requests that wait for the look under way; NULL: there is none */
};

#endif
