/* SPDX-License-Identifier: MIT */
#include "store_strays.h"

#include "base/clock.h"

#include <event2/event.h>

static struct stray_line *line_for(struct store_strays *strays, const struct pending *pending,
                                   int64_t left_us);
static struct pending *line_take(struct stray_line *line);
static void on_timer(evutil_socket_t fd, short events, void *context);
static void arm_timer(struct stray_line *line, int64_t wait_us);

void store_strays_init(struct store_strays *strays, struct event_base *base, void *context,
                       store_strays_turn_fn *turn)
{
    *strays = (struct store_strays){.turn = turn, .context = context};
    shares_init(&strays->shares, CALL_QUEUE_COST_MAX);
    for (size_t i = 0; i < STORE_STRAYS_RESTS; i++) {
        struct stray_line *line = &strays->lines[i];

        line->strays = strays;
        line->rest_us = STORE_STRAYS_REST_US << i;
        line->end = &line->first;
        line->timer = evtimer_new(base, on_timer, line);
        ASSERT(line->timer != NULL);
    }
}

void store_strays_close(struct store_strays *strays)
{
    for (size_t i = 0; i < STORE_STRAYS_RESTS; i++) {
        ASSERT(strays->lines[i].first == NULL);
        event_free(strays->lines[i].timer);
    }
    shares_close(&strays->shares);
}

bool store_strays_put(struct store_strays *strays, struct pending *pending, int64_t left_us)
{
    struct stray_line *line = line_for(strays, pending, left_us);

    if (line == NULL || !shares_take(&strays->shares, pending->asked.tenant, pending->cost))
        return false;
    pending->rests++;
    pending->rests_until_us = clock_monotonic_us() + line->rest_us;
    pending->next = NULL;
    if (line->first == NULL)
        arm_timer(line, line->rest_us);
    *line->end = pending;
    line->end = &pending->next;
    return true;
}

struct pending *store_strays_take(struct store_strays *strays)
{
    for (size_t i = 0; i < STORE_STRAYS_RESTS; i++) {
        struct pending *pending = line_take(&strays->lines[i]);

        if (pending != NULL)
            return pending;
    }
    return NULL;
}

/* A shorter rest near the end of its time. After the rest it has as long as the first rest, because
 * a call that is late may have been charged. NULL: it has no time to rest. */
static struct stray_line *line_for(struct store_strays *strays, const struct pending *pending,
                                   int64_t left_us)
{
    size_t rests = pending->rests < STORE_STRAYS_RESTS ? pending->rests + 1 : STORE_STRAYS_RESTS;

    while (rests > 0 && strays->lines[rests - 1].rest_us + STORE_STRAYS_REST_US > left_us)
        rests--;
    return rests == 0 ? NULL : &strays->lines[rests - 1];
}

static struct pending *line_take(struct stray_line *line)
{
    struct pending *pending = line->first;

    if (pending == NULL)
        return NULL;
    line->first = pending->next;
    if (line->first == NULL)
        line->end = &line->first;
    shares_give(&line->strays->shares, pending->asked.tenant, pending->cost);
    return pending;
}

static void on_timer(evutil_socket_t fd, short events, void *context)
{
    struct stray_line *line = context;
    struct store_strays *strays = line->strays;
    const int64_t now_us = clock_monotonic_us();

    (void)fd;
    (void)events;
    while (line->first != NULL && line->first->rests_until_us <= now_us)
        strays->turn(strays->context, line_take(line));
    if (line->first != NULL)
        arm_timer(line, line->first->rests_until_us - now_us);
}

static void arm_timer(struct stray_line *line, int64_t wait_us)
{
    const struct timeval wait = duration_timeval(wait_us);

    event_add(line->timer, &wait);
}
