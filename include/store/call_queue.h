/* SPDX-License-Identifier: MIT
 *
 * Whose call is sent next, when not all can be out at once. As long as the window (call_window.h)
 * is open and nobody waits, a call goes at once, and nothing of this is touched. What the window
 * does not admit waits in its tenant's lane, and goes when others have been answered, in turns by
 * tenant (base/fair_queue.h). How much may wait is divided by tenant, too (base/shares.h).
 *
 * What a call costs is counted in what Redis needs for one limit; a script needs three times as
 * much before it comes to the first. A call waits for half of its time at most, so that what is
 * sent still has the other half. Plain value of one thread, and an event of its loop. */
#ifndef STORE_CALL_QUEUE_H
#define STORE_CALL_QUEUE_H

#include "base/fair_queue.h"
#include "base/shares.h"
#include "store/call_window.h"

#include <stdint.h>

/* Of all tenants together. Alone, one has half: the calls of 8,192 checks of a limit each. */
#define CALL_QUEUE_COST_MAX 65536

struct event;
struct event_base;

/* How long the oldest waits has come to its end. On the loop. */
typedef void call_queue_overdue_fn(void *context);

struct waiting_call {
    struct fair_item item;
    int64_t until_us;
};

struct call_queue {
    struct call_window window;
    struct fair_queue waiting;
    struct shares shares;
    int64_t patience_us; /* how long a call may wait */
    struct event *timer; /* pending while somebody waits, and for a while after */
    call_queue_overdue_fn *overdue;
    void *context;
};

/* `timeout_us` is what a call has. */
void call_queue_init(struct call_queue *queue, struct event_base *base, int64_t timeout_us,
                     void *context, call_queue_overdue_fn *overdue);
/* Nobody waits. */
void call_queue_close(struct call_queue *queue);

/* Of a call with so many limits. */
uint32_t call_queue_cost(size_t limit_count);

/* What one call more, beside those that are out, is to do. One that WAITS is put in next. */
enum call_turn { CALL_GOES, CALL_WAITS, CALL_HAS_NO_PLACE };
MUST_USE enum call_turn call_queue_enter(struct call_queue *queue, uint32_t tenant, uint32_t cost,
                                         size_t out);

/* `call` stays where it is until it is taken. */
void call_queue_put(struct call_queue *queue, struct waiting_call *call, uint32_t tenant,
                    uint32_t cost, int64_t now_us);

/* Takes out whose turn it is to be sent; NULL when the window is closed, or nobody waits. */
struct waiting_call *call_queue_next(struct call_queue *queue, size_t out);

/* Takes out who has waited for too long, one after the other; NULL when there is none left. */
struct waiting_call *call_queue_next_overdue(struct call_queue *queue, int64_t now_us);

/* Takes out anybody; NULL when nobody waits. */
struct waiting_call *call_queue_take(struct call_queue *queue);

/* How many wait. */
size_t call_queue_length(const struct call_queue *queue);

#endif
