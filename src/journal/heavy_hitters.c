/* SPDX-License-Identifier: MIT
 *
 * There are few enough to look through one by one, so hashes and counts lie side by side. */
#include "journal/heavy_hitters.h"

#include "base/hash.h"
#include "base/memory.h"
#include "journal/packed.h"
#include "journal/sums.h"
#include "limit/word.h"

#define NONE           SIZE_MAX
#define HELD_BYTES_MIN 48

/* How a subject is stored. A name of its own follows STORED_OTHER; versions that know only users
 * and addresses pass over what has one. */
enum stored_subject { STORED_USER, STORED_IP, STORED_OTHER };

struct heavy_hitters {
    size_t count;
    uint32_t hashes[HEAVY_HITTERS];
    uint64_t counts[HEAVY_HITTERS];
    uint64_t errors[HEAVY_HITTERS];
    struct held {
        char *at; /* the name, and the value behind it */
        uint16_t name_bytes;
        uint16_t bytes;
        uint16_t capacity;
    } subjects[HEAVY_HITTERS];
};

static uint32_t hash_of(const struct subject *subject);
static size_t find(const struct heavy_hitters *hitters, uint32_t hash,
                   const struct subject *subject);
static size_t find_least(const struct heavy_hitters *hitters);
static void put(struct heavy_hitters *hitters, size_t index, uint32_t hash,
                const struct hitter *hitter);
static void copy(char *at, struct text text);
static struct hitter hitter_at(const struct heavy_hitters *hitters, size_t index);
static void offer(struct heavy_hitters *hitters, uint32_t hash, const struct hitter *hitter);
static void write_subject(const struct subject *subject, struct buffer *buffer);
static bool read_subject(struct text *packed, struct subject *subject);
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
        free(hitters->subjects[i].at);
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
        bytes += hitters->subjects[i].capacity;
    return bytes;
}

/* A new subject takes the place of the one that came least, and gets that count as its error,
 * because it may have come so often unseen. */
void heavy_hitters_add(struct heavy_hitters *hitters, const struct subject *subject, uint64_t times)
{
    const uint32_t hash = hash_of(subject);
    size_t index = find(hitters, hash, subject);

    if (index != NONE) {
        hitters->counts[index] = sums_plus(hitters->counts[index], times);
        return;
    }
    struct hitter hitter = {.subject = *subject, .count = times};

    if (hitters->count < HEAVY_HITTERS) {
        index = hitters->count++;
    } else {
        index = find_least(hitters);
        hitter.error = hitters->counts[index];
        hitter.count = sums_plus(times, hitter.error);
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
        const size_t other = find(from, hitters->hashes[i], &hitter.subject);

        hitters->counts[i] =
            sums_plus(hitters->counts[i], other == NONE ? bound_from : from->counts[other]);
        hitters->errors[i] =
            sums_plus(hitters->errors[i], other == NONE ? bound_from : from->errors[other]);
        if (other != NONE)
            is_shared[other] = true;
    }
    for (size_t i = 0; i < from->count; i++) {
        struct hitter hitter = hitter_at(from, i);

        hitter.count = sums_plus(hitter.count, bound);
        hitter.error = sums_plus(hitter.error, bound);
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

        write_subject(&hitter.subject, buffer);
        packed_write_integer(buffer, hitter.count);
        packed_write_integer(buffer, hitter.error);
    }
}

bool heavy_hitters_read(struct heavy_hitters *hitters, struct text packed)
{
    while (packed.length > 0) {
        struct hitter hitter;

        if (hitters->count == HEAVY_HITTERS || !read_subject(&packed, &hitter.subject) ||
            !packed_read_integer(&packed, &hitter.count) ||
            !packed_read_integer(&packed, &hitter.error))
            return false;
        hitter.count = sums_plus(0, hitter.count);
        hitter.error = hitter.error < hitter.count ? hitter.error : hitter.count;
        put(hitters, hitters->count++, hash_of(&hitter.subject), &hitter);
    }
    return true;
}

/* The same value under two names may have one hash, because find() compares the names, too. */
static uint32_t hash_of(const struct subject *subject)
{
    return (uint32_t)hash_text(subject->value) ^ (uint32_t)subject->name.length;
}

static size_t find(const struct heavy_hitters *hitters, uint32_t hash,
                   const struct subject *subject)
{
    for (size_t i = 0; i < hitters->count; i++) {
        if (hitters->hashes[i] != hash)
            continue;

        const struct hitter held = hitter_at(hitters, i);

        if (text_equal(held.subject.value, subject->value) &&
            text_equal(held.subject.name, subject->name))
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
    const struct subject *subject = &hitter->subject;
    const size_t bytes = subject->name.length + subject->value.length;
    struct held *held = &hitters->subjects[index];

    ASSERT(bytes <= UINT16_MAX);
    if (held->at == NULL || bytes > held->capacity) {
        held->capacity = bytes < HELD_BYTES_MIN ? HELD_BYTES_MIN : (uint16_t)bytes;
        held->at = memory_resize(held->at, held->capacity);
    }
    copy(held->at, subject->name);
    copy(held->at + subject->name.length, subject->value);
    held->name_bytes = (uint16_t)subject->name.length;
    held->bytes = (uint16_t)bytes;
    hitters->hashes[index] = hash;
    hitters->counts[index] = hitter->count;
    hitters->errors[index] = hitter->error;
}

/* memcpy() must not get NULL, not even for no bytes. */
static void copy(char *at, struct text text)
{
    if (text.length > 0)
        memcpy(at, text.at, text.length);
}

static struct hitter hitter_at(const struct heavy_hitters *hitters, size_t index)
{
    const struct held *held = &hitters->subjects[index];

    return (struct hitter){
        .subject = {.name = {held->at, held->name_bytes},
                    .value = {held->at + held->name_bytes,
                              (size_t)(held->bytes - held->name_bytes)}},
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

static void write_subject(const struct subject *subject, struct buffer *buffer)
{
    enum stored_subject stored = STORED_OTHER;

    if (text_equal(subject->name, TEXT(SUBJECT_USER)))
        stored = STORED_USER;
    else if (text_equal(subject->name, TEXT(SUBJECT_IP)))
        stored = STORED_IP;
    packed_write_integer(buffer, stored);
    if (stored == STORED_OTHER)
        packed_write_text(buffer, subject->name);
    packed_write_text(buffer, subject->value);
}

static bool read_subject(struct text *packed, struct subject *subject)
{
    uint64_t stored;

    if (!packed_read_integer(packed, &stored) || stored > STORED_OTHER)
        return false;
    subject->name = stored == STORED_IP ? TEXT(SUBJECT_IP) : TEXT(SUBJECT_USER);
    if (stored == STORED_OTHER &&
        (!packed_read_text(packed, WORD_BYTES_MAX, &subject->name) || !word_is(subject->name)))
        return false;
    return packed_read_text(packed, SUBJECT_VALUE_BYTES_MAX, &subject->value);
}

static int compare_highest_first(const void *left, const void *right)
{
    const struct hitter *a = left;
    const struct hitter *b = right;

    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    if (a->error != b->error)
        return a->error < b->error ? -1 : 1;
    const int by_value = text_compare(a->subject.value, b->subject.value);
    return by_value != 0 ? by_value : text_compare(a->subject.name, b->subject.name);
}
