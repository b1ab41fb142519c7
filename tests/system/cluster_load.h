/* SPDX-License-Identifier: MIT
 *
 * A steady load on a service whose Redis is a cluster, and in which slots its keys are. Main thread
 * only. */
#ifndef SYSTEM_CLUSTER_LOAD_H
#define SYSTEM_CLUSTER_LOAD_H

#include "support/load.h"
#include "support/world.h"

/* 300 checks a second on 4 connections of the first service. `routes` and `ask` are as in load.h;
 * routes must be valid until load_end(). */
struct load *cluster_load_begin(const struct world *world, const struct client *tenant,
                                const char *const routes[], load_ask_fn *ask);

/* Makes one check ("{'user_id':'load','route_key':'/a'}"), which must be allowed, and returns the
 * slot of its counters. All counters of before are gone. */
int cluster_load_slot(struct redis_cluster *cluster, struct client *tenant, const char *check);

#endif
