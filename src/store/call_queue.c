/* SPDX-License-Identifier: MIT */
#include "store/call_queue.h"

#include "limit/policy.h"

#include <event2/event.h>

#define COST_OF_A_CALL 3

static void on_timer(evutil_socket_t fd, short events, void *context);
static void arm_timer(struct call_queue *queue, int64_t wait_us);
static struct waiting_call *let_go(struct call_queue *queue, struct fair_item *item);
static struct waiting_call *call_of(struct fair_item *item);

void call_queue_init(struct call_queue *queue, struct event_base *base, int64_t timeout_us,
                     void *context, call_queue_overdue_fn *overdue)
{
    *queue =
        (struct call_queue){.patience_us = timeout_us / 2, .context = context, .overdue = overdue};
    call_window_init(&queue->window, timeout_us);
    fair_queue_init(&queue->waiting, call_queue_cost(LIMITS_MAX));
    shares_init(&queue->shares, CALL_QUEUE_COST_MAX);
    queue->timer = evtimer_new(base, on_timer, queue);
    ASSERT(queue->timer != NULL);
}

void call_queue_close(struct call_queue *queue)
{
    ASSERT(queue->waiting.count == 0);
    event_free(queue->timer);
    fair_queue_close(&queue->waiting);
    shares_close(&queue->shares);
}

uint32_t call_queue_cost(size_t limit_count)
{
    return COST_OF_A_CALL + (uint32_t)limit_count;
}

enum call_turn call_queue_enter(struct call_queue *queue, uint32_t tenant, uint32_t cost,
                                size_t out)
{
    if (call_queue_admits(queue, out))
        return CALL_GOES;
    return shares_take(&queue->shares, tenant, cost) ? CALL_WAITS : CALL_HAS_NO_PLACE;
}

bool call_queue_admits(const struct call_queue *queue, size_t out)
{
    return queue->waiting.count == 0 && call_window_admits(&queue->window, out);
}

void call_queue_put(struct call_queue *queue, struct waiting_call *call, uint32_t tenant,
                    uint32_t cost, int64_t begun_us)
{
    call->until_us = begun_us + queue->patience_us;
    fair_queue_put(&queue->waiting, &call->item, tenant, cost);
    if (!evtimer_pending(queue->timer, NULL))
        arm_timer(queue, queue->patience_us);
}

struct waiting_call *call_queue_next(struct call_queue *queue, size_t out)
{
    if (queue->waiting.count == 0 || !call_window_admits(&queue->window, out))
        return NULL;
    return call_queue_take(queue);
}

struct waiting_call *call_queue_next_overdue(struct call_queue *queue, int64_t now_us)
{
    struct fair_item *item = fair_queue_oldest(&queue->waiting);

    if (item == NULL)
        return NULL;

    const int64_t left_us = call_of(item)->until_us - now_us;

    if (left_us > 0) {
        arm_timer(queue, left_us);
        return NULL;
    }
    fair_queue_remove(&queue->waiting, item);
    return let_go(queue, item);
}

struct waiting_call *call_queue_take(struct call_queue *queue)
{
    struct fair_item *item = fair_queue_take(&queue->waiting);

    return item == NULL ? NULL : let_go(queue, item);
}

size_t call_queue_length(const struct call_queue *queue)
{
    return queue->waiting.count;
}

/* The timer is not moved when the oldest call is sent. So under load it fires once per waiting
 * time, and not once per call. */
static void on_timer(evutil_socket_t fd, short events, void *context)
{
    struct call_queue *queue = context;

    (void)fd;
    (void)events;
    queue->overdue(queue->context);
}

static void arm_timer(struct call_queue *queue, int64_t wait_us)
{
    const struct timeval wait = duration_timeval(wait_us);

    event_add(queue->timer, &wait);
}

static struct waiting_call *let_go(struct call_queue *queue, struct fair_item *item)
{
    shares_give(&queue->shares, item->tenant, item->cost);
    return call_of(item);
}

static struct waiting_call *call_of(struct fair_item *item)
{
    return CONTAINER_OF(item, struct waiting_call, item);
}
