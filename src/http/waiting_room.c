/* SPDX-License-Identifier: MIT
 *
 * A hold is one event of libevent, for the client's socket and the time. libmicrohttpd neither
 * reads nor closes the socket of a suspended connection, so we may watch it during the hold. */
#include "http/waiting_room.h"

#include "base/clock.h"
#include "base/duration.h"
#include "base/memory.h"
#include "base/shares.h"

#include "peer.h"

#include <event2/event.h>
#include <sys/queue.h>

struct hold {
    LIST_ENTRY(hold) next;
    struct waiting_room *room;
    struct event *event;
    uint32_t tenant;
    int64_t until_us;
    void *context;
    waiting_room_done_fn *done;
};

struct waiting_room {
    struct event_base *base;
    struct shares places;
    bool is_drained;
    LIST_HEAD(holds, hold) holds;
};

static void wait_on(const struct hold *hold);
static void on_event(evutil_socket_t fd, short events, void *context);
static void end(struct hold *hold);

struct waiting_room *waiting_room_new(struct event_base *base, size_t places)
{
    struct waiting_room *room = MEMORY_NEW(struct waiting_room);

    room->base = base;
    shares_init(&room->places, places);
    LIST_INIT(&room->holds);
    return room;
}

void waiting_room_free(struct waiting_room *room)
{
    ASSERT(room->places.taken == 0);
    shares_close(&room->places);
    free(room);
}

/* A tenant that is alone gets a share even if there are no places. */
bool waiting_room_enter(struct waiting_room *room, uint32_t tenant)
{
    return room->places.places > 0 && shares_take(&room->places, tenant, 1);
}

void waiting_room_leave(struct waiting_room *room, uint32_t tenant)
{
    shares_give(&room->places, tenant, 1);
}

size_t waiting_room_taken(const struct waiting_room *room)
{
    return room->places.taken;
}

/* EV_CLOSED would be the natural choice, but libevent 2.1 does not report a reset with it, and
 * spins instead. Edge-triggered, because the next request of a pipelining client stays unread in
 * the socket. */
void waiting_room_hold(struct waiting_room *room, struct request *request, uint32_t tenant,
                       int64_t until_us, void *context, waiting_room_done_fn *done)
{
    struct hold *hold = ARENA_NEW(&request->arena, struct hold);

    hold->room = room;
    hold->tenant = tenant;
    hold->until_us = room->is_drained ? 0 : until_us;
    hold->context = context;
    hold->done = done;
    hold->event = event_new(room->base, request_socket(request), EV_READ | EV_ET | EV_PERSIST,
                            on_event, hold);
    ASSERT(hold->event);
    LIST_INSERT_HEAD(&room->holds, hold, next);
    wait_on(hold);
}

void waiting_room_drain(struct waiting_room *room)
{
    room->is_drained = true;
    while (!LIST_EMPTY(&room->holds))
        end(LIST_FIRST(&room->holds));
}

static void wait_on(const struct hold *hold)
{
    int64_t left_us = hold->until_us - clock_monotonic_us();
    struct timeval left = {0};

    if (left_us > 0)
        left = duration_timeval(left_us);
    event_add(hold->event, &left);
}

/* libevent's timers use a coarse clock, and may be some milliseconds early. */
static void on_event(evutil_socket_t fd, short events, void *context)
{
    struct hold *hold = context;

    (void)events;
    if (clock_monotonic_us() >= hold->until_us || peer_has_left(fd))
        end(hold);
    else
        wait_on(hold);
}

/* done() may answer the request and end its memory, so nothing of it is used after that. */
static void end(struct hold *hold)
{
    LIST_REMOVE(hold, next);
    event_free(hold->event);
    waiting_room_leave(hold->room, hold->tenant);
    hold->done(hold->context);
}
