/* SPDX-License-Identifier: MIT
 *
 * Makes a connected socket from an endpoint, for links, and through redis_dialer.h for sessions.
 *
 * Every address of the name is tried in turn. After a refusal the next one is tried at once. A
 * silent address gets its share of the time that is left, which is divided evenly among the
 * addresses that are left. Each attempt resolves the name anew, and begins with the address after
 * the one that was tried last for this endpoint. So an address that accepts but is no Redis does
 * not block the others.
 *
 * On TCP the socket has TCP_NODELAY and keep-alive: an idle peer is probed after 30 s, and counts
 * as gone after three more probes in 15 s. TCP_USER_TIMEOUT is not set, because every call and
 * every reply has a shorter deadline. */
#ifndef REDIS_REDIS_CONNECTOR_H
#define REDIS_REDIS_CONNECTOR_H

#include "redis/redis_endpoint.h"

struct event_base;
struct redis_connector;

/* On the loop, never inside a function of the connector. `fd` is connected, does not block, and
 * belongs to the callee. Or it is -1, and `reason`, borrowed for the call, says why for each
 * address. */
typedef void redis_connector_done_fn(void *context, int fd, const char *reason);

/* `resolv_conf` (see redis_resolver.h) is borrowed. Never NULL. */
struct redis_connector *redis_connector_new(struct event_base *base, const char *resolv_conf,
                                            void *context, redis_connector_done_fn *done);
void redis_connector_free(struct redis_connector *connector);

/* `done` runs once, at the latest at `deadline_us` of clock_monotonic_us(), unless it is cancelled
 * before. One attempt at a time. Must not be called inside `done`. */
void redis_connector_begin(struct redis_connector *connector, const struct redis_endpoint *endpoint,
                           int64_t deadline_us);

/* The last connection is a usable Redis, so the next attempt at its endpoint begins with the first
 * address. */
void redis_connector_trust(struct redis_connector *connector);

/* Does nothing when no attempt is under way. */
void redis_connector_cancel(struct redis_connector *connector);

#endif
