/* SPDX-License-Identifier: MIT */
#include "handshake_turns.h"

/* A turn is one flight of one handshake. */
#define QUANTUM 1
#define COST    1

void handshake_turns_init(struct handshake_turns *turns)
{
    fair_queue_init(&turns->waiting, QUANTUM);
}

void handshake_turns_close(struct handshake_turns *turns)
{
    ASSERT(!handshake_turns_are_awaited(turns));
    fair_queue_close(&turns->waiting);
}

void handshake_turn_init(struct handshake_turn *turn, const struct ip_address *site)
{
    *turn = (struct handshake_turn){.item.tenant = ip_address_number(site)};
}

void handshake_turns_wait(struct handshake_turns *turns, struct handshake_turn *turn,
                          bool has_begun)
{
    if (!has_begun || turn->times_ahead == HANDSHAKE_TURNS_AHEAD_MAX) {
        fair_queue_put(&turns->waiting, &turn->item, turn->item.tenant, COST);
        return;
    }
    turn->times_ahead++;
    fair_queue_put_back(&turns->waiting, &turn->item, COST);
}

void handshake_turns_leave(struct handshake_turns *turns, struct handshake_turn *turn)
{
    fair_queue_remove(&turns->waiting, &turn->item);
}

struct handshake_turn *handshake_turns_take(struct handshake_turns *turns)
{
    struct fair_item *item = fair_queue_take(&turns->waiting);

    return item == NULL ? NULL : CONTAINER_OF(item, struct handshake_turn, item);
}

bool handshake_turns_are_awaited(const struct handshake_turns *turns)
{
    return turns->waiting.count > 0;
}
