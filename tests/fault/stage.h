/* SPDX-License-Identifier: MIT
 *
 * Redis, the fault proxy and a service. Scenarios are played on them. Main thread only. */
#ifndef FAULT_STAGE_H
#define FAULT_STAGE_H

#include "support/fault_proxy.h"
#include "support/world.h"

/* Each wait for a condition may last this long, so a busy machine fails no test. */
#define STAGE_WAIT_SECONDS 60
#define STAGE_TIMEOUT_MS   50
/* The routes that a load checks: one for each value of on_store_error. */
#define STAGE_DENYING_ROUTE "/deny"

struct stage {
    struct world *world;
    struct fault_proxy *proxy;
    struct service *service; /* NULL until stage_serve() */
    struct client *tenant;
    struct client *other; /* has the same key, over another connection */
    int subjects;         /* how many were used to test exactness */
};

void stage_open(struct stage *stage, struct world *world, uint64_t seed);

/* Starts the service, directly on Redis or through the proxy. Apps and policies are in a file, so
 * they outlive Redis. `not_ready`: there is no Redis yet. */
void stage_serve(struct stage *stage, bool through_proxy, bool not_ready);

/* Stops the service, which must exit with 0: that also means without a sanitizer's report. */
void stage_close(struct stage *stage);

/* Whether a new subject is counted exactly, for two clients at once. */
bool stage_is_exact(struct stage *stage);

/* Whether it counts exactly, and has all its connections to Redis: each worker's, and the one for
 * logs. */
bool stage_is_connected(struct stage *stage);

#endif
