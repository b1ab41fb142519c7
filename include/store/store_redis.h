/* SPDX-License-Identifier: MIT
 *
 * The Redis engine of one worker: one key and one EVALSHA per take.
 *
 * Key: sluice:{<subject digest, base64url>}:<policy id, hex>:<layout, base64url>; its value packs
 * the states of all limits. A call without an answer by its deadline is TAKE_LATE and never sent
 * again: it may have been charged. Only an explicit NOSCRIPT is retried, once, as EVAL.
 *
 * Of calls that Redis has not the time for, those that are out are few (call_window.h), and the
 * others wait for their turn (call_queue.h): a tenant with thousands of takes delays another's by
 * what is out, and takes Redis from nobody. What is not sent within half of timeout_us is
 * TAKE_DOWN, as is what its tenant has no place for; neither has been charged, and neither says
 * anything of Redis. What is sent has what is left of timeout_us. To forget is such a call, too.
 *
 * When Redis hangs, a take that waits is answered timeout_us after it was sent: the link's timer
 * ends the call, `done` gets TAKE_LATE, and what that means for the caller follows in
 * src/api/decision.c by the policy's on_store_error, in the same turn of the loop. The reply,
 * should it still come, answers nobody. A connection that is lost ends its takes as TAKE_LATE at
 * once: they may have been charged, too. After BREAKER_FAILURES such ends in a row the breaker
 * (breaker.h) opens: takes are TAKE_DOWN without being sent, until a probe of our own (probe.h) is
 * decided. So it does after as many errors of Redis as a whole (redis_error.h), which are
 * TAKE_REFUSED. An error of the place is TAKE_REFUSED, one of one key or one call TAKE_BROKEN, for
 * the take that met it and nobody else's: Redis has answered. So it has when a take is TAKE_QUOTA:
 * its tenant has as many counters as the budget (counter_budget.h) lets it have, and the script has
 * found that this one would be new. */
#ifndef STORE_STORE_REDIS_H
#define STORE_STORE_REDIS_H

#include "redis/redis_url.h"
#include "store/store.h"

struct counter_budget;
struct event_base;
struct metrics;

struct store_redis_options {
    struct redis_url url;
    int64_t timeout_us;            /* of one call: the deadline of a decision */
    struct metrics *metrics;       /* borrowed; of the thread that owns the store */
    struct counter_budget *budget; /* borrowed; NULL: no tenant has a bound */
};

/* Starts to connect. Never NULL. */
struct store *store_redis_new(struct event_base *base, const struct store_redis_options *options);

#endif
