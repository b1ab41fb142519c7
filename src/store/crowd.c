/* SPDX-License-Identifier: MIT */
#include "store/crowd.h"

#include "base/memory.h"

static const struct holder *find_over_half(const struct crowd *crowd);
static const struct holder *find_youngest(const struct crowd *crowd, uint32_t adder,
                                          uint32_t oldest);
static bool is_small(const struct crowd *crowd, uint32_t taken);
static bool holds_its_part(const struct crowd *crowd, uint32_t taken);
static uint32_t rank_of(const struct crowd *crowd, uint32_t tenant);
static void insert(struct crowd *crowd, uint32_t rank, struct holder holder);
static void drop(struct crowd *crowd, uint32_t rank);

void crowd_init(struct crowd *crowd, uint32_t room_max)
{
    *crowd = (struct crowd){.room_max = room_max};
}

void crowd_close(struct crowd *crowd)
{
    free(crowd->large);
}

void crowd_change(struct crowd *crowd, uint32_t tenant, uint32_t before, uint32_t after)
{
    bool was_large = !is_small(crowd, before);
    bool is_large = !is_small(crowd, after);

    crowd->taken += after - before;
    crowd->tenants += after > 0;
    crowd->tenants -= before > 0;
    if (!was_large && !is_large)
        return;

    uint32_t rank = rank_of(crowd, tenant);

    if (!is_large)
        drop(crowd, rank);
    else if (!was_large)
        insert(crowd, rank, (struct holder){tenant, after});
    else
        crowd->large[rank].taken = after;
}

bool crowd_has_large(const struct crowd *crowd)
{
    return crowd->large_count > 0;
}

bool crowd_gives_way(const struct crowd *crowd, struct holder adder, bool own_are_spared,
                     uint32_t *tenant)
{
    bool takes_from_older = own_are_spared || is_small(crowd, adder.taken);
    const struct holder *giver = find_over_half(crowd);

    if (giver != NULL) {
        *tenant = giver->tenant;
        return giver->tenant != adder.tenant || !own_are_spared;
    }
    *tenant = adder.tenant;
    if (holds_its_part(crowd, adder.taken) && !own_are_spared)
        return true;
    giver = find_youngest(crowd, adder.tenant, takes_from_older ? 0 : adder.tenant);
    if (giver != NULL)
        *tenant = giver->tenant;
    return giver != NULL || !takes_from_older;
}

static const struct holder *find_over_half(const struct crowd *crowd)
{
    for (uint32_t i = 0; i < crowd->large_count; i++) {
        if (crowd->large[i].taken > crowd->room_max / 2)
            return &crowd->large[i];
    }
    return NULL;
}

/* The youngest that holds its part and is at least as young as `oldest`, but not the adder. */
static const struct holder *find_youngest(const struct crowd *crowd, uint32_t adder,
                                          uint32_t oldest)
{
    for (uint32_t i = crowd->large_count; i-- > 0 && crowd->large[i].tenant >= oldest;) {
        const struct holder *holder = &crowd->large[i];

        if (holder->tenant != adder && holds_its_part(crowd, holder->taken))
            return holder;
    }
    return NULL;
}

/* A tenant with one counter is always small, also in a small table, so that `large` takes little
 * memory. */
static bool is_small(const struct crowd *crowd, uint32_t taken)
{
    return taken < 2 || (uint64_t)taken * CROWD_SMALL < crowd->room_max;
}

static bool holds_its_part(const struct crowd *crowd, uint32_t taken)
{
    return taken > 0 && 2 * (uint64_t)taken * crowd->tenants >= crowd->taken;
}

/* The place of the tenant, or where it would be. */
static uint32_t rank_of(const struct crowd *crowd, uint32_t tenant)
{
    uint32_t low = 0;
    uint32_t high = crowd->large_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (crowd->large[middle].tenant < tenant)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void insert(struct crowd *crowd, uint32_t rank, struct holder holder)
{
    if (crowd->large_count == crowd->large_space) {
        crowd->large_space += crowd->large_space / 4 + 1;
        crowd->large = memory_resize(crowd->large, crowd->large_space * sizeof(struct holder));
    }
    memmove(&crowd->large[rank + 1], &crowd->large[rank],
            (crowd->large_count - rank) * sizeof(struct holder));
    crowd->large[rank] = holder;
    crowd->large_count++;
}

static void drop(struct crowd *crowd, uint32_t rank)
{
    crowd->large_count--;
    memmove(&crowd->large[rank], &crowd->large[rank + 1],
            (crowd->large_count - rank) * sizeof(struct holder));
}
