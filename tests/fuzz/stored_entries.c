/* SPDX-License-Identifier: MIT */
#include "stored_entries.h"

#define ID_BYTES sizeof(uint64_t)

/* What is read: an entry, and where its state lies. */
struct found {
    uint64_t id;
    const unsigned char *state;
};

static bool found_read(struct found found[], size_t count, const unsigned char *stored,
                       size_t length);
static const unsigned char *state_of(const struct found found[], size_t count, uint64_t id);
static bool is_kept(const struct found *found, size_t i, int64_t now_us);
static size_t numbers_of(uint64_t id);
static size_t bytes_of(uint64_t id);

void stored_entries_add(struct stored_entries *entries, uint64_t id, const double numbers[])
{
    struct stored_entry *entry = &entries->at[entries->count++];

    ASSERT(entries->count <= ARRAY_COUNT(entries->at));
    *entry = (struct stored_entry){.id = id};
    memcpy(entry->numbers, numbers, bytes_of(id));
}

size_t stored_entries_write(const struct stored_entries *entries,
                            unsigned char stored[static STORED_BYTES_MAX])
{
    unsigned char *end = stored;

    *end++ = (unsigned char)entries->count;
    for (size_t i = 0; i < entries->count; i++) {
        memcpy(end, &entries->at[i].id, ID_BYTES);
        end += ID_BYTES;
    }
    for (size_t i = 0; i < entries->count; i++) {
        memcpy(end, entries->at[i].numbers, bytes_of(entries->at[i].id));
        end += bytes_of(entries->at[i].id);
    }
    return (size_t)(end - stored);
}

void stored_entries_read(struct stored_entries *entries, const unsigned char *stored, size_t length,
                         const uint64_t ids[], size_t id_count, int64_t now_us)
{
    static const double never_seen[STORED_NUMBERS_MAX];
    struct found found[UINT8_MAX];
    const size_t count = length == 0 ? 0 : stored[0];
    size_t others = 0;

    length = length < STORED_BYTES_MAX ? length : STORED_BYTES_MAX;
    if (!found_read(found, count, stored, length)) {
        stored_entries_refuse(entries, ids, id_count);
        return;
    }
    entries->count = 0;
    for (size_t i = 0; i < id_count; i++) {
        double numbers[STORED_NUMBERS_MAX];
        const unsigned char *state = state_of(found, count, ids[i]);

        memcpy(numbers, state == NULL ? (const void *)never_seen : state, bytes_of(ids[i]));
        stored_entries_add(entries, ids[i], numbers);
    }
    for (size_t i = 0; i < count && others < STORED_OTHERS_MAX; i++) {
        bool is_asked = false;

        for (size_t own = 0; own < id_count; own++)
            is_asked = is_asked || ids[own] == found[i].id;
        if (is_asked || !is_kept(found, i, now_us))
            continue;
        double numbers[STORED_NUMBERS_MAX];
        memcpy(numbers, found[i].state, bytes_of(found[i].id));
        stored_entries_add(entries, found[i].id, numbers);
        others++;
    }
}

void stored_entries_refuse(struct stored_entries *entries, const uint64_t ids[], size_t id_count)
{
    double no_numbers[STORED_NUMBERS_MAX];

    memset(no_numbers, 0xff, sizeof(no_numbers));
    entries->count = 0;
    for (size_t i = 0; i < id_count; i++)
        stored_entries_add(entries, ids[i], no_numbers);
}

/* False when the string ends before its entries do, or one is too long. */
static bool found_read(struct found found[], size_t count, const unsigned char *stored,
                       size_t length)
{
    size_t at = 1 + count * ID_BYTES;

    for (size_t i = 0; i < count; i++) {
        if (at > length)
            return false;
        memcpy(&found[i].id, stored + 1 + i * ID_BYTES, ID_BYTES);
        if (numbers_of(found[i].id) > STORED_NUMBERS_MAX)
            return false;
        found[i].state = stored + at;
        at += bytes_of(found[i].id);
    }
    return at <= length || count == 0;
}

/* The first one with this id; NULL when there is none. */
static const unsigned char *state_of(const struct found found[], size_t count, uint64_t id)
{
    for (size_t i = 0; i < count; i++) {
        if (found[i].id == id)
            return found[i].state;
    }
    return NULL;
}

/* It has not ended, and is the first of its id. */
static bool is_kept(const struct found *found, size_t i, int64_t now_us)
{
    double ends_us;

    memcpy(&ends_us, found[i].state, sizeof(ends_us));
    return ends_us > (double)now_us && state_of(found, i, found[i].id) == NULL;
}

/* The end, and those of the state. */
static size_t numbers_of(uint64_t id)
{
    return 1 + (id & UINT8_MAX);
}

static size_t bytes_of(uint64_t id)
{
    return numbers_of(id) * sizeof(double);
}
