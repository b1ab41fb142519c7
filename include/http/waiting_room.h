/* SPDX-License-Identifier: MIT
 *
 * Holds requests until a given time. The number of places is bounded, and tenants share them
 * (base/shares.h). A place is taken before anything that cannot be undone: first
 * waiting_room_enter(), then waiting_room_hold(), or waiting_room_leave() if there is nothing to
 * wait for. Worker's thread only. */
#ifndef HTTP_WAITING_ROOM_H
#define HTTP_WAITING_ROOM_H

#include "http/request.h"

struct event_base;
struct waiting_room;

/* The hold has ended; answers the request. */
typedef void waiting_room_done_fn(void *context);

struct waiting_room *waiting_room_new(struct event_base *base, size_t places);

/* Asserts that it is empty. */
void waiting_room_free(struct waiting_room *room);

/* Takes a place for the caller; false when its tenant has used its share. */
MUST_USE bool waiting_room_enter(struct waiting_room *room, uint32_t tenant);

/* Gives the caller's place back. */
void waiting_room_leave(struct waiting_room *room, uint32_t tenant);

/* How many places are taken. */
size_t waiting_room_taken(const struct waiting_room *room);

/* Gives the caller's place to `request`, which is or will be WAITING. Then done(context) runs
 * exactly once, on a later turn, when the place is free again. That is at `until_us`
 * (clock_monotonic_us()), and earlier only if the client closes its side of the connection or the
 * room is drained. */
void waiting_room_hold(struct waiting_room *room, struct request *request, uint32_t tenant,
                       int64_t until_us, void *context, waiting_room_done_fn *done);

/* Ends all holds now. Holds that begin later end in the turn after. */
void waiting_room_drain(struct waiting_room *room);

#endif
