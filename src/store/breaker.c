/* SPDX-License-Identifier: MIT */
#include "store/breaker.h"

#include <event2/event.h>
#include <sodium.h>

static void on_waited(evutil_socket_t fd, short events, void *context);
static void wait_again(struct breaker *breaker);

void breaker_init(struct breaker *breaker, struct event_base *base, void *context,
                  breaker_probe_fn *probe)
{
    *breaker = (struct breaker){.probe = probe, .context = context};
    breaker->wait = evtimer_new(base, on_waited, breaker);
    ASSERT(breaker->wait != NULL);
}

void breaker_close(struct breaker *breaker)
{
    event_free(breaker->wait);
}

bool breaker_is_open(const struct breaker *breaker)
{
    return breaker->failures_in_row == BREAKER_FAILURES;
}

void breaker_succeeded(struct breaker *breaker)
{
    if (breaker_is_open(breaker))
        event_del(breaker->wait);
    breaker->failures_in_row = 0;
}

/* Also called for calls that went out before it opened. */
void breaker_failed(struct breaker *breaker)
{
    if (breaker_is_open(breaker))
        return;
    breaker->failures_in_row++;
    if (breaker_is_open(breaker))
        wait_again(breaker);
}

static void on_waited(evutil_socket_t fd, short events, void *context)
{
    struct breaker *breaker = context;

    (void)fd;
    (void)events;
    wait_again(breaker);
    breaker->probe(breaker->context);
}

static void wait_again(struct breaker *breaker)
{
    const uint32_t spread_us = (uint32_t)(BREAKER_WAIT_MAX_US - BREAKER_WAIT_MIN_US + 1);
    const struct timeval wait =
        duration_timeval(BREAKER_WAIT_MIN_US + randombytes_uniform(spread_us));

    event_add(breaker->wait, &wait);
}
