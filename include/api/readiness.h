/* SPDX-License-Identifier: MIT
 *
 * The facts behind the answers of /readyz, some of which /metrics shows. Belongs to the worker; GET
 * /readyz writes to it. */
#ifndef API_READINESS_H
#define API_READINESS_H

#include "store/store.h"

#include <stdatomic.h>

struct probe; /* see health.c */

struct readiness {
    const char *engine;          /* "memory" or "redis" */
    const atomic_bool *draining; /* SIGTERM has come */
    /* Workers whose store has not decided yet. At 0 the process is ready; after that, a store that
     * is away makes it `degraded`. */
    const atomic_int *starting;
    struct store_look look; /* the last one of /readyz */
    int64_t fresh_until_us; /* how long it is not repeated */
    struct probe *asking;   /* requests that wait for a look; NULL: no look is under way */
};

#endif
