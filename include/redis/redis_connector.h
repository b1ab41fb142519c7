/* SPDX-License-Identifier: MIT
 *
 * From a redis_url to a connected socket, for links and, by way of redis_dialer.h,
 * for sessions.
 *
 * Every address of the name is tried in turn. One that refuses gives way to the next at once; one
 * that is silent gets its share of the time that is left, which is divided evenly among the
 * addresses that are left. Each attempt resolves the name anew, and begins with the address after
 * the one that was tried last: one that accepts and is no Redis does not keep the others from their
 * turn.
 *
 * On TCP the socket has TCP_NODELAY and keep-alive: an idle peer is asked after 30 s, and is gone
 * after three more questions in 15 s. No unacknowledged data is bounded (TCP_USER_TIMEOUT), because
 * every call and every reply has a shorter deadline. */
#ifndef REDIS_REDIS_CONNECTOR_H
#define REDIS_REDIS_CONNECTOR_H

#include "redis/redis_url.h"

struct event_base;
struct redis_connector;

/* On the loop, never inside a function of the connector. `fd` is connected, does not block, and is
 * the callee's; or it is -1, and `reason`, borrowed for the call, says why of each address. */
typedef void redis_connector_done_fn(void *context, int fd, const char *reason);

/* `url` and `resolv_conf` (see redis_resolver.h) are borrowed. Never NULL. */
struct redis_connector *redis_connector_new(struct event_base *base, const struct redis_url *url,
                                            const char *resolv_conf, void *context,
                                            redis_connector_done_fn *done);
void redis_connector_free(struct redis_connector *connector);

/* `done` runs once, at `deadline_us` of clock_monotonic_us() at the latest, unless cancelled first.
 * One attempt at a time. Not inside `done`. */
void redis_connector_begin(struct redis_connector *connector, int64_t deadline_us);

/* What was connected last is a Redis of use: the next attempt begins with the first address. */
void redis_connector_trust(struct redis_connector *connector);

/* Does nothing when no attempt is made. */
void redis_connector_cancel(struct redis_connector *connector);

#endif
