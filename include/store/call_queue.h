/* SPDX-License-Identifier: MIT
 *
 * Which call is sent next, when not all can be out at once. While the window (call_window.h) is
 * open and no call waits, a call goes at once, and the queue is not touched. A call that the window
 * does not admit waits in its tenant's lane. It goes when other calls have been answered, in turns
 * by tenant (base/fair_queue.h). The places to wait are divided by tenant, too (base/shares.h).
 *
 * The unit of a call's cost is what Redis needs for one limit; a script needs three more before its
 * first limit. A call waits for at most half of its time, so that it has the other half once it is
 * sent. Plain value of one thread, and an event of its loop. */
#ifndef STORE_CALL_QUEUE_H
#define STORE_CALL_QUEUE_H

#include "base/fair_queue.h"
#include "base/shares.h"
#include "store/call_window.h"

#include <stdint.h>

/* For all tenants together. One tenant alone has half: the calls of 8,192 checks of one limit. */
#define CALL_QUEUE_COST_MAX 65536

struct event;
struct event_base;

/* The oldest call has waited for as long as it may. On the loop. */
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
    struct event *timer; /* pending while a call waits, and for a while after */
    call_queue_overdue_fn *overdue;
    void *context;
};

/* `timeout_us` is the time that a call has. */
void call_queue_init(struct call_queue *queue, struct event_base *base, int64_t timeout_us,
                     void *context, call_queue_overdue_fn *overdue);
/* No call may wait. */
void call_queue_close(struct call_queue *queue);

/* The cost of a call with so many limits. */
uint32_t call_queue_cost(size_t limit_count);

/* What one more call does, beside the `out` calls that are out. The caller then puts in a call that
 * WAITS. */
enum call_turn { CALL_GOES, CALL_WAITS, CALL_HAS_NO_PLACE };

/* In place of `out`: no call may go yet, because there is no connection. */
#define CALL_QUEUE_CLOSED SIZE_MAX

MUST_USE enum call_turn call_queue_enter(struct call_queue *queue, uint32_t tenant, uint32_t cost,
                                         size_t out);

/* Whether one more call would go at once. */
bool call_queue_admits(const struct call_queue *queue, size_t out);

/* `call` stays where it is until it is taken. */
void call_queue_put(struct call_queue *queue, struct waiting_call *call, uint32_t tenant,
                    uint32_t cost, int64_t begun_us);

/* Takes out the next call to send; NULL when the window is closed, or no call waits. */
struct waiting_call *call_queue_next(struct call_queue *queue, size_t out);

/* Takes out a call that has waited for too long; NULL when there is none left. */
struct waiting_call *call_queue_next_overdue(struct call_queue *queue, int64_t now_us);

/* Takes out any call; NULL when none waits. */
struct waiting_call *call_queue_take(struct call_queue *queue);

/* How many calls wait. */
size_t call_queue_length(const struct call_queue *queue);

#endif
