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

void finder_take_other_after(int64_t other_after_us)
{
    options.other_after_us = other_after_us;
}

struct redis_map *finder_look(struct error *error)
{
    return redis_finder_cluster.look(finder, error);
}

struct redis_endpoint finder_node(int slot)
{
    struct error error = {0};
    struct redis_map *map = finder_look(&error);
    struct redis_endpoint endpoint = {0};

    if (map == NULL)
        fail_msg("%s", error.message);
    if (map->node_of_slot[slot] != REDIS_NO_NODE)
        endpoint = map->nodes[map->node_of_slot[slot]].endpoint;
    redis_map_release(map);
    return endpoint;
}

int finder_port(int slot)
{
    return finder_node(slot).port;
}
