/* SPDX-License-Identifier: MIT
 *
 * A hash table with open addressing. The two texts of a pair lie one after the other in `texts`. */
#include "journal/tally.h"

#include "base/arena.h"
#include "base/hash.h"
#include "base/memory.h"
#include "journal/packed.h"
#include "limit/policy.h"

#define CAPACITY_MIN   4
#define TEXTS_MIN      128
#define SUMS_BYTES_MIN 64
#define OTHER          TEXT("(other)")

/* `hash` is 0 in a free row. */
struct tally_row {
    uint32_t hash;
    uint32_t texts_at;
    uint16_t route_length;
    uint16_t role_length;
    uint64_t counts[TALLY_OUTCOMES];
};

static bool is_counted(const struct rule *rule, struct text measure);
static void add_costs(struct sums *sums, const struct record *record);
static void add_cost(struct sums *sums, const struct record *record, struct text measure,
                     int64_t cost);
static void add_deniers(struct sums *sums, const struct record *record);
static uint64_t *tally_counts(struct tally *tally, struct text route, struct text role);
static bool take_place(struct tally *tally, size_t bytes);
static uint32_t hash_pair(struct text route, struct text role);
static struct tally_row *find_row(const struct tally *tally, uint32_t hash, struct text route,
                                  struct text role);
static bool row_is_of(const struct tally *tally, const struct tally_row *row, struct text route,
                      struct text role);
static void reserve_row(struct tally *tally);
static uint32_t keep_texts(struct tally *tally, struct text route, struct text role);

const char *const tally_outcome_names[TALLY_OUTCOMES] = {
    "allowed", "denied", "shadow_denied", "candidate_denied", "degraded",
};

void tally_close(struct tally *tally)
{
    free(tally->rows);
    free(tally->texts);
    for (size_t i = 0; i < TALLY_SUMS; i++)
        sums_close(&tally->sums[i]);
    *tally = (struct tally){0};
}

void tally_clear(struct tally *tally)
{
    if (tally->count > 0)
        memset(tally->rows, 0, tally->capacity * sizeof tally->rows[0]);
    tally->count = 0;
    tally->bytes = 0;
    tally->has_other = false;
    tally->texts_length = 0;
    for (size_t i = 0; i < TALLY_SUMS; i++)
        sums_clear(&tally->sums[i]);
}

void tally_record(struct tally *tally, const struct record *record)
{
    uint64_t *counts = tally_counts(tally, record->route, record->role);

    counts[record->allowed ? TALLY_ALLOWED : TALLY_DENIED]++;
    counts[TALLY_SHADOW_DENIED] += record->would_deny;
    counts[TALLY_CANDIDATE_DENIED] += record->candidate.is_there && !record->candidate.allowed;
    counts[TALLY_DEGRADED] += record->degraded;
    if (record->charged != NULL)
        add_costs(&tally->sums[TALLY_COST], record);
    else
        add_deniers(&tally->sums[TALLY_DENIED_BY], record);
}

void tally_add(struct tally *tally, const struct tally_entry *entry)
{
    uint64_t *counts = tally_counts(tally, entry->route, entry->role);

    for (size_t i = 0; i < TALLY_OUTCOMES; i++)
        counts[i] = sums_plus(counts[i], entry->counts[i]);
}

void tally_merge(struct tally *tally, const struct tally *from)
{
    struct tally_entry entry;
    size_t position = 0;

    while (tally_next(from, &position, &entry))
        tally_add(tally, &entry);
    for (size_t i = 0; i < TALLY_SUMS; i++)
        sums_merge(&tally->sums[i], &from->sums[i]);
}

bool tally_next(const struct tally *tally, size_t *position, struct tally_entry *entry)
{
    while (*position < tally->capacity && tally->rows[*position].hash == 0)
        ++*position;
    if (*position >= tally->capacity)
        return false;

    const struct tally_row *row = &tally->rows[(*position)++];
    const char *texts = tally->texts + row->texts_at;

    entry->route = (struct text){texts, row->route_length};
    entry->role = (struct text){texts + row->route_length, row->role_length};
    memcpy(entry->counts, row->counts, sizeof entry->counts);
    return true;
}

/* A check may name measures that no limit counts. */
uint64_t tally_cost(const struct record *record, struct text measure, int64_t cost)
{
    if (!is_counted(record->charged, measure))
        return 0;

    const bool is_granted = record->is_partial && text_equal(measure, record->granted_of);
    const int64_t charged = is_granted ? record->granted : cost;

    return charged > 0 ? (uint64_t)charged : 0;
}

bool tally_is_other(const struct tally_entry *entry)
{
    return text_equal(entry->route, OTHER) && text_equal(entry->role, OTHER);
}

static bool is_counted(const struct rule *rule, struct text measure)
{
    size_t i = 0;

    while (i < rule->limit_count && !text_equal(text_of(limit_measure(&rule->limits[i])), measure))
        i++;
    return i < rule->limit_count;
}

size_t tally_bytes(const struct tally *tally)
{
    size_t bytes = tally->capacity * sizeof tally->rows[0] + tally->texts_capacity;

    for (size_t i = 0; i < TALLY_SUMS; i++)
        bytes += sums_bytes(&tally->sums[i]);
    return bytes;
}

/* Each entry says how many counts it has, so that a later version may have more. */
void tally_write(const struct tally *tally, struct buffer *buffer)
{
    struct tally_entry entry;
    size_t position = 0;

    while (tally_next(tally, &position, &entry)) {
        packed_write_text(buffer, entry.route);
        packed_write_text(buffer, entry.role);
        packed_write_integer(buffer, TALLY_OUTCOMES);
        for (size_t i = 0; i < TALLY_OUTCOMES; i++)
            packed_write_integer(buffer, entry.counts[i]);
    }
}

bool tally_read(struct text *packed, struct tally_entry *entry)
{
    uint64_t outcomes;
    uint64_t count;

    *entry = (struct tally_entry){0};
    if (!packed_read_text(packed, POLICY_ROUTE_BYTES_MAX, &entry->route) ||
        !packed_read_text(packed, POLICY_ROLE_BYTES_MAX, &entry->role) ||
        !packed_read_integer(packed, &outcomes))
        return false;
    for (uint64_t i = 0; i < outcomes; i++) {
        if (!packed_read_integer(packed, &count))
            return false;
        if (i < TALLY_OUTCOMES)
            entry->counts[i] = count;
    }
    return true;
}

/* One text for each, so that a later version may have more. */
void tally_write_sums(const struct tally *tally, struct buffer *buffer)
{
    struct arena arena = {0};

    for (size_t i = 0; i < TALLY_SUMS; i++) {
        struct buffer sums;

        buffer_init(&sums, &arena, SUMS_BYTES_MIN);
        sums_write(&tally->sums[i], &sums);
        packed_write_text(buffer, buffer_text(&sums));
    }
    arena_close(&arena);
}

void tally_add_sums(struct tally *tally, struct text packed)
{
    struct text sums;

    for (size_t i = 0; i < TALLY_SUMS && packed_read_text(&packed, packed.length, &sums); i++)
        sums_add_packed(&tally->sums[i], sums);
}

static void add_costs(struct sums *sums, const struct record *record)
{
    add_cost(sums, record, TEXT(MEASURE_REQUESTS), record->costs.requests);
    for (size_t i = 0; i < record->costs.count; i++)
        add_cost(sums, record, record->costs.at[i].measure, record->costs.at[i].cost);
}

static void add_cost(struct sums *sums, const struct record *record, struct text measure,
                     int64_t cost)
{
    const uint64_t charged = tally_cost(record, measure, cost);

    if (charged > 0)
        sums_add(sums, measure, charged);
}

/* In shadow mode, too: whoever tries a limit needs to know which one denies. */
static void add_deniers(struct sums *sums, const struct record *record)
{
    const bool is_unnamed = record->denied_by.count == 0 && record->remaining >= 0;

    for (size_t i = 0; i < record->denied_by.count; i++)
        sums_add(sums, record->denied_by.at[i], 1);
    if (is_unnamed && (!record->allowed || record->would_deny))
        sums_add(sums, TEXT(TALLY_UNNAMED), 1);
}

/* The counts of this pair, which is added unless there are too many pairs. */
static uint64_t *tally_counts(struct tally *tally, struct text route, struct text role)
{
    const uint32_t hash = hash_pair(route, role);
    struct tally_row *row = find_row(tally, hash, route, role);

    if (row != NULL && row->hash != 0)
        return row->counts;
    if (text_equal(route, OTHER) && text_equal(role, OTHER))
        tally->has_other = true;
    else if (!take_place(tally, TALLY_PAIR_BYTES + route.length + role.length))
        return tally_counts(tally, OTHER, OTHER);
    reserve_row(tally);
    row = find_row(tally, hash, route, role);
    *row = (struct tally_row){
        .hash = hash,
        .texts_at = keep_texts(tally, route, role),
        .route_length = (uint16_t)route.length,
        .role_length = (uint16_t)role.length,
    };
    tally->count++;
    return row->counts;
}

/* Takes a place for one more pair. */
static bool take_place(struct tally *tally, size_t bytes)
{
    if (tally->count - tally->has_other >= TALLY_PAIRS_MAX ||
        tally->bytes + bytes > TALLY_BYTES_MAX)
        return false;
    tally->bytes += (uint32_t)bytes;
    return true;
}

static uint32_t hash_pair(struct text route, struct text role)
{
    return (uint32_t)(hash_join(hash_text(route), hash_text(role)) >> 32) | 1;
}

/* The pair's row, or the free one where it belongs; NULL when the tally has no rows. */
static struct tally_row *find_row(const struct tally *tally, uint32_t hash, struct text route,
                                  struct text role)
{
    if (tally->capacity == 0)
        return NULL;
    for (uint32_t i = hash >> 1;; i++) {
        struct tally_row *row = &tally->rows[i & (tally->capacity - 1)];

        if (row->hash == 0 || (row->hash == hash && row_is_of(tally, row, route, role)))
            return row;
    }
}

static bool row_is_of(const struct tally *tally, const struct tally_row *row, struct text route,
                      struct text role)
{
    const char *texts = tally->texts + row->texts_at;

    return text_equal((struct text){texts, row->route_length}, route) &&
           text_equal((struct text){texts + row->route_length, row->role_length}, role);
}

/* Makes sure that a row is free, and that an eighth of the rows stays free after it is taken, so
 * that find_row() ends soon. */
static void reserve_row(struct tally *tally)
{
    const uint32_t capacity_old = tally->capacity;
    struct tally_row *rows_old = tally->rows;

    if (8 * (tally->count + 1) <= 7 * capacity_old)
        return;
    tally->capacity = capacity_old == 0 ? CAPACITY_MIN : 2 * capacity_old;
    tally->rows = memory_new(tally->capacity, sizeof tally->rows[0]);
    for (uint32_t old = 0; old < capacity_old; old++) {
        uint32_t i = rows_old[old].hash >> 1;

        if (rows_old[old].hash == 0)
            continue;
        while (tally->rows[i & (tally->capacity - 1)].hash != 0)
            i++;
        tally->rows[i & (tally->capacity - 1)] = rows_old[old];
    }
    free(rows_old);
}

static uint32_t keep_texts(struct tally *tally, struct text route, struct text role)
{
    const uint32_t at = tally->texts_length;
    const size_t length = at + route.length + role.length;

    if (length > tally->texts_capacity) {
        tally->texts_capacity = (uint32_t)(length < TEXTS_MIN ? TEXTS_MIN : 2 * length);
        tally->texts = memory_resize(tally->texts, tally->texts_capacity);
    }
    if (route.length > 0)
        memcpy(tally->texts + at, route.at, route.length);
    if (role.length > 0)
        memcpy(tally->texts + at + route.length, role.at, role.length);
    tally->texts_length = (uint32_t)length;
    return at;
}
