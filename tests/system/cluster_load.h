/* SPDX-License-Identifier: MIT
 *
 * A steady load on a service whose Redis is a cluster, and in which slots its keys are. Main thread
 * only. */
#ifndef SYSTEM_CLUSTER_LOAD_H
#define SYSTEM_CLUSTER_LOAD_H

#include "support/load.h"
#include "support/world.h"

#define CLUSTER_LOAD_CONNECTIONS 4

/* 300 checks a second on these connections of the first service. `routes` and `ask` are as in
 * load.h. Routes must be valid until load_end(). */
struct load *cluster_load_begin(const struct world *world, const struct client *tenant,
                                const char *const routes[], load_ask_fn *ask);

/* How many calls to Redis have ended so ("done", "late", "down", "refused", "broken"), of all since
 * the service began. */
double cluster_load_calls(const struct world *world, const char *result);

/* Prints how the calls to Redis have ended so far: a test that fails may have been too late. */
void cluster_load_print_calls(const struct world *world);

/* Makes one check ("{'user_id':'load','route_key':'/a'}"), which must be allowed, and returns the
 * slot of its counters. All counters of before are gone. */
int cluster_load_slot(struct redis_cluster *cluster, struct client *tenant, const char *check);

#endif
