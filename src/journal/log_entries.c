/* SPDX-License-Identifier: MIT */
#include "journal/log_entries.h"

#include "journal/ring.h"

/* What the order depends on. */
struct place {
    struct entry_id id;
    int64_t time_us;
    size_t place; /* 0: the oldest in the stream */
    size_t index; /* of the entry */
};

static int compare_ids(const void *left, const void *right);
static size_t drop_repeated(struct place places[], size_t count);
static uint64_t count_missing(const struct place places[], size_t count);
static void share_places(struct place places[], size_t count, struct arena *arena);
static int compare_instances(const void *left, const void *right);
static int compare_places(const void *left, const void *right);
static void go_before_later(struct place places[], size_t count, enum log_order order);
static bool goes_before(const struct place *place, const struct place *other, enum log_order order);
static void put_in_order(struct log_entries *entries, const struct place places[], size_t count);

void log_entries_init(struct log_entries *entries, struct arena *arena)
{
    *entries = (struct log_entries){.at = ARENA_ARRAY(arena, struct log_entry, JOURNAL_RECORDS),
                                    .arena = arena};
}

bool log_entries_add(struct log_entries *entries, const struct entry_id *id,
                     const struct record *record)
{
    if (entries->count == JOURNAL_RECORDS)
        return false;
    entries->at[entries->count++] = (struct log_entry){.id = *id, .record = *record};
    return true;
}

void log_entries_settle(struct log_entries *entries, enum log_order order)
{
    size_t count = entries->count;
    struct place *places = ARENA_ARRAY(entries->arena, struct place, count);

    for (size_t i = 0; i < count; i++)
        places[i] = (struct place){.id = entries->at[i].id,
                                   .time_us = entries->at[i].record.time_us,
                                   .place = count - 1 - i,
                                   .index = i};
    qsort(places, count, sizeof places[0], compare_ids);
    count = drop_repeated(places, count);
    entries->missing = count_missing(places, count);
    share_places(places, count, entries->arena);
    qsort(places, count, sizeof places[0], compare_places);
    go_before_later(places, count, order);
    put_in_order(entries, places, count);
}

static int compare_ids(const void *left, const void *right)
{
    const struct place *a = left;
    const struct place *b = right;

    if (a->id.instance != b->id.instance)
        return a->id.instance < b->id.instance ? -1 : 1;
    if (a->id.sequence != b->id.sequence)
        return a->id.sequence < b->id.sequence ? -1 : 1;
    return compare_places(left, right);
}

/* The copy that came first stays. */
static size_t drop_repeated(struct place places[], size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || !entry_id_equal(&places[kept - 1].id, &places[i].id))
            places[kept++] = places[i];
    }
    return kept;
}

/* Each instance numbers its entries from 1 on. Anyone may have written the numbers in Redis, so
 * their sum has a bound. */
static uint64_t count_missing(const struct place places[], size_t count)
{
    uint64_t missing = 0;
    uint64_t before = 0;

    for (size_t i = 0; i < count; i++) {
        const struct entry_id *id = &places[i].id;

        if (i == 0 || id->instance != places[i - 1].id.instance)
            before = 0;
        missing += id->sequence - before - 1;
        before = id->sequence;
        if (missing > INT64_MAX)
            return INT64_MAX;
    }
    return missing;
}

/* The first number of an instance gets the first of its places, and so on: what was sent again
 * after a loss may have come behind later ones. */
static void share_places(struct place places[], size_t count, struct arena *arena)
{
    struct place *sorted = ARENA_ARRAY(arena, struct place, count);

    for (size_t i = 0; i < count; i++)
        sorted[i] = places[i];
    qsort(sorted, count, sizeof sorted[0], compare_instances);
    for (size_t i = 0; i < count; i++)
        places[i].place = sorted[i].place;
}

static int compare_instances(const void *left, const void *right)
{
    const struct place *a = left;
    const struct place *b = right;

    if (a->id.instance != b->id.instance)
        return a->id.instance < b->id.instance ? -1 : 1;
    return compare_places(left, right);
}

static int compare_places(const void *left, const void *right)
{
    const struct place *a = left;
    const struct place *b = right;

    return (a->place > b->place) - (a->place < b->place);
}

/* No comparison of two entries alone tells their order, so each in turn goes as far as it may. */
static void go_before_later(struct place places[], size_t count, enum log_order order)
{
    for (size_t i = 1; i < count; i++) {
        const struct place going = places[i];
        size_t to = i;

        for (; to > 0 && goes_before(&going, &places[to - 1], order); to--)
            places[to] = places[to - 1];
        places[to] = going;
    }
}

static bool goes_before(const struct place *place, const struct place *other, enum log_order order)
{
    if (order == LOG_ORDER_BY_NUMBER && place->id.instance == other->id.instance)
        return false;
    return place->time_us < other->time_us &&
           other->time_us - LOG_ENTRIES_APART_US <= place->time_us;
}

/* Where an instance decided without the store, its clock may be wrong by hours. */
static void put_in_order(struct log_entries *entries, const struct place places[], size_t count)
{
    struct log_entry *sorted = ARENA_ARRAY(entries->arena, struct log_entry, count);
    const struct log_entry *newest = NULL; /* that a store decided */

    for (size_t i = 0; i < count; i++) {
        sorted[i] = entries->at[places[i].index];
        if (!sorted[i].record.degraded)
            newest = &sorted[i];
    }
    int64_t in_order_us = newest == NULL ? INT64_MAX : newest->record.time_us;

    for (size_t i = count; i > 0; i--) {
        struct log_entry *entry = &sorted[i - 1];
        const bool tells_time = newest == NULL || !entry->record.degraded;

        if (tells_time && in_order_us > entry->record.time_us)
            in_order_us = entry->record.time_us;
        entry->in_order_us = in_order_us;
    }
    entries->at = sorted;
    entries->count = count;
}
