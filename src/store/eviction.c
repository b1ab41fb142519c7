/* SPDX-License-Identifier: MIT */
#include "store/eviction.h"

#include "base/hash.h"

static bool is_full_for(const struct counter_table *table, uint32_t room);
static uint32_t room_of(const struct counter_table *table, uint32_t tenant);
static bool evict(struct counter_table *table, uint32_t tenant, const struct counter_use *use);
static struct counter *choose(struct counter_table *table, uint32_t tenant,
                              const struct counter_use *use);
static struct counter *choose_expired(struct counter_table *table, const struct counter_use *use);
static struct counter *choose_of(struct counter_table *table, uint32_t tenant,
                                 const struct counter_use *use);
static struct counter *choose_of_the_small(struct counter_table *table,
                                           const struct counter_use *use);
static bool goes_before(const struct counter_table *table, const struct counter *a,
                        const struct counter *b);
static struct counter *look_elsewhere(struct counter_table *table);
static bool is_spared(const struct counter *counter, const struct counter_use *use);

/* A tenant that owes room pays before the one that adds. If both owe, the one that holds more
 * pays. */
void eviction_make_room(struct counter_table *table, uint32_t tenant, uint32_t room,
                        const struct counter_use *use)
{
    for (int i = 0; i < EVICTIONS_MAX && is_full_for(table, room); i++) {
        if (!evict(table, is_full_for(table, 0) ? table->debtor : tenant, use))
            break;
    }
    if (is_full_for(table, room) &&
        (!is_full_for(table, 0) || room_of(table, tenant) + room > room_of(table, table->debtor)))
        table->debtor = tenant;
}

static bool is_full_for(const struct counter_table *table, uint32_t room)
{
    return table->crowd.taken + room > table->crowd.room_max;
}

static uint32_t room_of(const struct counter_table *table, uint32_t tenant)
{
    return tenant_rooms_find(&table->rooms, tenant)->taken;
}

static bool evict(struct counter_table *table, uint32_t tenant, const struct counter_use *use)
{
    struct counter *counter = choose(table, tenant, use);

    if (counter == NULL)
        return false;
    table->evictions += counter->expires_us > use->now_us;
    counter_table_remove(table, counter);
    return true;
}

/* NULL if one operation holds so much that the missing room would have to come from tenants that
 * hold little. Then the table exceeds its bound. */
static struct counter *choose(struct counter_table *table, uint32_t tenant,
                              const struct counter_use *use)
{
    struct holder adder = {tenant, room_of(table, tenant)};
    struct counter *counter = table->count > 0 ? choose_expired(table, use) : NULL;
    uint32_t giver;

    if (counter != NULL || table->count == 0)
        return counter;
    if (crowd_gives_way(&table->crowd, adder, false, &giver)) {
        counter = choose_of(table, giver, use);
        if (counter != NULL || giver != tenant)
            return counter;
        if (crowd_gives_way(&table->crowd, adder, true, &giver))
            return choose_of(table, giver, use);
    }
    return crowd_has_large(&table->crowd) ? NULL : choose_of_the_small(table, use);
}

static struct counter *choose_expired(struct counter_table *table, const struct counter_use *use)
{
    struct counter *chosen = NULL;

    for (int i = 0; i < EVICTION_SPREAD; i++) {
        struct counter *counter = look_elsewhere(table);

        if (counter->expires_us <= use->now_us && !is_spared(counter, use) &&
            (chosen == NULL || counter->expires_us < chosen->expires_us))
            chosen = counter;
    }
    return chosen;
}

/* The next call goes on from where this one ends, so that no counter is skipped for ever. */
static struct counter *choose_of(struct counter_table *table, uint32_t tenant,
                                 const struct counter_use *use)
{
    struct tenant_room *room = tenant_rooms_find(&table->rooms, tenant);
    struct counter *chosen = NULL;
    uint32_t at = room->first;
    int seen = 0;

    do {
        struct counter *counter = &table->counters[at];

        at = counter->next;
        table->looks++;
        if (is_spared(counter, use))
            continue;
        seen++;
        if (chosen == NULL || counter->expires_us < chosen->expires_us)
            chosen = counter;
    } while (seen < EVICTION_OWN && at != room->first);
    room->first = at;
    return chosen;
}

/* No tenant holds a thousandth. Takes one of a few counters: of the tenant that holds the most, and
 * of several such of the youngest. */
static struct counter *choose_of_the_small(struct counter_table *table,
                                           const struct counter_use *use)
{
    struct counter *chosen = NULL;
    int seen = 0;

    for (int i = 0; i < EVICTION_OWN + LIMITS_MAX && seen < EVICTION_OWN; i++) {
        struct counter *counter = look_elsewhere(table);

        if (is_spared(counter, use))
            continue;
        seen++;
        if (chosen == NULL || goes_before(table, counter, chosen))
            chosen = counter;
    }
    return chosen;
}

static bool goes_before(const struct counter_table *table, const struct counter *a,
                        const struct counter *b)
{
    uint32_t a_room = room_of(table, a->tenant);
    uint32_t b_room = room_of(table, b->tenant);

    if (a_room != b_room)
        return a_room > b_room;
    if (a->tenant != b->tenant)
        return a->tenant > b->tenant;
    return a->expires_us < b->expires_us;
}

/* Looks far from the last one, so that counters that were added together are not looked at
 * together. */
static struct counter *look_elsewhere(struct counter_table *table)
{
    table->look_at += HASH_GOLDEN_STEP;
    table->looks++;
    return &table->counters[(uint64_t)table->look_at * table->count >> 32];
}

static bool is_spared(const struct counter *counter, const struct counter_use *use)
{
    for (size_t i = 0; i < use->spared_count; i++) {
        if (use->spared[i].low == counter->id.low && use->spared[i].high == counter->id.high)
            return true;
    }
    return false;
}
