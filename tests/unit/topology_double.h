/* SPDX-License-Identifier: MIT
 *
 * Replaces src/redis/redis_topology.c: the test itself says which node has which slots, also
 * wrongly. The main thread sets it, and any thread may use it. */
#ifndef UNIT_TOPOLOGY_DOUBLE_H
#define UNIT_TOPOLOGY_DOUBLE_H

#include "redis/redis_topology.h"

/* Of the topology that was made last: a single server at this port of 127.0.0.1. */
void topology_double_be_single(int port);
/* A cluster, whose nodes have these ports and share the slots evenly, in this order. */
void topology_double_be_sliced(size_t count, const int ports[]);
/* The node with this index has the slot; REDIS_NO_NODE: none has. */
void topology_double_give_slot(int slot, uint16_t index);

/* How often the map was doubted since it was set. */
int topology_double_doubts(void);

#endif
