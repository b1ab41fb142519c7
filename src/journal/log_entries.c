/* SPDX-License-Identifier: MIT */
#include "journal/log_entries.h"

#include "journal/ring.h"

static int compare_ids(const void *left, const void *right);
static void drop_repeated(struct log_entries *entries);
static uint64_t count_missing(const struct log_entries *entries);
static int compare_times(const void *left, const void *right);

void log_entries_init(struct log_entries *entries, struct arena *arena)
{
    *entries = (struct log_entries){.at = ARENA_ARRAY(arena, struct log_entry, JOURNAL_RECORDS)};
}

bool log_entries_add(struct log_entries *entries, const struct entry_id *id,
                     const struct record *record)
{
    if (entries->count == JOURNAL_RECORDS)
        return false;
    entries->at[entries->count++] = (struct log_entry){*id, *record};
    return true;
}

void log_entries_settle(struct log_entries *entries)
{
    qsort(entries->at, entries->count, sizeof(entries->at[0]), compare_ids);
    drop_repeated(entries);
    entries->missing = count_missing(entries);
    qsort(entries->at, entries->count, sizeof(entries->at[0]), compare_times);
}

static int compare_ids(const void *left, const void *right)
{
    const struct log_entry *a = left;
    const struct log_entry *b = right;

    if (a->id.instance != b->id.instance)
        return a->id.instance < b->id.instance ? -1 : 1;
    return (a->id.sequence > b->id.sequence) - (a->id.sequence < b->id.sequence);
}

static void drop_repeated(struct log_entries *entries)
{
    size_t kept = 0;

    for (size_t i = 0; i < entries->count; i++) {
        if (kept == 0 || !entry_id_equal(&entries->at[kept - 1].id, &entries->at[i].id))
            entries->at[kept++] = entries->at[i];
    }
    entries->count = kept;
}

/* Each instance numbers its entries from 1 on. Anyone may have written the numbers in Redis, so
 * their sum has a bound. */
static uint64_t count_missing(const struct log_entries *entries)
{
    uint64_t missing = 0;
    uint64_t before = 0;

    for (size_t i = 0; i < entries->count; i++) {
        const struct entry_id *id = &entries->at[i].id;

        if (i == 0 || id->instance != entries->at[i - 1].id.instance)
            before = 0;
        missing += id->sequence - before - 1;
        before = id->sequence;
        if (missing > INT64_MAX)
            return INT64_MAX;
    }
    return missing;
}

static int compare_times(const void *left, const void *right)
{
    const struct log_entry *a = left;
    const struct log_entry *b = right;

    if (a->record.time_us != b->record.time_us)
        return a->record.time_us < b->record.time_us ? -1 : 1;
    return compare_ids(left, right);
}
