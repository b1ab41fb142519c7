/* SPDX-License-Identifier: MIT */
#include "handshake_turns.h"

#include "base/hash.h"

/* A turn is one flight of one handshake. */
#define QUANTUM 1
#define COST    1

static uint32_t number_of(const struct ip_address *site);

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
    *turn = (struct handshake_turn){.item.tenant = number_of(site)};
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

/* Two sites with the same number share their turns. The hash is keyed, so no client can choose such
 * sites. By chance it happens to one of four billion pairs. */
static uint32_t number_of(const struct ip_address *site)
{
    return (uint32_t)hash_text((struct text){(const char *)site->bytes, sizeof(site->bytes)});
}
