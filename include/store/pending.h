/* SPDX-License-Identifier: MIT
 *
 * A call on its way to Redis: what it says, who waits for its answer, and until when. It comes from
 * a list of spare ones, and is given back exactly once. Worker's thread. */
#ifndef STORE_PENDING_H
#define STORE_PENDING_H

#include "redis/redis_link.h"
#include "store/call_queue.h"
#include "store/take_answer.h"

/* What all calls of a store share; the owner's storage. The link is the owner's. */
struct pending_pool {
    struct redis_link *link;
    int64_t timeout_us;            /* of a call, from when it is begun */
    struct counter_budget *budget; /* NULL: no tenant has a bound */
    redis_link_done_fn *answered;  /* its context is the pending */
    int64_t sent_us;               /* the last call that was new */
    struct pending *spare;
};

struct pending {
    struct waiting_call waiting; /* while it is in the queue */
    struct pending *next;        /* in the list of spare ones */
    struct pending_pool *pool;
    store_done_fn *done;
    void *context;
    size_t integers; /* that the reply has */
    int64_t begun_us;
    int64_t sent_us;
    bool may_send_again;              /* after NOSCRIPT */
    bool is_at_fault;                 /* the error was of this call, and no failure of Redis */
    const struct take_script *script; /* of a take */
    struct take_asked asked;
};

/* None is on its way. */
void pending_pool_close(struct pending_pool *pool);

/* Its time begins. One of the functions below says what it asks. */
struct pending *pending_begin(struct pending_pool *pool, void *context, store_done_fn *done);

typedef void pending_write_fn(struct pending *pending, const struct take *take);
void pending_write_take(struct pending *pending, const struct take *take);
void pending_write_forget(struct pending *pending, const struct take *take);

/* The link is ready. What it is sent with is what is left of its time. Whether it may create keys
 * is seen now, so that those that have been answered meanwhile are counted. */
void pending_send(struct pending *pending, int64_t now_us);
/* Once more, with the script as a whole. */
void pending_send_again(struct pending *pending, int64_t now_us);

/* Gives it back before `done`, which may ask for the next one. */
void pending_finish(struct pending *pending, const struct outcome *outcome);

struct pending *pending_of(struct waiting_call *waiting);

#endif
