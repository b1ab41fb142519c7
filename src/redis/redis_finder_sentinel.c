/* SPDX-License-Identifier: MIT
 *
 * A single server is where its URL says. */
#include "redis_finder.h"

#include "base/memory.h"

struct redis_finder {
    struct redis_endpoint endpoint;
};

static struct redis_finder *sentinel_new(const struct redis_topology_options *options,
                                         const struct redis_access *access,
                                         struct redis_dialer *dialer)
{
    struct redis_finder *finder = MEMORY_NEW(struct redis_finder);

    (void)access;
    (void)dialer;
    finder->endpoint = options->url.hosts[0];
    return finder;
}

static struct redis_map *sentinel_look(struct redis_finder *finder, struct error *error)
{
    struct redis_map *map = redis_map_new(1);

    (void)error;
    map->nodes[0].endpoint = finder->endpoint;
    return map;
}

static void sentinel_free(struct redis_finder *finder)
{
    free(finder);
}

const struct redis_finder_kind redis_finder_sentinel = {
    .is_fixed = true,
    .new = sentinel_new,
    .look = sentinel_look,
    .wait = redis_finder_wait,
    .free = sentinel_free,
};
