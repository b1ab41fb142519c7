/* SPDX-License-Identifier: MIT */
#include "store_strays.h"

#include <event2/event.h>

static void give_place(struct store_strays *strays, const struct pending *pending);
static void on_timer(evutil_socket_t fd, short events, void *context);

void store_strays_init(struct store_strays *strays, struct event_base *base, void *context,
                       store_strays_turn_fn *turn)
{
    *strays = (struct store_strays){.turn = turn, .context = context};
    strays->end = &strays->first;
    shares_init(&strays->shares, CALL_QUEUE_COST_MAX);
    strays->timer = evtimer_new(base, on_timer, strays);
    ASSERT(strays->timer != NULL);
}

void store_strays_close(struct store_strays *strays)
{
    ASSERT(strays->first == NULL);
    event_free(strays->timer);
    shares_close(&strays->shares);
}

bool store_strays_put(struct store_strays *strays, struct pending *pending)
{
    const struct timeval wait = duration_timeval(STORE_STRAYS_REST_US);

    if (!shares_take(&strays->shares, pending->asked.tenant, pending->cost))
        return false;
    pending->next = NULL;
    *strays->end = pending;
    strays->end = &pending->next;
    if (!evtimer_pending(strays->timer, NULL))
        event_add(strays->timer, &wait);
    return true;
}

struct pending *store_strays_take(struct store_strays *strays)
{
    struct pending *pending = strays->first;

    if (pending == NULL)
        return NULL;
    strays->first = pending->next;
    if (strays->first == NULL)
        strays->end = &strays->first;
    give_place(strays, pending);
    return pending;
}

static void give_place(struct store_strays *strays, const struct pending *pending)
{
    shares_give(&strays->shares, pending->asked.tenant, pending->cost);
}

/* Those that are put in again meanwhile wait for the next time. */
static void on_timer(evutil_socket_t fd, short events, void *context)
{
    struct store_strays *strays = context;
    struct pending *rest = strays->first;

    (void)fd;
    (void)events;
    strays->first = NULL;
    strays->end = &strays->first;
    while (rest != NULL) {
        struct pending *pending = rest;

        rest = pending->next;
        give_place(strays, pending);
        strays->turn(strays->context, pending);
    }
}
