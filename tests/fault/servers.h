/* SPDX-License-Identifier: MIT
 *
 * The servers that a fault hits, all at once: a single Redis, the master that sentinels name, or
 * all masters of a cluster. The service reaches them directly, or through one fault proxy before
 * each. Sentinels are never hit. Main thread only. */
#ifndef FAULT_SERVERS_H
#define FAULT_SERVERS_H

#include "support/fault_proxy.h"
#include "support/world.h"

#define SERVERS_MAX 3

struct servers {
    struct world *world;
    size_t count;
    struct redis_server *list[SERVERS_MAX];
    struct fault_proxy *proxies[SERVERS_MAX]; /* NULL: none is on the way */
    char proxy_url[REDIS_SERVER_URL_BYTES];
};

/* `seed` is for damage on the way. */
void servers_open(struct servers *servers, struct world *world, bool through_proxies,
                  uint64_t seed);
void servers_close(struct servers *servers);

/* Where the service finds them. Valid as long as they are. */
const char *servers_url(const struct servers *servers);

/* What the proxies do from now on. */
void servers_set_network(struct servers *servers, enum fault_proxy_mode mode, int delay_ms);

/* Like the functions of redis_server.h, with each of them. */
void servers_kill(struct servers *servers);
void servers_restart(struct servers *servers);
void servers_pause(struct servers *servers);
void servers_continue(struct servers *servers);
void servers_command(struct servers *servers, const char *format, ...);

/* Waits until the nodes of a cluster are well again, which may have lost each other. */
void servers_settle(struct servers *servers);

#endif
