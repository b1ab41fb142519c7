/* SPDX-License-Identifier: MIT
 *
 * One connection of hiredis' asynchronous API on a worker's event loop. Only this module knows that
 * API. hiredis frees itself while it reads, and aborts on an answer that nobody asked for; the wire
 * turns all that into two plain events. */
#ifndef REDIS_REDIS_WIRE_H
#define REDIS_REDIS_WIRE_H

#include "base/error.h"

#include <hiredis/hiredis.h>

struct event_base;
struct redis_connection;
struct redis_tls;

/* What happens on the wire. Each event runs on the loop or inside redis_wire_serve(), and inside no
 * other function of the wire. It may call every function of the wire except redis_wire_serve(). */
struct redis_wire_events {
    /* All commands sent so far are now written to the socket. */
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
    uint64_t replies;                    /* how many have come so far */
    int64_t looked_us;                   /* when it last looked for replies, before this reading */
};

/* Closed. `base`, `events` and `context` are borrowed for as long as the wire lives. */
void redis_wire_init(struct redis_wire *wire, struct event_base *base,
                     const struct redis_wire_events *events, void *context);

/* Gives a closed wire a socket that does not block and is connected to `host`; with `tls`, if that
 * is not NULL. `lost` follows when the connection ends. False with an error: the wire stays closed,
 * and the socket is closed, too. */
MUST_USE bool redis_wire_open_give(struct redis_wire *wire, int fd, struct redis_tls *tls,
                                   const char *host, struct error *error);

/* Whether the handshake of TLS is still going on. */
bool redis_wire_is_beginning(const struct redis_wire *wire);

/* Sends a command; `lengths` may be NULL when argv are strings. All commands of one turn of the
 * loop leave in one write. The wire must be open. */
void redis_wire_send(struct redis_wire *wire, int argc, const char *const argv[],
                     const size_t lengths[]);

/* To be called between two turns of the loop: passes on the replies that have come, and writes what
 * was sent. */
void redis_wire_serve(struct redis_wire *wire);

/* Drops the connection and what was not written yet. A closed wire stays closed. */
void redis_wire_close(struct redis_wire *wire);

#endif
