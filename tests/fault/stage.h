/* SPDX-License-Identifier: MIT
 *
 * The servers of Redis and a service. Scenarios are played on them. Main thread only. */
#ifndef FAULT_STAGE_H
#define FAULT_STAGE_H

#include "servers.h"

/* Each wait for a condition may last this long, so a busy machine fails no test. */
#define STAGE_WAIT_SECONDS 60
#define STAGE_TIMEOUT_MS   50
/* The routes that a load checks: one for each value of on_store_error. */
#define STAGE_DENYING_ROUTE "/deny"

struct stage {
    struct servers servers;
    struct service *service; /* NULL until stage_serve() */
    struct client *tenant;
    struct client *other; /* has the same key, over another connection */
    int subjects;         /* how many were used to test exactness */
};

/* See servers_open(). */
void stage_open(struct stage *stage, struct world *world, bool through_proxies, uint64_t seed);

/* Starts the service. Apps and policies are in a file, so they outlive Redis. `not_ready`: there is
 * no Redis yet. */
void stage_serve(struct stage *stage, bool not_ready);

/* Stops the service, which must exit with 0: that also means without a sanitizer's report. */
void stage_close(struct stage *stage);

/* Whether a new subject is counted exactly, for two clients at once. */
bool stage_is_exact(struct stage *stage);

/* Whether it counts exactly, and has all its connections to Redis: each worker's to all servers,
 * and the one for logs. */
bool stage_is_connected(struct stage *stage);

#endif
