/* SPDX-License-Identifier: MIT
 *
 * Open addressing with linear probing. Removing shifts back what follows, so there are no
 * tombstones: a probe ends at the first empty slot, and there always is one. The rooms of the
 * tenants are a second such table, of as many slots: each room has at least one counter. */
#include "store/counter_table.h"

#include "base/duration.h"
#include "base/memory.h"
#include "limit/charge_log.h"

#define SLOTS_MIN   16
#define SWEEP_SLOTS 2

/* Threads read their clocks at different moments. A counter rests this long after it has expired
 * before it is swept away, so that one whose clock is behind still finds it. */
#define SWEEP_GRACE_US SECOND_US

/* 2^32 over the golden ratio. Multiples of it are spread evenly over 2^32, wherever one begins. */
#define GOLDEN_STEP UINT32_C(0x9e3779b9)

_Static_assert(sizeof(struct counter) + sizeof(struct counter_room) == 64,
               "what memory costs; with one slot in four empty, 86 bytes per counter");
#define ROOM_BYTES (sizeof(struct counter) + sizeof(struct counter_room))

static bool is_empty(const struct counter *counter);
static bool is_over(const struct counter *counter, int64_t now_us);
static uint32_t slots_for(uint32_t count);
static uint32_t slots_to_fill(uint32_t slot_count);
static struct counter *probe(const struct counter_table *table, struct counter_id id);
static uint32_t home_of(const struct counter_table *table, struct counter_id id);
static uint32_t after(const struct counter_table *table, uint32_t slot);
static uint32_t distance(const struct counter_table *table, uint32_t from, uint32_t to);
static void place(struct counter_table *table, const struct counter *counter);
static void free_log(const struct counter *counter);
static uint16_t room_for(const struct counter *counter);
static void enter_room(struct counter_table *table, uint32_t tenant, uint32_t room);
static void leave_room(struct counter_table *table, uint32_t tenant, uint32_t room);
static struct counter_room *room_of(const struct counter_table *table, uint32_t tenant);
static void make_room(struct counter_table *table, uint32_t tenant, uint32_t room, int64_t now_us,
                      const struct counter_id spared[], size_t spared_count);
static void evict(struct counter_table *table, uint32_t tenant, int64_t now_us,
                  const struct counter_id spared[], size_t spared_count);
static struct counter *look_elsewhere(struct counter_table *table);
static bool goes_before(const struct counter_table *table, const struct counter *a,
                        const struct counter *b, uint32_t tenant, int64_t now_us);
static bool is_among(struct counter_id id, const struct counter_id ids[], size_t count);
static void rebuild(struct counter_table *table, int64_t now_us);

void counter_table_init(struct counter_table *table, uint32_t room_max)
{
    ASSERT(room_max >= COUNTER_TABLE_COUNT_MIN && room_max <= COUNTER_TABLE_COUNT_MAX);

    *table = (struct counter_table){.slot_count = SLOTS_MIN, .room_max = room_max};
    table->slots = memory_new(table->slot_count, sizeof(struct counter));
    table->rooms = memory_new(table->slot_count, sizeof(struct counter_room));
}

void counter_table_close(struct counter_table *table)
{
    for (uint32_t i = 0; i < table->slot_count; i++)
        free_log(&table->slots[i]);
    free(table->rooms);
    free(table->slots);
}

struct counter *counter_table_find(const struct counter_table *table, struct counter_id id)
{
    struct counter *counter = probe(table, id);

    return is_empty(counter) ? NULL : counter;
}

void counter_table_add(struct counter_table *table, const struct counter *counter, int64_t now_us,
                       const struct counter_id spared[], size_t spared_count)
{
    ASSERT(!is_empty(counter));

    struct counter added = *counter;

    added.room = room_for(counter);
    make_room(table, added.tenant, added.room, now_us, spared, spared_count);
    if (table->count >= slots_to_fill(table->slot_count))
        rebuild(table, now_us);
    place(table, &added);
}

bool counter_table_set(struct counter *counter, const struct limit_state *state, bool has_log)
{
    bool keeps_log = has_log && state->logged.log == counter->state.logged.log;

    if (!keeps_log)
        free_log(counter);
    counter->state = *state;
    counter->has_log = has_log;
    return counter->room != room_for(counter);
}

void counter_table_refit(struct counter_table *table, struct counter_id id, int64_t now_us,
                         const struct counter_id spared[], size_t spared_count)
{
    struct counter *counter = counter_table_find(table, id);

    if (counter == NULL)
        return;

    uint32_t tenant = counter->tenant;
    uint16_t room = room_for(counter);

    leave_room(table, tenant, counter->room);
    counter->room = 0;
    make_room(table, tenant, room, now_us, spared, spared_count);
    counter_table_find(table, id)->room = room;
    enter_room(table, tenant, room);
}

/* Moves back into the hole what a probe could no longer reach behind it. */
void counter_table_remove(struct counter_table *table, struct counter *counter)
{
    uint32_t hole = (uint32_t)(counter - table->slots);
    uint32_t slot = after(table, hole);

    leave_room(table, counter->tenant, counter->room);
    free_log(counter);
    for (; !is_empty(&table->slots[slot]); slot = after(table, slot)) {
        uint32_t home = home_of(table, table->slots[slot].id);

        if (distance(table, home, slot) < distance(table, hole, slot))
            continue;
        table->slots[hole] = table->slots[slot];
        hole = slot;
    }
    table->slots[hole] = (struct counter){0};
    table->count--;
}

/* A removal may fill the slot again, so it is looked at once more before the sweep goes on. */
void counter_table_sweep(struct counter_table *table, int64_t now_us)
{
    for (int i = 0; i < SWEEP_SLOTS; i++) {
        struct counter *counter = &table->slots[table->sweep_at];

        if (!is_empty(counter) && is_over(counter, now_us))
            counter_table_remove(table, counter);
        else
            table->sweep_at = after(table, table->sweep_at);
    }
}

size_t counter_table_bytes(const struct counter_table *table)
{
    uint32_t of_logs = table->room_taken - table->count;

    return (size_t)(table->slot_count + of_logs) * ROOM_BYTES;
}

static bool is_empty(const struct counter *counter)
{
    return counter->expires_us == 0;
}

static bool is_over(const struct counter *counter, int64_t now_us)
{
    return counter->expires_us <= now_us - SWEEP_GRACE_US;
}

/* One slot in four stays empty, so that probes stay short. */
static uint32_t slots_for(uint32_t count)
{
    return count + count / 3 + 1;
}

static uint32_t slots_to_fill(uint32_t slot_count)
{
    return slot_count - slot_count / 4;
}

/* The counter's slot, or the empty one where it would be. */
static struct counter *probe(const struct counter_table *table, struct counter_id id)
{
    uint32_t slot = home_of(table, id);

    while (!is_empty(&table->slots[slot]) && !is_among(id, &table->slots[slot].id, 1))
        slot = after(table, slot);
    return &table->slots[slot];
}

/* Where the probe begins. Maps the hash's upper half onto any number of slots, so that a full table
 * need not be a power of two. */
static uint32_t home_of(const struct counter_table *table, struct counter_id id)
{
    return (uint32_t)((id.low >> 32) * table->slot_count >> 32);
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

static void place(struct counter_table *table, const struct counter *counter)
{
    enter_room(table, counter->tenant, counter->room);
    *probe(table, counter->id) = *counter;
    table->count++;
}

static void free_log(const struct counter *counter)
{
    if (counter->has_log)
        charge_log_free(counter->state.logged.log);
}

static uint16_t room_for(const struct counter *counter)
{
    size_t log_bytes = counter->has_log ? charge_log_bytes(counter->state.logged.log) : 0;

    _Static_assert(1 + 32 * LIMIT_LOG_QUOTA_MAX / ROOM_BYTES < UINT16_MAX, "the largest log");
    return (uint16_t)(1 + (log_bytes + ROOM_BYTES - 1) / ROOM_BYTES);
}

static void enter_room(struct counter_table *table, uint32_t tenant, uint32_t room)
{
    struct counter_room *entered = room_of(table, tenant);

    entered->tenant = tenant;
    entered->taken += room;
    table->room_taken += room;
}

/* When the room is gone, puts in again what a probe could no longer reach behind it. */
static void leave_room(struct counter_table *table, uint32_t tenant, uint32_t room)
{
    struct counter_room *left = room_of(table, tenant);
    uint32_t slot = (uint32_t)(left - table->rooms);

    ASSERT(left->taken >= room);
    left->taken -= room;
    table->room_taken -= room;
    if (left->taken > 0)
        return;
    for (slot = after(table, slot); table->rooms[slot].taken > 0; slot = after(table, slot)) {
        struct counter_room moved = table->rooms[slot];

        table->rooms[slot].taken = 0;
        *room_of(table, moved.tenant) = moved;
    }
}

/* The tenant's room, or the empty slot where it would be. */
static struct counter_room *room_of(const struct counter_table *table, uint32_t tenant)
{
    uint32_t mixed = tenant * GOLDEN_STEP;
    uint32_t slot = (uint32_t)((uint64_t)mixed * table->slot_count >> 32);

    while (table->rooms[slot].taken > 0 && table->rooms[slot].tenant != tenant)
        slot = after(table, slot);
    return &table->rooms[slot];
}

/* Gives up where all that is left is spared. */
static void make_room(struct counter_table *table, uint32_t tenant, uint32_t room, int64_t now_us,
                      const struct counter_id spared[], size_t spared_count)
{
    while (table->room_taken + room > table->room_max && table->count > spared_count)
        evict(table, tenant, now_us, spared, spared_count);
}

/* In a small table the same counter may be looked at twice: there is always one to find. */
static void evict(struct counter_table *table, uint32_t tenant, int64_t now_us,
                  const struct counter_id spared[], size_t spared_count)
{
    struct counter *first = NULL;

    ASSERT(spared_count < table->count);
    for (int seen = 0; seen < COUNTER_TABLE_CANDIDATES;) {
        struct counter *counter = look_elsewhere(table);

        if (is_empty(counter) || is_among(counter->id, spared, spared_count))
            continue;
        seen++;
        if (first == NULL || goes_before(table, counter, first, tenant, now_us))
            first = counter;
    }
    if (first->expires_us > now_us)
        table->evictions++;
    counter_table_remove(table, first);
}

/* Far from the last one, since the counters of one subject lie side by side; and not where the new
 * counter would be, since a tenant can add the same one again and again. */
static struct counter *look_elsewhere(struct counter_table *table)
{
    table->look_at += GOLDEN_STEP;
    return &table->slots[(uint64_t)table->look_at * table->slot_count >> 32];
}

/* `tenant` is the one that adds. What expires sooner has expired if either has. */
static bool goes_before(const struct counter_table *table, const struct counter *a,
                        const struct counter *b, uint32_t tenant, int64_t now_us)
{
    bool both_live = a->expires_us > now_us && b->expires_us > now_us;

    if (both_live && a->tenant != b->tenant) {
        uint32_t a_room = room_of(table, a->tenant)->taken;
        uint32_t b_room = room_of(table, b->tenant)->taken;

        if (a_room != b_room)
            return a_room > b_room;
        if (a->tenant == tenant || b->tenant == tenant)
            return a->tenant == tenant;
    }
    return a->expires_us < b->expires_us;
}

static bool is_among(struct counter_id id, const struct counter_id ids[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (ids[i].low == id.low && ids[i].high == id.high)
            return true;
    }
    return false;
}

/* Leaves behind what is over; grows by a tenth unless that made as much free. So a table that grows
 * has two slots in three in use at least, and a counter takes at most 96 bytes. */
static void rebuild(struct counter_table *table, int64_t now_us)
{
    struct counter_table old = *table;
    uint32_t slots_max = slots_for(table->room_max);
    uint32_t live = 0;

    for (uint32_t i = 0; i < old.slot_count; i++)
        live += !is_empty(&old.slots[i]) && !is_over(&old.slots[i], now_us);
    uint32_t grown = old.slot_count + old.slot_count / 10 + 2;
    if (live >= slots_to_fill(old.slot_count) / 10 * 9)
        table->slot_count = grown < slots_max ? grown : slots_max;
    table->slots = memory_new(table->slot_count, sizeof(struct counter));
    table->rooms = memory_new(table->slot_count, sizeof(struct counter_room));
    table->count = 0;
    table->room_taken = 0;
    table->sweep_at = 0;
    for (uint32_t i = 0; i < old.slot_count; i++) {
        if (is_empty(&old.slots[i]))
            continue;
        if (is_over(&old.slots[i], now_us))
            free_log(&old.slots[i]);
        else
            place(table, &old.slots[i]);
    }
    free(old.rooms);
    free(old.slots);
}
