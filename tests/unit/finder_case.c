/* SPDX-License-Identifier: MIT */
#include "finder_case.h"

#include "redis/redis_resolver.h"
#include "support/cmocka.h"

static struct redis_topology_options options;
static struct redis_access access_to;
static struct redis_dialer *dialer;
static struct redis_finder *finder;

int finder_end(void **state)
{
    (void)state;

    if (finder != NULL)
        redis_finder_cluster.free(finder);
    finder = NULL;
    redis_dialer_free(dialer);
    dialer = NULL;
    return 0;
}

void finder_begin(const char *url)
{
    struct error error = {0};

    (void)finder_end(NULL);
    options = (struct redis_topology_options){0};
    assert_true(redis_url_parse(text_of(url), &options.url, &error));
    access_to = (struct redis_access){.login = options.url.login};
    dialer = redis_dialer_new(REDIS_RESOLVER_CONF);
    finder = redis_finder_cluster.new(&options, &access_to, dialer);
}

struct redis_map *finder_look(struct error *error)
{
    return redis_finder_cluster.look(finder, error);
}

int finder_port(int slot)
{
    struct error error = {0};
    struct redis_map *map = finder_look(&error);

    if (map == NULL)
        fail_msg("%s", error.message);
    const uint16_t node = map->node_of_slot[slot];
    const int port = node == REDIS_NO_NODE ? 0 : map->nodes[node].endpoint.port;
    redis_map_release(map);
    return port;
}
