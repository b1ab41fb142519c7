/* SPDX-License-Identifier: MIT */
#include "epochs.h"

#include "support/cmocka.h"
#include "support/wait.h"

static long long epoch_of(struct redis_server *node);
static bool are_same(struct redis_cluster *cluster);

void epochs_await(struct redis_cluster *cluster)
{
    WAIT_FOR (60, are_same(cluster))
        ;
}

static bool are_same(struct redis_cluster *cluster)
{
    const long long first = epoch_of(redis_cluster_node(cluster, 0));
    bool same = true;

    for (size_t i = 1; i < redis_cluster_count(cluster); i++)
        same = same && epoch_of(redis_cluster_node(cluster, i)) == first;
    return same;
}

static long long epoch_of(struct redis_server *node)
{
    static const char name[] = "cluster_current_epoch:";
    const char *at = strstr(redis_server_command(node, "CLUSTER INFO")->str, name);

    assert_non_null(at);
    return strtoll(at + strlen(name), NULL, 10);
}
