/* SPDX-License-Identifier: MIT */
#include "store/probe.h"

#include "base/duration.h"
#include "store/take_script.h"

/* A node with one slot is missed once in fifty times. */
#define TRIES_MAX (4 * REDIS_SLOTS)

static bool has_slots(const struct redis_map *map, uint16_t node);

struct operation probe_operation(const struct digest *tag, int64_t now_us)
{
    static const struct limit limit = {
        .name = "default",
        .algorithm = ALGORITHM_FIXED_WINDOW,
        .quota = LIMIT_QUOTA_MAX,
        .window_us = SECOND_US,
        .burst = LIMIT_QUOTA_MAX,
    };

    return (struct operation){
        .kind = OPERATION_TAKE,
        .tag = *tag,
        .set_count = 1,
        .sets = {*tag},
        .limit_count = 1,
        .limits = &limit,
        .costs = {1},
        .now_us = now_us,
    };
}

/* The digests are the same in each process, so all probe the same key. Without slots it is that of
 * zeroes. */
bool probe_find_tag(const struct redis_map *map, uint16_t node, struct digest *tag)
{
    *tag = (struct digest){0};
    if (!map->is_sliced)
        return true;
    if (!has_slots(map, node))
        return false;
    for (uint64_t i = 0; i < TRIES_MAX; i++) {
        const uint64_t spread = i * UINT64_C(0x9e3779b97f4a7c15);

        memcpy(tag->bytes, &spread, sizeof(spread));
        if (map->node_of_slot[take_script_slot(tag)] == node)
            return true;
    }
    return false;
}

static bool has_slots(const struct redis_map *map, uint16_t node)
{
    for (size_t slot = 0; slot < REDIS_SLOTS; slot++) {
        if (map->node_of_slot[slot] == node)
            return true;
    }
    return false;
}
