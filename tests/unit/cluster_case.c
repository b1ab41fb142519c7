/* SPDX-License-Identifier: MIT */
#include "cluster_case.h"

#include "store/take_script.h"
#include "support/topologies.h"

static struct redis_topology *topology(void);

void cluster_look(void)
{
    struct error error;

    assert_true(redis_topology_look(topology(), &error));
}

bool cluster_knows_nodes(uint16_t count)
{
    cluster_look();
    struct redis_map *map = redis_topology_map(topology());
    const bool knows = map->node_count == count;
    redis_map_release(map);
    return knows;
}

struct store *cluster_store(int64_t timeout_us)
{
    cluster_look();
    struct store *store = asker_store_at(redis_cluster_url(cluster), timeout_us);
    TURN_UNTIL(store_has_started(store) && store_health(store).links_connected == 2);
    return store;
}

struct redis_server *cluster_node(size_t number)
{
    return redis_cluster_node(cluster, number);
}

int cluster_slot(int64_t subject)
{
    const struct digest tag = one_set_digest(subject);

    return take_script_slot(&tag);
}

int64_t cluster_subject_at(size_t node, int64_t from)
{
    while (redis_cluster_owner(cluster, cluster_slot(from)) != node)
        from++;
    return from;
}

size_t cluster_errors_told(const char *code)
{
    char stat[64];
    size_t told = 0;

    (void)snprintf(stat, sizeof(stat), "errorstat_%s:count=", code);
    for (size_t i = 0; i < 2; i++) {
        const char *found =
            strstr(redis_server_command(cluster_node(i), "INFO errorstats")->str, stat);
        if (found != NULL)
            told += strtoul(found + strlen(stat), NULL, 10);
    }
    return told;
}

static struct redis_topology *topology(void)
{
    return topology_at(redis_cluster_url(cluster));
}
