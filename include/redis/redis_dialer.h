/* SPDX-License-Identifier: MIT
 *
 * A redis_connector that blocks, on a loop of its own. The loop is made once and kept, so an
 * attempt needs descriptors only for its sockets. If there is none, the attempt fails like any
 * other. One thread at a time. */
#ifndef REDIS_REDIS_DIALER_H
#define REDIS_REDIS_DIALER_H

#include "base/error.h"
#include "redis/redis_endpoint.h"

struct redis_dialer;

/* `resolv_conf` (see redis_resolver.h) is borrowed. libevent ends the process when there is no
 * descriptor for the loop, so make the dialer while the service starts. Never NULL. */
struct redis_dialer *redis_dialer_new(const char *resolv_conf);
void redis_dialer_free(struct redis_dialer *dialer);

/* Blocks for at most `timeout_ms`. Returns a connected socket, which belongs to the caller and
 * does not block, or -1 with `error` set. */
MUST_USE int redis_dialer_dial(struct redis_dialer *dialer, const struct redis_endpoint *endpoint,
                               int timeout_ms, struct error *error);

/* See redis_connector_trust(). */
void redis_dialer_trust(struct redis_dialer *dialer);

#endif
