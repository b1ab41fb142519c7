/* SPDX-License-Identifier: MIT
 *
 * From a redis_url to socket addresses without blocking the loop: paths and numeric addresses at
 * once, names through /etc/hosts and DNS by libevent's resolver. */
#ifndef REDIS_REDIS_RESOLVER_H
#define REDIS_REDIS_RESOLVER_H

#include "redis/redis_url.h"

#include <sys/socket.h>

#define REDIS_ADDRESSES_MAX 8

struct event_base;
struct redis_resolver;

struct redis_addresses {
    size_t count;
    struct redis_address {
        socklen_t length;
        struct sockaddr_storage at;
    } list[REDIS_ADDRESSES_MAX];
};

/* On the loop, never inside a function of the resolver. Without any address, `reason` says why. All
 * is borrowed for the call. */
typedef void redis_resolver_done_fn(void *context, const struct redis_addresses *addresses,
                                    const char *reason);

/* `url` is borrowed. No timer and no socket while nothing is asked. Never NULL. */
struct redis_resolver *redis_resolver_new(struct event_base *base, const struct redis_url *url,
                                          void *context, redis_resolver_done_fn *done);
void redis_resolver_free(struct redis_resolver *resolver);

/* `done` runs once, unless cancelled first. One question at a time. Not inside `done`. */
void redis_resolver_begin(struct redis_resolver *resolver);

/* Does nothing when nothing is asked. */
void redis_resolver_cancel(struct redis_resolver *resolver);

#endif
