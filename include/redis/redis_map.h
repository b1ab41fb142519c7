/* SPDX-License-Identifier: MIT
 *
 * Which node has which key. A map never changes once it is made. Threads share it by counting
 * references. */
#ifndef REDIS_REDIS_MAP_H
#define REDIS_REDIS_MAP_H

#include "redis/redis_endpoint.h"
#include "redis/redis_node_id.h"
#include "redis/redis_slot.h"

#include <stdatomic.h>

#define REDIS_NODES_MAX 512 /* that take writes */
#define REDIS_NO_NODE   UINT16_MAX

struct redis_node {
    uint16_t number; /* for metrics: the same from map to map, and reused when the node is gone */
    struct redis_endpoint endpoint;
    char id[REDIS_NODE_ID_BYTES]; /* of a cluster; "": not known */
};

struct redis_map {
    atomic_uint references;
    bool is_sliced; /* a cluster; otherwise nodes[0] has all keys */
    uint16_t node_count;
    uint16_t node_of_slot[REDIS_SLOTS]; /* its index; REDIS_NO_NODE: nobody has it */
    struct redis_node nodes[];          /* of a cluster, some may have no slot yet */
};

/* One reference, which is the caller's. The nodes are all zero, and no slot has one. Any thread, as
 * for all below. */
struct redis_map *redis_map_new(uint16_t node_count);
struct redis_map *redis_map_keep(struct redis_map *map);
/* NULL is allowed. */
void redis_map_release(struct redis_map *map);

/* The index of the node that has the key, or REDIS_NO_NODE. */
uint16_t redis_map_find(const struct redis_map *map, struct text key);
/* The index of the node at this endpoint, or REDIS_NO_NODE. */
uint16_t redis_map_find_endpoint(const struct redis_map *map,
                                 const struct redis_endpoint *endpoint);

/* Numbers the nodes of a map that is being made: those that were in `before`, which may be NULL,
 * keep their numbers, and the others get the least free ones. */
void redis_map_number(struct redis_map *map, const struct redis_map *before);

/* Whether the same nodes, by address and id, have the same slots. */
bool redis_map_equal(const struct redis_map *a, const struct redis_map *b);

#endif
