/* SPDX-License-Identifier: MIT */
#include "redis/redis_map.h"

#include "base/memory.h"

struct redis_map *redis_map_new(uint16_t node_count)
{
    const size_t bytes = sizeof(struct redis_map) + node_count * sizeof(struct redis_node);
    struct redis_map *map = memory_new(1, bytes);

    ASSERT(node_count <= REDIS_NODES_MAX);
    atomic_init(&map->references, 1);
    map->node_count = node_count;
    memset(map->node_of_slot, 0xff, sizeof(map->node_of_slot));
    return map;
}

struct redis_map *redis_map_keep(struct redis_map *map)
{
    (void)atomic_fetch_add_explicit(&map->references, 1, memory_order_relaxed);
    return map;
}

void redis_map_release(struct redis_map *map)
{
    if (map != NULL && atomic_fetch_sub_explicit(&map->references, 1, memory_order_acq_rel) == 1)
        free(map);
}

uint16_t redis_map_find(const struct redis_map *map, struct text key)
{
    if (map->is_sliced)
        return map->node_of_slot[redis_slot(key)];
    return map->node_count > 0 ? 0 : REDIS_NO_NODE;
}

uint16_t redis_map_find_endpoint(const struct redis_map *map, const struct redis_endpoint *endpoint)
{
    for (uint16_t i = 0; i < map->node_count; i++) {
        if (redis_endpoint_equal(&map->nodes[i].endpoint, endpoint))
            return i;
    }
    return REDIS_NO_NODE;
}

void redis_map_number(struct redis_map *map, const struct redis_map *before)
{
    bool is_taken[REDIS_NODES_MAX] = {0};
    uint16_t next = 0;

    for (uint16_t i = 0; i < map->node_count; i++) {
        struct redis_node *node = &map->nodes[i];
        const uint16_t index =
            before == NULL ? REDIS_NO_NODE : redis_map_find_endpoint(before, &node->endpoint);

        node->number = index == REDIS_NO_NODE ? REDIS_NO_NODE : before->nodes[index].number;
        if (index != REDIS_NO_NODE)
            is_taken[node->number] = true;
    }
    for (uint16_t i = 0; i < map->node_count; i++) {
        if (map->nodes[i].number != REDIS_NO_NODE)
            continue;
        while (is_taken[next])
            next++;
        map->nodes[i].number = next++;
    }
}

/* Their order is that of the answer that they come from, so another order is another map. */
bool redis_map_equal(const struct redis_map *a, const struct redis_map *b)
{
    if (a->is_sliced != b->is_sliced || a->node_count != b->node_count)
        return false;
    for (uint16_t i = 0; i < a->node_count; i++) {
        if (!redis_endpoint_equal(&a->nodes[i].endpoint, &b->nodes[i].endpoint) ||
            strcmp(a->nodes[i].id, b->nodes[i].id) != 0)
            return false;
    }
    return memcmp(a->node_of_slot, b->node_of_slot, sizeof(a->node_of_slot)) == 0;
}
