/* SPDX-License-Identifier: MIT
 *
 * Redis, the fault proxy and a service, on which scenarios are played. Main thread only. */
#ifndef FAULT_STAGE_H
#define FAULT_STAGE_H

#include "support/fault_proxy.h"
#include "support/world.h"

/* What waits for a condition waits for this long, on however busy a machine. */
#define STAGE_WAIT_SECONDS 60
#define STAGE_TIMEOUT_MS   50
/* What a load checks, one route each way that on_store_error can say. */
#define STAGE_DENYING_ROUTE "/deny"

struct stage {
    struct world *world;
    struct fault_proxy *proxy;
    struct service *service; /* NULL until stage_serve() */
    struct client *tenant;
    struct client *other; /* with the same key over another connection */
    int subjects;         /* how many have been used for exactness */
};

void stage_open(struct stage *stage, struct world *world, uint64_t seed);

/* Starts the service, on Redis itself or through the proxy. Apps and policies lie in a file, so
 * that they outlive Redis. `not_ready`: there is no Redis yet. */
void stage_serve(struct stage *stage, bool through_proxy, bool not_ready);

/* Stops the service, which must end with 0: without a sanitizer's report. */
void stage_close(struct stage *stage);

/* Whether a subject that nobody has used counts exactly, for two clients at once. */
bool stage_is_exact(struct stage *stage);

#endif
