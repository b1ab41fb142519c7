/* SPDX-License-Identifier: MIT
 *
 * A single server is where its URL says. */
#include "redis_finder.h"

#include "base/memory.h"

struct redis_finder {
    struct redis_endpoint endpoint;
};

static struct redis_finder *server_new(const struct redis_topology_options *options,
                                       const struct redis_access *access,
                                       struct redis_dialer *dialer)
{
    struct redis_finder *finder = MEMORY_NEW(struct redis_finder);

    (void)access;
    (void)dialer;
    finder->endpoint = options->url.hosts[0];
    return finder;
}

static struct redis_map *server_look(struct redis_finder *finder, struct error *error)
{
    struct redis_map *map = redis_map_new(1);

    (void)error;
    map->nodes[0].endpoint = finder->endpoint;
    return map;
}

static void server_free(struct redis_finder *finder)
{
    free(finder);
}

const struct redis_finder_kind redis_finder_server = {
    .is_fixed = true,
    .new = server_new,
    .look = server_look,
    .wait = redis_finder_wait,
    .free = server_free,
};
