/* SPDX-License-Identifier: MIT
 *
 * What an error says of its call, and of the node that replied it. */
#ifndef STORE_NODE_ERROR_H
#define STORE_NODE_ERROR_H

#include "store_node.h"

/* Whether a cluster says that the call belongs to another node, or must come again. Then it has
 * been passed on, and is not the caller's any more. */
MUST_USE bool node_error_goes_astray(struct pending *pending, const redisReply *reply);

/* What any other error means for the call. Also doubts the topology, gives up a node that takes no
 * writes, and logs that a URL of a single server names a cluster. */
enum take_status node_error_read(struct pending *pending, const redisReply *reply);

#endif
