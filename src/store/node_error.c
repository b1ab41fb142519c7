/* SPDX-License-Identifier: MIT */
#include "node_error.h"

#include "base/clock.h"
#include "base/log.h"

static void tell_cluster(const struct store_node *node);

void node_error_note(struct store_node *node, enum redis_redirect_kind kind, struct text code)
{
    struct store_node_share *share = node->share;

    if (kind != REDIS_NO_REDIRECT)
        redis_topology_doubt(share->topology, "a node has not the slot");
    if (!share->is_sliced && (kind != REDIS_NO_REDIRECT || text_equal(code, TEXT("CROSSSLOT"))))
        tell_cluster(node);
    /* A single server that is a replica may become the master, and then its breaker closes. */
    if (text_equal(code, TEXT("READONLY")) && !redis_topology_is_fixed(share->topology)) {
        redis_topology_doubt(share->topology, "a node takes no writes");
        node->is_read_only = true;
    }
}

/* Each node of it has only a part of the keys. */
static void tell_cluster(const struct store_node *node)
{
    static const char cluster[] = "this redis is a cluster: write redis-cluster://";
    char where[REDIS_ENDPOINT_BYTES];

    redis_endpoint_write(&node->endpoint, where);
    if (redis_complaints_allow(&node->share->complaints, cluster, clock_monotonic_us()))
        log_write(LOG_WARN, cluster, LOG_STRING("redis", where));
}
