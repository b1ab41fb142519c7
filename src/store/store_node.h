/* SPDX-License-Identifier: MIT
 *
 * One Redis server of a store: its link, the calls that wait for their turn there, and whether it
 * is asked (trust.h). A call is asked, waits for its turn if there is a queue, is sent, and is
 * answered by the link. Or it is given up before it is sent. Worker's thread. */
#ifndef STORE_STORE_NODE_H
#define STORE_STORE_NODE_H

#include "redis/redis_complaints.h"
#include "store/pending.h"
#include "store/store_redis.h"
#include "store/trust.h"

/* What all nodes of a store share; the store's own storage. */
struct store_node_share {
    struct event_base *base;
    struct redis_topology *topology;
    struct metrics *metrics;
    struct redis_complaints complaints;
    struct take_answers answers;
    struct pending_pool calls;
    bool is_closing;
};

struct store_node {
    struct store_node_share *share;
    struct redis_link *link;
    struct call_queue queue;
    struct trust trust;
    int64_t sent_us; /* when a new call was last sent */
    bool is_probing;
};

/* `share` is zeroed. */
void store_node_share_init(struct store_node_share *share, struct event_base *base,
                           const struct store_redis_options *options);
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

/* As store_ask(). */
enum store_answer store_node_ask(struct store_node *node, const struct operation *operation,
                                 struct outcome *outcome, void *context, store_done_fn *done);

/* The answer when nobody can be asked. */
enum store_answer store_node_answer_down(const struct store_node_share *share,
                                         struct outcome *outcome);

#endif
