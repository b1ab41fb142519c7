/* SPDX-License-Identifier: MIT
 *
 * The Redis engine of one worker: one script call per operation, in one slot of a cluster.
 *
 * Key: sluice:{<tag, base64url>}:<policy id, hex>, and :<digest of the set, base64url> behind it
 * for a set that is not just what all sets have in common. A key holds the states of all limits of
 * that set (take_script.h). All keys of a check have one tag: the digest of the subjects that every
 * limit of the policy counts by, or of the policy where they have none in common. A call without an
 * answer by its deadline is TAKE_LATE and never sent again: it may have been charged. Only
 * what says that nothing was charged is followed by another attempt. After an explicit NOSCRIPT
 * that is an EVAL, once for each node. What a node of a cluster says of a key that is elsewhere
 * (redis_redirect.h) is followed while the call has time. Then the call is TAKE_REFUSED.
 *
 * Each node of the present map (redis_topology.h) has a link, a queue and a breaker of its own, and
 * all below is about one node. If nobody has the slot of a call, it is TAKE_DOWN.
 *
 * When Redis cannot keep up, only a few calls are out (call_window.h), and the others wait for
 * their turn (call_queue.h). So a tenant with thousands of checks delays another's by the calls
 * that are out, and takes Redis from nobody. A call that is not sent within half of timeout_us
 * is TAKE_DOWN, and so is one that finds no waiting place for its tenant. Neither was charged,
 * and neither says anything about Redis. A call that is sent has the rest of timeout_us. To
 * forget is such a call, too. A call for a node that is new in the map waits in the same way until
 * the node is connected, but for the whole of its time. Then it is TAKE_REFUSED.
 *
 * When Redis hangs, a call is answered timeout_us after it was sent. The link's timer ends the
 * call, and `done` gets TAKE_LATE. Then src/api/decision_take.c decides by the policy's
 * on_store_error, in the same turn of the loop. If the reply still comes, it answers nobody. A
 * lost connection ends its calls as TAKE_LATE at once, because they may have been charged, too.
 * After BREAKER_FAILURES such ends in a row the breaker (breaker.h) opens: calls are TAKE_DOWN
 * without being sent, until a probe of our own (probe.h) is decided. As many errors of Redis as
 * a whole (redis_error.h), which are TAKE_REFUSED, open it, too. An error of the place is
 * TAKE_REFUSED, and one of one key or one call is TAKE_BROKEN. Both are for the call that met it
 * and for no other, because Redis has answered. A call is TAKE_QUOTA if the script found that
 * a counter would be new, and its tenant already has as many as the budget (counter_budget.h)
 * allows. */
#ifndef STORE_STORE_REDIS_H
#define STORE_STORE_REDIS_H

#include "redis/redis_topology.h"
#include "store/store.h"

struct counter_budget;
struct event_base;
struct metrics;

struct store_redis_options {
    struct redis_topology *topology; /* borrowed */
    int64_t timeout_us;              /* of one call: the deadline of a decision */
    struct metrics *metrics;         /* borrowed; of the thread that owns the store */
    struct counter_budget *budget;   /* borrowed; NULL: no tenant has a bound */
};

/* Starts to connect. Never NULL. */
struct store *store_redis_new(struct event_base *base, const struct store_redis_options *options);

#endif
