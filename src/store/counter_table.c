/* SPDX-License-Identifier: MIT
 *
 * The counters lie without gaps, so a number finds any of them. Slots say where the counter of an
 * id is: open addressing with linear probing. A removal leaves no tombstone in the slots, and the
 * last counter fills the place of the removed one. */
#include "store/counter_table.h"

#include "base/duration.h"
#include "base/memory.h"
#include "store/eviction.h"

#define SPACE_MIN      16
#define SWEEP_COUNTERS 2

/* Threads read their clocks at different moments. So a sweep drops a counter only this long after
 * it has expired, and a thread whose clock is behind still finds it. */
#define SWEEP_GRACE_US SECOND_US

/* A slot holds the counter's number plus 1, and above it some bits of the id, so that a probe skips
 * counters with other bits. */
#define SLOT_NUMBER_BITS 24
#define SLOT_NUMBER_MASK ((UINT32_C(1) << SLOT_NUMBER_BITS) - 1)

#define COUNTER_BYTES sizeof(struct counter)
_Static_assert(sizeof(struct counter) == 64, "what memory costs; 85 bytes with slots and rooms");
_Static_assert(COUNTER_TABLE_COUNT_MAX + LIMITS_MAX < SLOT_NUMBER_MASK, "a slot holds any number");

static bool is_over(const struct counter *counter, int64_t now_us);
static uint32_t *probe(const struct counter_table *table, struct counter_id id);
static uint32_t home_of(const struct counter_table *table, struct counter_id id);
static uint32_t mark_of(struct counter_id id);
static struct counter *at_slot(const struct counter_table *table, uint32_t slot);
static uint32_t after(const struct counter_table *table, uint32_t slot);
static uint32_t distance(const struct counter_table *table, uint32_t from, uint32_t to);
static void empty_slot(struct counter_table *table, struct counter_id id);
static void link_counter(struct counter_table *table, uint32_t number);
static void unlink_counter(struct counter_table *table, uint32_t number);
static void move_last_to(struct counter_table *table, uint32_t number);
static void free_state(const struct counter *counter);
static uint16_t room_for(const struct counter *counter);
static void change_room(struct counter_table *table, struct tenant_room *room, uint32_t before,
                        uint32_t after);
static void make_space(struct counter_table *table, int64_t now_us);
static void grow_to(struct counter_table *table, uint32_t space);

void counter_table_init(struct counter_table *table, uint32_t room_max)
{
    ASSERT(room_max >= COUNTER_TABLE_COUNT_MIN && room_max <= COUNTER_TABLE_COUNT_MAX);

    *table = (struct counter_table){0};
    crowd_init(&table->crowd, room_max);
    tenant_rooms_init(&table->rooms, SPACE_MIN);
    grow_to(table, SPACE_MIN);
}

void counter_table_close(struct counter_table *table)
{
    for (uint32_t i = 0; i < table->count; i++)
        free_state(&table->counters[i]);
    crowd_close(&table->crowd);
    tenant_rooms_close(&table->rooms);
    free(table->slots);
    free(table->counters);
}

struct counter *counter_table_find(const struct counter_table *table, struct counter_id id)
{
    uint32_t slot = *probe(table, id);

    return slot == 0 ? NULL : &table->counters[(slot & SLOT_NUMBER_MASK) - 1];
}

void counter_table_add(struct counter_table *table, const struct counter *counter,
                       const struct counter_use *use)
{
    uint16_t room = room_for(counter);

    eviction_make_room(table, counter->tenant, room, use);
    if (table->count == table->space)
        make_space(table, use->now_us);

    uint32_t number = table->count++;

    table->counters[number] = *counter;
    table->counters[number].room = room;
    *probe(table, counter->id) = mark_of(counter->id) | (number + 1);
    link_counter(table, number);
}

bool counter_table_set(struct counter *counter, const struct limit_state *state,
                       enum state_kind kind)
{
    if (kind != counter->kind || !limit_state_shares(kind, state, &counter->state))
        free_state(counter);
    counter->state = *state;
    counter->kind = (uint8_t)kind;
    return counter->room != room_for(counter);
}

/* Makes room first, which may move the counter. */
void counter_table_refit(struct counter_table *table, struct counter_id id,
                         const struct counter_use *use)
{
    struct counter *counter = counter_table_find(table, id);

    if (counter == NULL)
        return;

    uint16_t room = room_for(counter);

    if (room > counter->room)
        eviction_make_room(table, counter->tenant, room - counter->room, use);
    counter = counter_table_find(table, id);
    ASSERT(counter != NULL);
    change_room(table, tenant_rooms_find(&table->rooms, counter->tenant), counter->room, room);
    counter->room = room;
}

void counter_table_remove(struct counter_table *table, struct counter *counter)
{
    uint32_t number = (uint32_t)(counter - table->counters);

    empty_slot(table, counter->id);
    unlink_counter(table, number);
    free_state(counter);
    move_last_to(table, number);
}

/* A removal fills the place with another counter, so the sweep looks at it once more. */
void counter_table_sweep(struct counter_table *table, const struct counter_use *use)
{
    for (int i = 0; i < SWEEP_COUNTERS && table->count > 0; i++) {
        if (table->sweep_at >= table->count)
            table->sweep_at = 0;

        struct counter *counter = &table->counters[table->sweep_at];

        if (is_over(counter, use->now_us))
            counter_table_remove(table, counter);
        else
            table->sweep_at++;
    }
    eviction_make_room(table, table->debtor, 0, use);
}

size_t counter_table_bytes(const struct counter_table *table)
{
    size_t of_logs = table->crowd.taken - table->count;

    return (table->space + of_logs) * COUNTER_BYTES + table->slot_count * sizeof(table->slots[0]) +
           tenant_rooms_bytes(&table->rooms) + table->crowd.large_space * sizeof(struct holder);
}

static bool is_over(const struct counter *counter, int64_t now_us)
{
    return counter->expires_us <= now_us - SWEEP_GRACE_US;
}

/* The counter's slot, or the empty one where it would be. */
static uint32_t *probe(const struct counter_table *table, struct counter_id id)
{
    uint32_t mark = mark_of(id);
    uint32_t slot = home_of(table, id);

    for (; table->slots[slot] != 0; slot = after(table, slot)) {
        if ((table->slots[slot] ^ mark) > SLOT_NUMBER_MASK)
            continue;

        const struct counter *counter = at_slot(table, slot);

        if (counter->id.low == id.low && counter->id.high == id.high)
            break;
    }
    return &table->slots[slot];
}

/* The slot where the probe begins. Maps the hash's upper half onto any number of slots, so that the
 * number need not be a power of two. */
static uint32_t home_of(const struct counter_table *table, struct counter_id id)
{
    return (uint32_t)((id.low >> 32) * table->slot_count >> 32);
}

/* The lowest bits of `low` alone are much alike in one stripe, because the set's chose the
 * stripe. */
static uint32_t mark_of(struct counter_id id)
{
    return (uint32_t)(id.low ^ id.high) << SLOT_NUMBER_BITS;
}

static struct counter *at_slot(const struct counter_table *table, uint32_t slot)
{
    return &table->counters[(table->slots[slot] & SLOT_NUMBER_MASK) - 1];
}

static uint32_t after(const struct counter_table *table, uint32_t slot)
{
    return slot + 1 == table->slot_count ? 0 : slot + 1;
}

/* Steps forward from one slot to another. */
static uint32_t distance(const struct counter_table *table, uint32_t from, uint32_t to)
{
    return to >= from ? to - from : to + table->slot_count - from;
}

/* Moves entries back into the hole that a probe could no longer reach behind it. */
static void empty_slot(struct counter_table *table, struct counter_id id)
{
    uint32_t hole = (uint32_t)(probe(table, id) - table->slots);

    for (uint32_t slot = after(table, hole); table->slots[slot] != 0; slot = after(table, slot)) {
        uint32_t home = home_of(table, at_slot(table, slot)->id);

        if (distance(table, home, slot) < distance(table, hole, slot))
            continue;
        table->slots[hole] = table->slots[slot];
        hole = slot;
    }
    table->slots[hole] = 0;
}

/* Puts it last in the ring of its tenant. */
static void link_counter(struct counter_table *table, uint32_t number)
{
    struct counter *counter = &table->counters[number];
    struct tenant_room *room = tenant_rooms_find(&table->rooms, counter->tenant);

    if (room->taken == 0) {
        room->tenant = counter->tenant;
        room->first = number;
        table->counters[number].previous = number;
    }

    struct counter *first = &table->counters[room->first];

    counter->next = room->first;
    counter->previous = first->previous;
    table->counters[first->previous].next = number;
    first->previous = number;
    change_room(table, room, 0, counter->room);
}

static void unlink_counter(struct counter_table *table, uint32_t number)
{
    const struct counter *counter = &table->counters[number];
    struct tenant_room *room = tenant_rooms_find(&table->rooms, counter->tenant);

    table->counters[counter->next].previous = counter->previous;
    table->counters[counter->previous].next = counter->next;
    if (room->first == number)
        room->first = counter->next;
    change_room(table, room, counter->room, 0);
}

static void move_last_to(struct counter_table *table, uint32_t number)
{
    uint32_t last = --table->count;
    struct counter *moved = &table->counters[number];
    struct tenant_room *room;

    if (number == last)
        return;
    *probe(table, table->counters[last].id) -= last - number;
    *moved = table->counters[last];
    room = tenant_rooms_find(&table->rooms, moved->tenant);
    if (room->first == last)
        room->first = number;
    if (moved->next == last) {
        moved->next = number;
        moved->previous = number;
    }
    table->counters[moved->next].previous = number;
    table->counters[moved->previous].next = number;
}

static void free_state(const struct counter *counter)
{
    limit_state_free(counter->kind, &counter->state);
}

static uint16_t room_for(const struct counter *counter)
{
    size_t outside_bytes = limit_state_bytes(counter->kind, &counter->state);

    _Static_assert(1 + 32 * LIMIT_LOG_QUOTA_MAX / COUNTER_BYTES < UINT16_MAX, "the largest log");
    return (uint16_t)(1 + (outside_bytes + COUNTER_BYTES - 1) / COUNTER_BYTES);
}

static void change_room(struct counter_table *table, struct tenant_room *room, uint32_t before,
                        uint32_t after)
{
    uint32_t taken = room->taken - before + after;

    ASSERT(room->taken >= before);
    crowd_change(&table->crowd, room->tenant, room->taken, taken);
    room->taken = taken;
    if (taken == 0)
        tenant_rooms_leave(&table->rooms, room);
}

/* Drops expired counters; grows by a sixteenth unless that freed as much. So a counter takes at
 * most 96 bytes: 85 if its place, its slot and its tenant's room are in use, a sixteenth more if
 * they were just made, and 5 for its part in a large tenant. */
static void make_space(struct counter_table *table, int64_t now_us)
{
    uint32_t space = table->space;
    uint32_t room_max = table->crowd.room_max;

    for (uint32_t i = table->count; i-- > 0;) {
        if (is_over(&table->counters[i], now_us))
            counter_table_remove(table, &table->counters[i]);
    }
    if (table->count < space / 16 * 15)
        return;
    space += space / 16 + 1;
    if (space > room_max && table->space < room_max)
        space = room_max;
    grow_to(table, space);
}

/* One slot in three stays empty, to keep probes short. */
static void grow_to(struct counter_table *table, uint32_t space)
{
    table->counters = memory_resize(table->counters, space * COUNTER_BYTES);
    table->space = space;
    free(table->slots);
    table->slot_count = space + space / 2 + 1;
    table->slots = memory_new(table->slot_count, sizeof(table->slots[0]));
    for (uint32_t i = 0; i < table->count; i++)
        *probe(table, table->counters[i].id) = mark_of(table->counters[i].id) | (i + 1);
    tenant_rooms_resize(&table->rooms, space);
}
