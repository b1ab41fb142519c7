/* SPDX-License-Identifier: MIT */
#include "redis_pair.h"

#include "support/redis_cluster.h"
#include "support/topologies.h"

static struct redis_topology *topologies[2];

static int run_on_server(int (*run)(void));
static int run_on_cluster(int (*run)(void));

int redis_pair_run(int (*run)(void))
{
    if (redis_group_open(NULL) != 0)
        return EXIT_FAILURE;
    const int failed = run_on_server(run) + run_on_cluster(run);
    (void)redis_group_close(NULL);
    return failed;
}

int redis_pair_open(void **state)
{
    static struct catalogue_pair pair;

    (void)redis_group_empty(state);
    pair = (struct catalogue_pair){.one = catalogue_redis_new(topologies[0]),
                                   .other = catalogue_redis_new(topologies[1])};
    *state = &pair;
    return 0;
}

int redis_pair_close(void **state)
{
    struct catalogue_pair *pair = *state;

    pair->one->operations->free(pair->one);
    pair->other->operations->free(pair->other);
    return 0;
}

static int run_on_server(int (*run)(void))
{
    topologies[0] = topology_at(redis_server_unix_url(server));
    topologies[1] = topology_at(redis_server_tcp_url(server));
    return run();
}

/* No thread looks for the nodes, which stay. */
static int run_on_cluster(int (*run)(void))
{
    struct redis_server *single = server;
    struct redis_cluster *cluster = redis_cluster_start(2, 0);
    const int slot = redis_cluster_slot(cluster, "{catalogue}");
    struct error error = {0};

    server = redis_cluster_node(cluster, redis_cluster_owner(cluster, slot));
    for (size_t i = 0; i < ARRAY_COUNT(topologies); i++)
        topologies[i] = topology_at(redis_cluster_url(cluster));
    int failed = redis_topology_look(topologies[0], &error) ? run() : 1;
    redis_cluster_stop(cluster);
    server = single;
    return failed;
}
