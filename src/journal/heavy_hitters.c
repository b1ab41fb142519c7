/* SPDX-License-Identifier: MIT
 *
 * There are few enough to look through one by one, so hashes and counts lie side by side. */
#include "journal/heavy_hitters.h"

#include "base/hash.h"
#include "base/memory.h"
#include "journal/packed.h"
#include "limit/subject.h"

#define NONE           SIZE_MAX
#define NAME_BYTES_MIN 48

struct heavy_hitters {
    size_t count;
    uint32_t hashes[HEAVY_HITTERS];
    uint64_t counts[HEAVY_HITTERS];
    uint64_t errors[HEAVY_HITTERS];
    struct name {
        char *at;
        uint16_t length;
        uint16_t capacity;
        bool is_ip;
    } names[HEAVY_HITTERS];
};

static uint32_t hash_of(bool is_ip, struct text name);
static size_t find(const struct heavy_hitters *hitters, uint32_t hash, bool is_ip,
                   struct text name);
static size_t find_least(const struct heavy_hitters *hitters);
static void put(struct heavy_hitters *hitters, size_t index, uint32_t hash,
                const struct hitter *hitter);
static struct hitter hitter_at(const struct heavy_hitters *hitters, size_t index);
static void offer(struct heavy_hitters *hitters, uint32_t hash, const struct hitter *hitter);
static int compare_highest_first(const void *left, const void *right);

struct heavy_hitters *heavy_hitters_new(void)
{
    return MEMORY_NEW(struct heavy_hitters);
}

void heavy_hitters_free(struct heavy_hitters *hitters)
{
    if (hitters == NULL)
        return;
    for (size_t i = 0; i < HEAVY_HITTERS; i++)
        free(hitters->names[i].at);
    free(hitters);
}

void heavy_hitters_clear(struct heavy_hitters *hitters)
{
    hitters->count = 0;
}

size_t heavy_hitters_bytes(const struct heavy_hitters *hitters)
{
    size_t bytes = sizeof *hitters;

    for (size_t i = 0; i < HEAVY_HITTERS; i++)
        bytes += hitters->names[i].capacity;
    return bytes;
}

/* A new subject takes the place of the one that came least, and gets that count as its error,
 * because it may have come so often unseen. */
void heavy_hitters_add(struct heavy_hitters *hitters, bool is_ip, struct text name)
{
    const uint32_t hash = hash_of(is_ip, name);
    size_t index = find(hitters, hash, is_ip, name);

    if (index != NONE) {
        hitters->counts[index]++;
        return;
    }
    struct hitter hitter = {.name = name, .is_ip = is_ip, .count = 1};

    if (hitters->count < HEAVY_HITTERS) {
        index = hitters->count++;
    } else {
        index = find_least(hitters);
        hitter.error = hitters->counts[index];
        hitter.count += hitter.error;
    }
    put(hitters, index, hash, &hitter);
}

/* A subject that only one side holds may have come to the other side as often as its bound. The
 * highest counts of all stay. */
void heavy_hitters_merge(struct heavy_hitters *hitters, const struct heavy_hitters *from)
{
    const uint64_t bound = heavy_hitters_bound(hitters);
    const uint64_t bound_from = heavy_hitters_bound(from);
    bool is_shared[HEAVY_HITTERS] = {false};

    for (size_t i = 0; i < hitters->count; i++) {
        const struct hitter hitter = hitter_at(hitters, i);
        const size_t other = find(from, hitters->hashes[i], hitter.is_ip, hitter.name);

        hitters->counts[i] += other == NONE ? bound_from : from->counts[other];
        hitters->errors[i] += other == NONE ? bound_from : from->errors[other];
        if (other != NONE)
            is_shared[other] = true;
    }
    for (size_t i = 0; i < from->count; i++) {
        struct hitter hitter = hitter_at(from, i);

        hitter.count += bound;
        hitter.error += bound;
        if (!is_shared[i])
            offer(hitters, from->hashes[i], &hitter);
    }
}

uint64_t heavy_hitters_bound(const struct heavy_hitters *hitters)
{
    return hitters->count < HEAVY_HITTERS ? 0 : hitters->counts[find_least(hitters)];
}

size_t heavy_hitters_top(const struct heavy_hitters *hitters, size_t max, struct hitter top[])
{
    struct hitter all[HEAVY_HITTERS] = {0};
    const size_t count = hitters->count < max ? hitters->count : max;

    for (size_t i = 0; i < hitters->count; i++)
        all[i] = hitter_at(hitters, i);
    qsort(all, hitters->count, sizeof all[0], compare_highest_first);
    for (size_t i = 0; i < count; i++)
        top[i] = all[i];
    return count;
}

void heavy_hitters_write(const struct heavy_hitters *hitters, struct buffer *buffer)
{
    for (size_t i = 0; i < hitters->count; i++) {
        const struct hitter hitter = hitter_at(hitters, i);

        packed_write_integer(buffer, hitter.is_ip);
        packed_write_text(buffer, hitter.name);
        packed_write_integer(buffer, hitter.count);
        packed_write_integer(buffer, hitter.error);
    }
}

bool heavy_hitters_read(struct heavy_hitters *hitters, struct text packed)
{
    while (packed.length > 0) {
        struct hitter hitter;
        uint64_t is_ip;

        if (hitters->count == HEAVY_HITTERS || !packed_read_integer(&packed, &is_ip) || is_ip > 1 ||
            !packed_read_text(&packed, SUBJECT_BYTES_MAX, &hitter.name) ||
            !packed_read_integer(&packed, &hitter.count) ||
            !packed_read_integer(&packed, &hitter.error))
            return false;
        hitter.is_ip = is_ip == 1;
        put(hitters, hitters->count++, hash_of(hitter.is_ip, hitter.name), &hitter);
    }
    return true;
}

static uint32_t hash_of(bool is_ip, struct text name)
{
    return (uint32_t)hash_text(name) ^ is_ip;
}

static size_t find(const struct heavy_hitters *hitters, uint32_t hash, bool is_ip, struct text name)
{
    for (size_t i = 0; i < hitters->count; i++) {
        const struct name *held = &hitters->names[i];

        if (hitters->hashes[i] == hash && held->is_ip == is_ip &&
            text_equal((struct text){held->at, held->length}, name))
            return i;
    }
    return NONE;
}

static size_t find_least(const struct heavy_hitters *hitters)
{
    size_t least = 0;

    for (size_t i = 1; i < hitters->count; i++) {
        if (hitters->counts[i] < hitters->counts[least])
            least = i;
    }
    return least;
}

static void put(struct heavy_hitters *hitters, size_t index, uint32_t hash,
                const struct hitter *hitter)
{
    struct name *name = &hitters->names[index];

    ASSERT(hitter->name.length <= UINT16_MAX);
    if (name->at == NULL || hitter->name.length > name->capacity) {
        name->capacity = (uint16_t)hitter->name.length;
        if (name->capacity < NAME_BYTES_MIN)
            name->capacity = NAME_BYTES_MIN;
        name->at = memory_resize(name->at, name->capacity);
    }
    if (hitter->name.length > 0)
        memcpy(name->at, hitter->name.at, hitter->name.length);
    name->length = (uint16_t)hitter->name.length;
    name->is_ip = hitter->is_ip;
    hitters->hashes[index] = hash;
    hitters->counts[index] = hitter->count;
    hitters->errors[index] = hitter->error;
}

static struct hitter hitter_at(const struct heavy_hitters *hitters, size_t index)
{
    const struct name *name = &hitters->names[index];

    return (struct hitter){
        .name = {name->at, name->length},
        .is_ip = name->is_ip,
        .count = hitters->counts[index],
        .error = hitters->errors[index],
    };
}

/* Takes it in if there is room, or in place of one with a lower count. */
static void offer(struct heavy_hitters *hitters, uint32_t hash, const struct hitter *hitter)
{
    size_t index = hitters->count;

    if (hitters->count == HEAVY_HITTERS) {
        index = find_least(hitters);
        if (hitters->counts[index] >= hitter->count)
            return;
    } else {
        hitters->count++;
    }
    put(hitters, index, hash, hitter);
}

static int compare_highest_first(const void *left, const void *right)
{
    const struct hitter *a = left;
    const struct hitter *b = right;

    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    if (a->error != b->error)
        return a->error < b->error ? -1 : 1;
    return text_compare(a->name, b->name);
}
