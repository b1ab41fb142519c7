/* SPDX-License-Identifier: MIT */
#include "topology_case.h"

#include "base/clock.h"
#include "support/cmocka.h"

#define STOP_US   (2 * SECOND_US)
#define URL_BYTES 128

int topology_open_sentinels(void **state)
{
    if (redis_group_prepare(state) != 0)
        return -1;
    *state = redis_sentinels_start(NULL);
    return 0;
}

int topology_close_sentinels(void **state)
{
    redis_sentinels_stop(*state);
    return redis_group_close(state);
}

struct redis_topology *topology_to(const char *url)
{
    return topology_as(url, "", "");
}

struct redis_topology *topology_as(const char *url, const char *user, const char *password)
{
    struct redis_topology_options options = {0};
    struct redis_login *login = &options.sentinel_login;
    struct error error = {0};

    assert_true(redis_url_parse(text_of(url), &options.url, &error));
    (void)snprintf(login->user, sizeof(login->user), "%s", user);
    (void)snprintf(login->password, sizeof(login->password), "%s", password);
    return redis_topology_new(&options);
}

struct redis_topology *topology_started(const char *url)
{
    struct redis_topology *topology = topology_to(url);

    redis_topology_start(topology);
    return topology;
}

struct redis_topology *topology_to_sentinel(int port)
{
    char url[URL_BYTES];

    (void)snprintf(url, sizeof(url), "redis-sentinel://127.0.0.1:%d/" REDIS_SENTINELS_MASTER, port);
    return topology_to(url);
}

struct redis_topology *topology_to_sentinels(int first, int second, const char *master)
{
    char url[URL_BYTES];

    (void)snprintf(url, sizeof(url), "redis-sentinel://127.0.0.1:%d,127.0.0.1:%d/%s", first, second,
                   master);
    return topology_to(url);
}

void topology_end(struct redis_topology *topology)
{
    assert_true(redis_topology_stop(topology, clock_monotonic_us() + STOP_US));
    redis_topology_free(topology);
}

int topology_port(struct redis_topology *topology)
{
    struct redis_map *map = redis_topology_map(topology);
    const int port = map->node_count == 0 ? 0 : map->nodes[0].endpoint.port;

    assert_true(map->node_count <= 1);
    redis_map_release(map);
    return port;
}

bool topology_names(struct redis_topology *topology, struct redis_sentinels *sentinels,
                    size_t index)
{
    return topology_port(topology) == redis_server_port(redis_sentinels_server(sentinels, index));
}

void topology_wait_until_it_names(struct redis_topology *topology,
                                  struct redis_sentinels *sentinels, size_t index)
{
    WAIT_FOR (TOPOLOGY_WAIT_SECONDS, topology_names(topology, sentinels, index))
        ;
}

void topology_words_naming(const struct redis_server *master, char words[TOPOLOGY_WORDS_BYTES])
{
    char port[16];
    const int digits = snprintf(port, sizeof(port), "%d", redis_server_port(master));

    (void)snprintf(words, TOPOLOGY_WORDS_BYTES,
                   "+PONG\r\n*0\r\n*2\r\n$9\r\n127.0.0.1\r\n$%d\r\n%s\r\n*0\r\n", digits, port);
}
