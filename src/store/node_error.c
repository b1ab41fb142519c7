/* SPDX-License-Identifier: MIT */
#include "node_error.h"

#include "redis/redis_error.h"

void node_error_note(struct store_node *node, enum redis_redirect_kind kind, struct text error)
{
    struct store_node_share *share = node->share;

    if (kind != REDIS_NO_REDIRECT)
        redis_topology_doubt(share->topology, "a node has not the slot");
    if (!share->is_sliced)
        redis_redirect_tell_cluster(error, &node->endpoint, &share->complaints);
    /* A single server that is a replica may become the master, and then its breaker closes. */
    if (text_equal(redis_error_code(error), TEXT("READONLY")) &&
        !redis_topology_is_fixed(share->topology)) {
        redis_topology_doubt(share->topology, "a node takes no writes");
        node->is_read_only = true;
    }
}
