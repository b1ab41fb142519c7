/* SPDX-License-Identifier: MIT
 *
 * The connection of a session (redis_session.h): blocks, but bounds every wait and the length of
 * every reply. After a failure it is closed. One thread owns it. */
#ifndef REDIS_REDIS_CHANNEL_H
#define REDIS_REDIS_CHANNEL_H

#include "base/duration.h"
#include "base/error.h"
#include "redis/redis_bounds.h"
#include "redis/redis_endpoint.h"

#include <hiredis/hiredis.h>

#define REDIS_CHANNEL_FOREVER INT64_MAX

struct redis_dialer;
struct redis_tls;

enum redis_channel_loss {
    REDIS_CHANNEL_BROKEN, /* by an error, or by the end of the connection */
    REDIS_CHANNEL_SILENT, /* it could not be opened, or nothing came in time */
    REDIS_CHANNEL_BEYOND  /* a reply was beyond the bounds */
};

/* It must stay where it is while it is open. */
struct redis_channel {
    redisContext *context; /* NULL: closed; commands are appended to it as hiredis does it */
    int timeout_ms;        /* of each wait */
    int64_t end_us;        /* when all waiting ends, by clock_monotonic_us(); then it still reads
                              what has come, for at most one more timeout */
    uint64_t received;     /* bytes, as hiredis got them */
    struct redis_bounds bounds;
    enum redis_channel_loss loss; /* what the last failure was */
};

/* Does not open it. There is no end of waiting yet. */
void redis_channel_init(struct redis_channel *channel, int timeout_ms);

/* All is borrowed for the call. `tls` may be NULL. A handshake goes on when something is
 * written. */
MUST_USE bool redis_channel_open(struct redis_channel *channel, struct redis_dialer *dialer,
                                 const struct redis_endpoint *endpoint, struct redis_tls *tls,
                                 struct error *error);

/* Sends what was appended. */
MUST_USE bool redis_channel_write(struct redis_channel *channel, struct error *error);

/* Reads the oldest reply, which is the caller's, after it has sent what was appended. One timeout
 * may pass before anything comes; then each further one must bring 4 KiB or the rest. So a reply
 * that comes byte by byte is given up soon, and a long one on a slow path is not. None takes more
 * than 31 timeouts. */
MUST_USE bool redis_channel_read(struct redis_channel *channel, redisReply **reply,
                                 struct error *error);

/* Like redis_channel_read(), but *reply is NULL when no whole one has come. */
MUST_USE bool redis_channel_hear(struct redis_channel *channel, redisReply **reply,
                                 struct error *error);

/* To be called while no reply is awaited: closes it if it has ended, or if something came that
 * nobody asked for, because each reply would then be taken for the next one's. Never waits. */
void redis_channel_close_if_stale(struct redis_channel *channel);

/* It may be closed already. */
void redis_channel_close(struct redis_channel *channel);

#endif
