/* SPDX-License-Identifier: MIT */
#include "holders.h"

#include "base/memory.h"

static struct holder *holder_open(struct holders *holders, uint32_t tenant);
static void holder_add(struct holders *holders);
static void holder_set(struct holders *holders, struct holder *holder, uint32_t held);
static uint32_t rank_of(uint32_t held);

void holders_init(struct holders *holders)
{
    *holders = (struct holders){0};
    tenant_map_init(&holders->place_of);
    for (size_t i = 0; i < HOLDER_RANKS; i++)
        TAILQ_INIT(&holders->ranks[i]);
}

void holders_close(struct holders *holders)
{
    ASSERT(holders->taken == 0);
    tenant_map_close(&holders->place_of);
    for (uint32_t i = 0; i < holders->all_count; i++)
        free(holders->all[i]);
    free(holders->all);
}

struct holder *holders_take(struct holders *holders, uint32_t tenant)
{
    const uint32_t place = tenant_map_get(&holders->place_of, tenant);
    struct holder *holder = place > 0 ? holders->all[place - 1] : holder_open(holders, tenant);

    holders->taken++;
    holder_set(holders, holder, holder->held + 1);
    return holder;
}

void holders_give(struct holders *holders, struct holder *holder)
{
    holders->taken--;
    holder_set(holders, holder, holder->held - 1);
    if (holder->held > 0)
        return;
    holders->count--;
    tenant_map_set(&holders->place_of, holder->tenant, 0);
}

bool holder_is_over(const struct holders *holders, const struct holder *holder)
{
    return holder->held > 1 && (uint64_t)holder->held * (holders->count + 1) > holders->taken;
}

static struct holder *holder_open(struct holders *holders, uint32_t tenant)
{
    if (TAILQ_EMPTY(&holders->ranks[0]))
        holder_add(holders);

    struct holder *holder = TAILQ_FIRST(&holders->ranks[0]);

    holder->tenant = tenant;
    holders->count++;
    tenant_map_set(&holders->place_of, tenant, holder->place + 1);
    return holder;
}

static void holder_add(struct holders *holders)
{
    struct holder *holder = MEMORY_NEW(struct holder);

    TAILQ_INIT(&holder->idle);
    holder->place = holders->all_count++;
    holders->all = memory_resize(holders->all, holders->all_count * sizeof(struct holder *));
    holders->all[holder->place] = holder;
    TAILQ_INSERT_HEAD(&holders->ranks[0], holder, in_rank);
}

static void holder_set(struct holders *holders, struct holder *holder, uint32_t held)
{
    const uint32_t before = rank_of(holder->held);
    const uint32_t after = rank_of(held);

    holder->held = held;
    if (before == after)
        return;
    TAILQ_REMOVE(&holders->ranks[before], holder, in_rank);
    TAILQ_INSERT_HEAD(&holders->ranks[after], holder, in_rank);
}

static uint32_t rank_of(uint32_t held)
{
    return held == 0 ? 0 : 32 - (uint32_t)__builtin_clz(held);
}
