/* SPDX-License-Identifier: MIT
 *
 * The nodes of a store, by the present map of the topology. When the map changes, nodes that stay
 * keep their connections and what is known of them, new ones connect, and the others leave. A call
 * that a cluster sends elsewhere is followed here. Worker's thread. */
#ifndef STORE_STORE_NODES_H
#define STORE_STORE_NODES_H

#include "store_node.h"
#include "store_strays.h"

/* The owner's storage; the members are the nodes' own. */
struct store_nodes {
    struct store_node_share share;
    struct redis_map *map;
    struct store_node **all; /* by their index in the map */
    LIST_HEAD(, store_node) leaving;
    struct event *sweep; /* pending while a node leaves */
    struct store_strays strays;
    struct redis_watcher watcher;
    struct event *news; /* NULL: the map never changes */
};

void store_nodes_init(struct store_nodes *nodes, struct event_base *base,
                      const struct store_redis_options *options);
/* Calls that are still out are answered with TAKE_DOWN before this returns. */
void store_nodes_close(struct store_nodes *nodes);

/* The node that has the operation's keys; NULL: nobody has them. */
struct store_node *store_nodes_find(const struct store_nodes *nodes,
                                    const struct operation *operation);

#endif
