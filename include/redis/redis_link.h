/* SPDX-License-Identifier: MIT
 *
 * One Redis connection on a worker's event loop, which mends itself.
 *
 * Phases: CONNECTING -> PREPARING (AUTH, SELECT, SCRIPT LOAD) -> READY -> BACKING_OFF ->
 * CONNECTING. Only READY takes calls. CONNECTING (see redis_connector.h) and PREPARING together
 * take 1 s at most. Backing off waits with full jitter, 50 ms doubling to 1 s.
 *
 * Every call has so much time from when it is written, and what has come by then is read before it
 * is judged: a worker that is late itself does not blame Redis. Past its time a call is LATE, and
 * the reply, should it come after all, answers nobody. It is looked at nevertheless: if it is none
 * of that call, one has been lost or added on the way, and those behind it would answer the wrong
 * calls. When for 1 s after that no call is answered in time, nor all that are out late, the
 * connection is replaced. A link that has heard nothing for 30 s at most sends a PING, which is
 * such a call: firewalls and proxies forget an idle connection, and whether Redis is there is known
 * before somebody asks.
 *
 * A Redis that refuses SCRIPT LOAD or PING as a command, by an ACL for instance, is told of in the
 * log, once, and does without. Each script is then to be sent whole when Redis does not know it. */
#ifndef REDIS_REDIS_LINK_H
#define REDIS_REDIS_LINK_H

#include "base/text.h"
#include "redis/redis_url.h"

#include <hiredis/hiredis.h>

struct event_base;
struct redis_link;

enum redis_link_status {
    REDIS_LINK_REPLIED, /* `reply` is set, and may be a Redis error */
    REDIS_LINK_LATE,    /* the deadline passed; whatever comes is dropped */
    REDIS_LINK_LOST     /* the connection ended first; the command may have run */
};

/* Runs exactly once per accepted call, on the link's loop or inside redis_link_serve(), never
 * inside redis_link_call(). `reply` is borrowed for the call and NULL unless REPLIED. It may call
 * again, but not free the link. */
typedef void redis_link_done_fn(void *context, enum redis_link_status status,
                                const redisReply *reply);

/* Calls have been answered, given up or lost, and their `done` has run: there is room for more, or
 * no link any more. Runs also for a reply that answers nobody, and where `done` may run; may do
 * what that may. */
typedef void redis_link_settled_fn(void *context);

struct redis_link_options {
    struct redis_url url;
    redis_link_settled_fn *settled; /* NULL: nobody listens */
    void *context;                  /* of `settled` */
    const struct text *scripts;     /* loaded in PREPARING; borrowed, live as long as the link */
    size_t script_count;
    int64_t ping_after_us; /* 0: 30 s */
};

/* Starts connecting on the next turn of `base`. Worker's thread, as all below. Never NULL. */
struct redis_link *redis_link_new(struct event_base *base,
                                  const struct redis_link_options *options);

/* Every call still out gets LOST before this returns. Not from a callback of the loop. */
void redis_link_free(struct redis_link *link);

bool redis_link_is_ready(const struct redis_link *link);

/* What answers a call, unless it is an error: an array of so many integers, or one of these. */
#define REDIS_LINK_AN_INTEGER 0
#define REDIS_LINK_ANYTHING   SIZE_MAX

/* Sends a command; what argv points to is copied. `integers` is what replies to it have.
 * `timeout_us` begins when it is written: at the latest when the present turn of the loop is over.
 * False when the link is not READY: `done` never runs. All calls of one turn leave in one write,
 * unless the link is served between. */
MUST_USE bool redis_link_call(struct redis_link *link, int argc, const char *const argv[],
                              const size_t lengths[], size_t integers, int64_t timeout_us,
                              void *context, redis_link_done_fn *done);

/* In the middle of a long turn of the loop: answers the calls whose reply has come, and writes
 * those that were made. Not from a `done`. */
void redis_link_serve(struct redis_link *link);

/* What came makes no sense, so what comes next may be meant for other calls: replaces the
 * connection. Every call still out gets LOST before this returns. May be called in a `done`. */
void redis_link_distrust(struct redis_link *link, const char *reason);

/* Calls accepted whose `done` has not run. */
size_t redis_link_in_flight(const struct redis_link *link);
/* Calls whose reply has not come: those, and the ones that were LATE. */
size_t redis_link_unanswered(const struct redis_link *link);

/* What a call that was sent at `sent_us` has taken at least when it is answered now: its reply may
 * have come as soon as the worker had no time to look any more. */
int64_t redis_link_took_at_least_us(const struct redis_link *link, int64_t sent_us);

/* When the last reply was read, whoever it was for (clock_monotonic_us()). */
int64_t redis_link_heard_us(const struct redis_link *link);

#endif
