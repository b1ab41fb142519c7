/* SPDX-License-Identifier: MIT
 *
 * The Redis engine of one worker: one key and one EVALSHA per take.
 *
 * Key: sluice:{<subject digest, base64url>}:<policy id, hex>:<layout, base64url>; its value packs
 * the states of all limits. A call without an answer by its deadline is TAKE_LATE and never sent
 * again: it may have been charged. Only an explicit NOSCRIPT is retried, once, as EVAL.
 *
 * When Redis cannot keep up, only a few calls are out (call_window.h), and the others wait for
 * their turn (call_queue.h). So a tenant with thousands of takes delays another's by the calls
 * that are out, and takes Redis from nobody. A call that is not sent within half of timeout_us
 * is TAKE_DOWN, and so is one that finds no waiting place for its tenant. Neither was charged,
 * and neither says anything about Redis. A call that is sent has the rest of timeout_us. To
 * forget is such a call, too.
 *
 * When Redis hangs, a take is answered timeout_us after it was sent. The link's timer ends the
 * call, and `done` gets TAKE_LATE. Then src/api/decision.c decides by the policy's
 * on_store_error, in the same turn of the loop. If the reply still comes, it answers nobody. A
 * lost connection ends its takes as TAKE_LATE at once, because they may have been charged, too.
 * After BREAKER_FAILURES such ends in a row the breaker (breaker.h) opens: takes are TAKE_DOWN
 * without being sent, until a probe of our own (probe.h) is decided. As many errors of Redis as
 * a whole (redis_error.h), which are TAKE_REFUSED, open it, too. An error of the place is
 * TAKE_REFUSED, and one of one key or one call is TAKE_BROKEN. Both are for the take that met it
 * and for no other, because Redis has answered. A take is TAKE_QUOTA if the script found that
 * its counter would be new, and its tenant already has as many as the budget (counter_budget.h)
 * allows. */
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
