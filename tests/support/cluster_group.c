/* SPDX-License-Identifier: MIT */
#include "support/cluster_group.h"

struct redis_cluster *cluster;

int cluster_group_open(void **state)
{
    if (redis_group_open(state) != 0)
        return -1;
    cluster = redis_cluster_start(2, 0);
    return 0;
}

int cluster_group_close(void **state)
{
    redis_cluster_stop(cluster);
    return redis_group_close(state);
}
