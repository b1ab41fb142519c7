/* SPDX-License-Identifier: MIT */
#include "topology_double.h"

#include "base/memory.h"

#include <pthread.h>
#include <stdatomic.h>

struct redis_topology {
    struct redis_access access;
    struct redis_map *map;
    _Atomic(uint64_t) version;
    atomic_int doubts;
};

static struct redis_topology last;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of its map */

static struct redis_map *map_at(size_t count, const int ports[]);
static void map_give(struct redis_map *map);

void topology_double_be_single(int port)
{
    map_give(map_at(1, &port));
}

void topology_double_be_sliced(size_t count, const int ports[])
{
    struct redis_map *map = map_at(count, ports);

    map->is_sliced = true;
    for (size_t i = 0; i < REDIS_SLOTS; i++)
        map->node_of_slot[i] = (uint16_t)(i * count / REDIS_SLOTS);
    map_give(map);
}

void topology_double_give_slot(int slot, uint16_t index)
{
    struct redis_map *map = redis_map_new(last.map->node_count);

    map->is_sliced = last.map->is_sliced;
    memcpy(map->node_of_slot, last.map->node_of_slot, sizeof(map->node_of_slot));
    memcpy(map->nodes, last.map->nodes, map->node_count * sizeof(*map->nodes));
    map->node_of_slot[slot] = index;
    map_give(map);
}

int topology_double_doubts(void)
{
    return atomic_load(&last.doubts);
}

struct redis_topology *redis_topology_new(const struct redis_topology_options *options)
{
    last.access.login = options->url.login;
    if (last.map == NULL)
        topology_double_be_single(options->url.hosts[0].port);
    return &last;
}

const struct redis_access *redis_topology_access(const struct redis_topology *topology)
{
    return &topology->access;
}

struct redis_map *redis_topology_map(struct redis_topology *topology)
{
    (void)pthread_mutex_lock(&lock);
    struct redis_map *map = redis_map_keep(topology->map);
    (void)pthread_mutex_unlock(&lock);
    return map;
}

uint64_t redis_topology_version(const struct redis_topology *topology)
{
    return atomic_load(&topology->version);
}

void redis_topology_doubt(struct redis_topology *topology, const char *reason)
{
    ASSERT(reason != NULL);
    (void)atomic_fetch_add(&topology->doubts, 1);
}

static struct redis_map *map_at(size_t count, const int ports[])
{
    struct redis_map *map = redis_map_new((uint16_t)count);

    for (size_t i = 0; i < count; i++)
        map->nodes[i].endpoint = (struct redis_endpoint){.host = "127.0.0.1", .port = ports[i]};
    return map;
}

static void map_give(struct redis_map *map)
{
    (void)pthread_mutex_lock(&lock);
    redis_map_release(last.map);
    last.map = map;
    (void)pthread_mutex_unlock(&lock);
    (void)atomic_fetch_add(&last.version, 1);
    atomic_store(&last.doubts, 0);
}
