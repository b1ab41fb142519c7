/* SPDX-License-Identifier: MIT
 *
 * Finds the socket addresses of an endpoint without blocking the loop: paths and numeric addresses
 * at once, names through /etc/hosts and DNS by libevent's resolver. Nothing is cached: each look-up
 * reads the files and asks the name servers anew, because a failover may move a name. */
#ifndef REDIS_REDIS_RESOLVER_H
#define REDIS_REDIS_RESOLVER_H

#include "redis/redis_endpoint.h"

#include <sys/socket.h>

/* libevent takes 32 of each family from an answer. */
#define REDIS_ADDRESSES_MAX 64

/* The machine's list of name servers. A server in it may have a port: 127.0.0.1:5353. */
#define REDIS_RESOLVER_CONF "/etc/resolv.conf"

struct event_base;
struct redis_resolver;

/* Each family is in the name server's order. The two families alternate, so that a family that
 * cannot be reached delays the other by only one address at a time. */
struct redis_addresses {
    size_t count;
    struct redis_address {
        socklen_t length;
        struct sockaddr_storage at;
    } list[REDIS_ADDRESSES_MAX];
};

/* On the loop, never inside a function of the resolver. If there is no address, `reason` says why.
 * All is borrowed for the call. */
typedef void redis_resolver_done_fn(void *context, const struct redis_addresses *addresses,
                                    const char *reason);

/* `resolv_conf`, a path, is borrowed. Has no timer and no socket while there is no look-up. Never
 * NULL. */
struct redis_resolver *redis_resolver_new(struct event_base *base, const char *resolv_conf,
                                          void *context, redis_resolver_done_fn *done);
/* A look-up that is under way is freed in the next turn of the loop. */
void redis_resolver_free(struct redis_resolver *resolver);

/* `done` runs once, unless it is cancelled before. One look-up at a time. Must not be called inside
 * `done`. */
void redis_resolver_begin(struct redis_resolver *resolver, const struct redis_endpoint *endpoint);

/* Does nothing when there is no look-up. */
void redis_resolver_cancel(struct redis_resolver *resolver);

#endif
