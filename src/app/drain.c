/* SPDX-License-Identifier: MIT */
#include "drain.h"

#include "api/api.h"
#include "base/clock.h"
#include "base/duration.h"
#include "http/http_server.h"
#include "http/waiting_room.h"

#include <event2/event.h>

/* The time limit of each phase. After DRAIN_READING nothing more comes in. */
static const struct timeval phase_times[] = {
    [DRAIN_ACCEPTING] = {.tv_usec = 100 * MILLISECOND_US},
    [DRAIN_SETTLING] = {.tv_usec = 200 * MILLISECOND_US},
    [DRAIN_READING] = {.tv_usec = 700 * MILLISECOND_US},
    [DRAIN_LEAVING] = {.tv_sec = 2},
};

static void enter(struct drain *drain, enum drain_phase phase);
static void on_phase_over(evutil_socket_t fd, short events, void *context);

void drain_init(struct drain *drain, struct event_base *base, struct api *api)
{
    *drain = (struct drain){.api = api, .timer = evtimer_new(base, on_phase_over, drain)};
    ASSERT(drain->timer);
}

void drain_close(struct drain *drain)
{
    event_free(drain->timer);
}

void drain_begin(struct drain *drain, struct http_server *http, struct http_server *operation)
{
    drain->http = http;
    drain->operation = operation;
    enter(drain, DRAIN_ACCEPTING);
}

void drain_turn(struct drain *drain)
{
    if (drain->phase == DRAIN_ANSWERING &&
        http_server_busy(drain->http) == http_server_leaving(drain->http))
        enter(drain, DRAIN_LEAVING);
}

bool drain_is_over(const struct drain *drain)
{
    bool is_silent;

    if (drain->phase <= DRAIN_SETTLING)
        return false;
    if (drain->phase == DRAIN_OVER)
        return true;
    is_silent = http_server_busy(drain->http) == 0 &&
                (!drain->operation || http_server_busy(drain->operation) == 0);
    return is_silent && (drain->phase > DRAIN_READING || http_server_incoming(drain->http) == 0);
}

/* drain_turn() ends DRAIN_ANSWERING. */
static void enter(struct drain *drain, enum drain_phase phase)
{
    drain->phase = phase;
    switch (phase) {
    case DRAIN_ACCEPTING:
        http_server_quiesce(drain->http);
        waiting_room_drain(drain->api->waiting_room);
        break;
    case DRAIN_SETTLING:
        http_server_stop_listening(drain->http);
        break;
    case DRAIN_NONE:
    case DRAIN_READING:
    case DRAIN_ANSWERING:
    case DRAIN_LEAVING:
    case DRAIN_OVER:
        break;
    }
    if (phase != DRAIN_ANSWERING && phase != DRAIN_OVER)
        evtimer_add(drain->timer, &phase_times[phase]);
}

static void on_phase_over(evutil_socket_t fd, short events, void *context)
{
    struct drain *drain = context;

    (void)fd;
    (void)events;
    drain->api->now_us = clock_monotonic_us(); /* requests may be handled before the turn */
    enter(drain, drain->phase + 1);
}
