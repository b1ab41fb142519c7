/* SPDX-License-Identifier: MIT
 *
 * What an error says of the node that replied it, beside what it says of the call. */
#ifndef STORE_NODE_ERROR_H
#define STORE_NODE_ERROR_H

#include "store_node.h"

/* Doubts the topology, gives up a node that takes no writes, and logs that a URL of a single server
 * names a cluster. */
void node_error_note(struct store_node *node, enum redis_redirect_kind kind, struct text error);

#endif
