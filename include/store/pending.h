/* SPDX-License-Identifier: MIT
 *
 * A call on its way to Redis: what it asks, who waits for the answer, and until when. It comes from
 * a list of spare ones, and goes back exactly once. Worker's thread. */
#ifndef STORE_PENDING_H
#define STORE_PENDING_H

#include "redis/redis_link.h"
#include "redis/redis_redirect.h"
#include "store/call_queue.h"
#include "store/store.h"
#include "store/take_answer.h"

struct store_node;

/* What all calls of a store share; the owner's storage. */
struct pending_pool {
    int64_t timeout_us;            /* the time of a call, from its beginning */
    struct counter_budget *budget; /* NULL: no tenant has a bound */
    redis_link_done_fn *answered;  /* its context is the struct pending */
    struct pending *spare;
};

struct pending {
    struct waiting_call waiting; /* while it is in the queue */
    struct pending *next;        /* in the list of spare ones */
    struct pending_pool *pool;
    struct store_node *node; /* where it waits, or was sent; the owner's */
    store_done_fn *done;
    void *context;
    size_t integers; /* how many the reply has */
    uint32_t cost;   /* of its place, where it waits */
    int64_t begun_us;
    int64_t sent_us;                  /* last, to `node`; 0: not yet */
    int64_t rests_until_us;           /* while no node can take it */
    uint8_t rests;                    /* how often it has rested, */
    uint8_t moves;                    /* and how often it went to another node since then */
    enum redis_redirect_kind answer;  /* why it was last not taken; NO_REDIRECT: nobody was asked */
    bool may_not_ask;                 /* a node has refused ASKING */
    bool stays;                       /* it is about this node, and never goes to another one */
    bool comes_again;                 /* as the operation says */
    bool asks;                        /* it goes behind ASKING */
    bool may_send_again;              /* once more, after NOSCRIPT */
    bool is_at_fault;                 /* this call caused the error; Redis did not fail */
    const struct take_script *script; /* NULL: it forgets */
    struct take_asked asked;
};

/* No call may be on its way. */
void pending_pool_close(struct pending_pool *pool);

/* The call's time begins. pending_write() then says what it asks. */
struct pending *pending_begin(struct pending_pool *pool, struct store_node *node, void *context,
                              store_done_fn *done);

void pending_write(struct pending *pending, const struct operation *operation);

/* From now on it is for another node, because no node has done anything of it so far. `asks`: it
 * may have to ask for a key that is about to come (redis_redirect.h). */
void pending_turn_to(struct pending *pending, struct store_node *node, bool asks);

/* The link must be ready. Sends the call with the time that it has left. Only when it is sent first
 * it is decided whether it may create keys, so that calls answered in the meantime are counted. */
void pending_send(struct pending *pending, struct redis_link *link, int64_t now_us);
/* Sends it once more to the same node, with the script's text. */
void pending_send_again(struct pending *pending, struct redis_link *link, int64_t now_us);

/* Puts it back before `done` runs, which may ask for the next one. */
void pending_finish(struct pending *pending, const struct outcome *outcome);

/* Runs `done` now. The call stays, because its reply may still come. */
void pending_answer_late(struct pending *pending, const struct outcome *outcome);
/* Puts back a call whose `done` has run. */
void pending_put_back(struct pending *pending);

struct pending *pending_of(struct waiting_call *waiting);

#endif
