/* SPDX-License-Identifier: MIT
 *
 * One Redis server of a store: its link, the calls that wait for their turn there, and whether it
 * is asked (trust.h). A call is asked, waits for its turn if there is a queue, is sent, and is
 * answered by the link. Or it is given up before it is sent. Worker's thread. */
#ifndef STORE_STORE_NODE_H
#define STORE_STORE_NODE_H

#include "redis/redis_complaints.h"
#include "redis/redis_redirect.h"
#include "store/pending.h"
#include "store/store_redis.h"
#include "store/trust.h"

struct store_node_share;

/* Another node has the call's key, or the call must come again: it was not done, and is the
 * callee's now. `redirect` is NULL for a call that was not sent, because the node leaves, or is not
 * there yet. */
typedef void store_node_astray_fn(struct store_node_share *share, struct pending *pending,
                                  const struct redis_redirect *redirect);

/* What all nodes of a store share; the store's own storage. */
struct store_node_share {
    struct event_base *base;
    struct redis_topology *topology;
    struct metrics *metrics;
    struct redis_complaints complaints;
    struct take_answers answers;
    struct pending_pool calls;
    store_node_astray_fn *astray;
    bool is_sliced; /* the present map is that of a cluster */
    bool is_closing;
};

struct store_node {
    struct store_node_share *share;
    struct redis_endpoint endpoint;
    uint16_t number; /* in the present map: the same from map to map */
    struct digest probe_tag;
    bool has_probe_tag;
    struct redis_link *link;
    struct call_queue queue;
    struct trust trust;
    int64_t sent_us; /* when a new call was last sent */
    bool is_probing;
    bool is_read_only; /* so its link is replaced once nothing is out */
    bool was_lost;     /* a connection has ended, or could not be made */
    bool is_leaving;
    int64_t leaves_us; /* then it may be freed, also if a call is out */
    LIST_ENTRY(store_node) in_leaving;
};

/* `share` is zeroed. */
void store_node_share_init(struct store_node_share *share, struct event_base *base,
                           const struct store_redis_options *options, store_node_astray_fn *astray);
/* After all nodes are gone. */
void store_node_share_close(struct store_node_share *share);

/* Starts to connect. `share` is borrowed. Never NULL. */
struct store_node *store_node_new(struct store_node_share *share,
                                  const struct redis_endpoint *endpoint);

/* Calls that wait are answered with TAKE_DOWN, and those that are out as lost, before this
 * returns. Not inside a callback of its own. */
void store_node_free(struct store_node *node);

/* Whether calls are sent there: its link is ready, and its breaker is closed. */
bool store_node_is_asked(const struct store_node *node);

/* No call comes there any more: those that wait go astray, and those that are out have their time.
 * Then it is to be freed. */
void store_node_leave(struct store_node *node);
/* Whether it has left: nothing is out, or its time is over. */
bool store_node_has_left(const struct store_node *node, int64_t now_us);

/* As store_ask(). */
enum store_answer store_node_ask(struct store_node *node, const struct operation *operation,
                                 struct outcome *outcome, void *context, store_done_fn *done);

/* The same for a call that finds out whether the node decides: see probe.h. It decides if the
 * status is TAKE_DONE. A node of a cluster that knows who has the probe's slot has answered as a
 * node that decides. */
enum store_answer store_node_probe(struct store_node *node, struct outcome *outcome, void *context,
                                   store_done_fn *done);

/* Takes over a call that another node has not done. It gets its turn among the others, for which it
 * waits in the first half of its time alone. False: it cannot be sent now, and is the caller's. */
MUST_USE bool store_node_take_over(struct store_node *node, struct pending *pending, bool asks);

/* Ends a call that no node has: nothing was done. */
void store_node_end_astray(const struct store_node_share *share, struct pending *pending,
                           const struct outcome *outcome);

/* Sets the figures of its number. */
void store_node_tell(const struct store_node *node, bool is_known, bool is_connected, bool is_open);

/* The answer when nobody can be asked. */
enum store_answer store_node_answer_down(const struct store_node_share *share,
                                         struct outcome *outcome);

#endif
