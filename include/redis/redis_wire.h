/* SPDX-License-Identifier: MIT
 *
 * One connection of hiredis' asynchronous API on a worker's event loop; its file alone knows that
 * API. What hiredis does when it reads and frees itself (and that it aborts on an answer nobody
 * asked for) is turned here into two plain events. */
#ifndef REDIS_REDIS_WIRE_H
#define REDIS_REDIS_WIRE_H

#include "base/prelude.h"

#include <hiredis/hiredis.h>

struct event_base;
struct redis_connection;

/* What happens on the wire. Each runs on the loop, or inside redis_wire_serve(), and inside no
 * other function of the wire; each may call any of them but that one. */
struct redis_wire_events {
    /* All that was sent until now is being given to the socket. */
    void (*written)(void *context);
    /* `reply` is borrowed for the call. */
    void (*replied)(void *context, const redisReply *reply);
    /* The connection is over, and the wire is closed. `reason` is borrowed for the call. */
    void (*lost)(void *context, const char *reason);
};

/* The owner's storage; the members are the wire's own. */
struct redis_wire {
    struct event_base *base;
    const struct redis_wire_events *events;
    void *context;
    struct redis_connection *connection; /* NULL: closed */
    uint64_t replies;                    /* that have come so far */
    int64_t looked_us;                   /* for more, until then, before what is read now */
};

/* Closed. `base`, `events` and `context` are borrowed as long as the wire lives. */
void redis_wire_init(struct redis_wire *wire, struct event_base *base,
                     const struct redis_wire_events *events, void *context);

/* A closed wire takes a connected socket that does not block; `lost` follows some day. */
void redis_wire_open_give(struct redis_wire *wire, int fd);

/* Sends a command; `lengths` may be NULL when argv are strings. All commands of one turn of the
 * loop leave in one write. The wire must be open. */
void redis_wire_send(struct redis_wire *wire, int argc, const char *const argv[],
                     const size_t lengths[]);

/* Between two turns of the loop: hands on the replies that have come, and writes what was sent. */
void redis_wire_serve(struct redis_wire *wire);

/* Drops the connection and what was not yet written. A closed wire stays closed. */
void redis_wire_close(struct redis_wire *wire);

#endif
