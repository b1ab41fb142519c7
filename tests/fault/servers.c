/* SPDX-License-Identifier: MIT */
#include "servers.h"

#include "support/cmocka.h"

static void add(struct servers *servers, struct redis_server *server);
static void lead_through_proxies(struct servers *servers);

void servers_open(struct servers *servers, struct world *world, bool through_proxies, uint64_t seed)
{
    *servers = (struct servers){.world = world};
    if (world->redis != NULL)
        add(servers, world->redis);
    if (world->sentinels != NULL)
        add(servers, redis_sentinels_server(world->sentinels, 0));
    for (size_t i = 0; world->cluster != NULL && i < redis_cluster_count(world->cluster); i++)
        add(servers, redis_cluster_node(world->cluster, i));
    for (size_t i = 0; through_proxies && i < servers->count; i++) {
        const struct fault_proxy_options options = {.port = redis_server_port(servers->list[i]),
                                                    .seed = seed + i};
        servers->proxies[i] = fault_proxy_start(&options);
    }
    if (through_proxies)
        lead_through_proxies(servers);
    else if (world->sentinels != NULL)
        redis_sentinels_pin(world->sentinels, redis_server_port(servers->list[0]));
}

static void add(struct servers *servers, struct redis_server *server)
{
    ASSERT(servers->count < SERVERS_MAX);
    servers->list[servers->count++] = server;
}

/* A cluster's own bus has its own ports, so its nodes do not suffer. */
static void lead_through_proxies(struct servers *servers)
{
    const struct world *world = servers->world;
    int ports[SERVERS_MAX];

    for (size_t i = 0; i < servers->count; i++)
        ports[i] = fault_proxy_port(servers->proxies[i]);
    if (world->redis != NULL)
        redis_server_write_url(world->redis, ports[0], servers->proxy_url);
    if (world->sentinels != NULL)
        redis_sentinels_pin(world->sentinels, ports[0]);
    if (world->cluster != NULL)
        redis_cluster_announce(world->cluster, ports);
}

void servers_close(struct servers *servers)
{
    for (size_t i = 0; i < servers->count; i++)
        fault_proxy_stop(servers->proxies[i]);
    *servers = (struct servers){0};
}

const char *servers_url(const struct servers *servers)
{
    return servers->proxy_url[0] == '\0' ? servers->world->redis_url : servers->proxy_url;
}

void servers_set_network(struct servers *servers, enum fault_proxy_mode mode, int delay_ms)
{
    for (size_t i = 0; i < servers->count; i++)
        fault_proxy_set(servers->proxies[i], mode, delay_ms);
}

void servers_kill(struct servers *servers)
{
    for (size_t i = 0; i < servers->count; i++)
        redis_server_kill(servers->list[i]);
}

void servers_restart(struct servers *servers)
{
    for (size_t i = 0; i < servers->count; i++)
        redis_server_restart(servers->list[i]);
}

void servers_pause(struct servers *servers)
{
    for (size_t i = 0; i < servers->count; i++)
        redis_server_pause(servers->list[i]);
}

void servers_continue(struct servers *servers)
{
    for (size_t i = 0; i < servers->count; i++)
        redis_server_continue(servers->list[i]);
}

void servers_command(struct servers *servers, const char *format, ...)
{
    for (size_t i = 0; i < servers->count; i++) {
        va_list arguments;

        va_start(arguments, format);
        (void)redis_server_command_list(servers->list[i], format, arguments);
        va_end(arguments);
    }
}

void servers_settle(struct servers *servers)
{
    if (servers->world->cluster != NULL)
        redis_cluster_settle(servers->world->cluster);
}
