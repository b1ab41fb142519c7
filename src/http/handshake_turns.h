/* SPDX-License-Identifier: MIT
 *
 * Which handshake goes on next, of those that can. Private to handshakes.c. Worker's thread.
 *
 * They take turns by site, which is an IPv4 address or a /64 of IPv6. A site that sends many hellos
 * waits behind its own, and every other site waits for at most one of them in each round. Of one
 * site's handshakes those that have begun come first, because they have cost work already. This
 * holds only for a few turns of each, so one that sends its bytes one by one does not make the
 * others wait for ever. */
#ifndef HTTP_HANDSHAKE_TURNS_H
#define HTTP_HANDSHAKE_TURNS_H

#include "base/fair_queue.h"
#include "base/ip_address.h"

/* How often a handshake may go before the new ones of its site: more often than it has flights. */
#define HANDSHAKE_TURNS_AHEAD_MAX 3

struct handshake_turn {
    struct fair_item item;
    unsigned times_ahead;
};

struct handshake_turns {
    struct fair_queue waiting;
};

void handshake_turns_init(struct handshake_turns *turns);
void handshake_turns_close(struct handshake_turns *turns);

/* For a new handshake, which does not wait yet. */
void handshake_turn_init(struct handshake_turn *turn, const struct ip_address *site);

/* The handshake now waits. It must stay where it is until it is taken or leaves. Allocates only
 * when more sites wait than ever before. */
void handshake_turns_wait(struct handshake_turns *turns, struct handshake_turn *turn,
                          bool has_begun);
/* It no longer waits. */
void handshake_turns_leave(struct handshake_turns *turns, struct handshake_turn *turn);

/* Takes out the next one; NULL when none waits. */
struct handshake_turn *handshake_turns_take(struct handshake_turns *turns);
bool handshake_turns_are_awaited(const struct handshake_turns *turns);

#endif
