/* SPDX-License-Identifier: MIT
 *
 * One Redis connection on a worker's event loop. It reconnects by itself.
 *
 * Phases: CONNECTING -> PREPARING (AUTH, SELECT, SCRIPT LOAD) -> READY -> BACKING_OFF ->
 * CONNECTING. Only READY takes calls. CONNECTING (see redis_connector.h) and PREPARING together
 * take at most 1 s. BACKING_OFF waits with full jitter, 50 ms doubling to 1 s.
 *
 * The time of a call begins when it is written. Before a call is judged, the replies that have come
 * are read, so that a worker that is itself late does not blame Redis. After its time a call is
 * LATE. Its reply, if it still comes, is REPLIED_LATE: what the command did may have to be counted.
 * If the reply cannot be that call's, a reply was lost or added on the way, and the ones behind it
 * would answer the wrong calls. The connection is replaced if for 1 s after a LATE call no call is
 * answered in time, nor all that are out late. A link that has heard nothing for at most 30 s
 * sends a PING, which is such a call, because firewalls and proxies forget an idle connection. So
 * the link also knows whether Redis is there before a caller asks.
 *
 * If Redis refuses the command SCRIPT LOAD or PING, for instance by an ACL, the log says so once,
 * and the link goes on without it. Each script must then be sent as a whole when Redis does not
 * know it. */
#ifndef REDIS_REDIS_LINK_H
#define REDIS_REDIS_LINK_H

#include "base/text.h"
#include "redis/redis_access.h"
#include "redis/redis_endpoint.h"

#include <hiredis/hiredis.h>

struct event_base;
struct redis_link;

enum redis_link_status {
    REDIS_LINK_REPLIED,      /* `reply` is set, and may be a Redis error */
    REDIS_LINK_LATE,         /* the deadline passed; REPLIED_LATE follows */
    REDIS_LINK_REPLIED_LATE, /* `reply` is set, or NULL if the connection ended first */
    REDIS_LINK_LOST          /* the connection ended first; the command may have run */
};

/* Runs exactly once per accepted call, and once more after LATE: on the link's loop or inside
 * redis_link_serve(), never inside redis_link_call(). `reply` is borrowed for the call. `done` may
 * make calls, but not free the link. */
typedef void redis_link_done_fn(void *context, enum redis_link_status status,
                                const redisReply *reply);

/* Calls were answered, given up or lost, and their `done` has run: there is room for more, or the
 * link is gone. Also runs for a reply that answers nobody, and when the link has become READY. It
 * runs where `done` may run, and may do what `done` may. */
typedef void redis_link_settled_fn(void *context);

struct redis_link_options {
    struct redis_endpoint endpoint;
    struct redis_access access;
    redis_link_settled_fn *settled; /* may be NULL */
    void *context;                  /* of `settled` */
    const struct text *scripts;     /* loaded in PREPARING; borrowed, live as long as the link */
    size_t script_count;
    int64_t ping_after_us; /* 0: 30 s */
};

/* Starts to connect in the next turn of `base`. Worker's thread, as for all below. Never NULL. */
struct redis_link *redis_link_new(struct event_base *base,
                                  const struct redis_link_options *options);

/* Every call that is still out gets LOST before this returns. Must not be called from a callback of
 * this link. */
void redis_link_free(struct redis_link *link);

/* From the next connection on the server must be this node of a cluster, see redis_access.h. */
void redis_link_expect(struct redis_link *link, const char id[static REDIS_NODE_ID_BYTES]);

bool redis_link_is_ready(const struct redis_link *link);

/* Its endpoint, for the log. */
const char *redis_link_where(const struct redis_link *link);

/* The reply that a call expects if there is no error: an array of so many integers, or one of
 * these. */
#define REDIS_LINK_AN_INTEGER 0
#define REDIS_LINK_ANYTHING   SIZE_MAX

/* Sends a command; what argv points to is copied. `integers` is how many the reply has.
 * `timeout_us` begins when the command is written, at the latest at the end of this turn of the
 * loop. False when the link is not READY: then `done` never runs. All calls of one turn leave in
 * one write, unless redis_link_serve() comes in between. */
MUST_USE bool redis_link_call(struct redis_link *link, int argc, const char *const argv[],
                              const size_t lengths[], size_t integers, int64_t timeout_us,
                              void *context, redis_link_done_fn *done);

/* To be called in the middle of a long turn of the loop: answers the calls whose reply has come,
 * and writes new calls. Must not be called from a `done`. */
void redis_link_serve(struct redis_link *link);

/* Replaces the connection, because a reply was impossible, and the next ones may belong to other
 * calls. Every call that is still out gets LOST before this returns. May be called in a `done`. */
void redis_link_distrust(struct redis_link *link, const char *reason);

/* How many accepted calls are not answered, lost or late yet. */
size_t redis_link_in_flight(const struct redis_link *link);
/* How many calls have had no reply yet: those, and the ones that were LATE. */
size_t redis_link_unanswered(const struct redis_link *link);

/* The least time that a call sent at `sent_us` has taken if it is answered now. Its reply may have
 * come while the worker had no time to look. */
int64_t redis_link_took_at_least_us(const struct redis_link *link, int64_t sent_us);

/* When the last reply to any call was read (clock_monotonic_us()). */
int64_t redis_link_heard_us(const struct redis_link *link);

#endif
