/* SPDX-License-Identifier: MIT
 *
 * The record with sequence number n lies in slot n % JOURNAL_RECORDS until number n +
 * JOURNAL_RECORDS comes. The rings of thousands of apps do not fit into the processor's caches, so
 * a slot is small: a record of the usual size touches two cache lines and allocates nothing. */
#include "journal/ring.h"

#include "base/arena.h"
#include "base/duration.h"
#include "base/memory.h"
#include "record_parts.h"

#define NEAR_BYTES   64
#define FAR_STEP     32
#define TEXT_ABSENT  UINT16_MAX
#define RECORD_TEXTS 3

/* The candidate, if there is one, and the texts are packed, because their length varies. They lie
 * in the slot itself. Once they did not fit, they lie in a space of their own, which the slot then
 * keeps. Nearly all records have a user or an address, and nothing else that record_parts.h packs:
 * then that is the first text, else the parts are. */
struct ring_slot {
    int64_t time_us;
    int64_t cost;
    int64_t remaining;
    int64_t policy_version;
    const char *reason;
    const char *mode;
    uint16_t lengths[RECORD_TEXTS]; /* subject or parts, route, role; or TEXT_ABSENT */
    bool has_parts : 1;
    bool subject_is_ip : 1; /* without parts; else the subject is a user */
    bool allowed : 1;
    bool would_deny : 1;
    bool degraded : 1;
    bool is_low : 1;
    bool is_partial : 1;
    bool is_charge : 1;
    bool has_candidate : 1;
    bool is_far : 1;
    union {
        char near[NEAR_BYTES];
        struct {
            char *at;
            size_t size;
        } far;
    };
};

static struct ring_slot *slot_find(struct ring *ring, uint64_t sequence);
static void free_slots(struct ring_slot *slots, uint64_t newest, size_t used);
static size_t slots_used(const struct ring *ring);
static size_t slot_write(struct ring_slot *slot, const struct record *record);
static bool has_parts(const struct record *record);
static char *slot_reserve(struct ring_slot *slot, size_t bytes);
static void count(struct ring_counts *counts, const struct record *record);
static void count_subject(struct ring_counts *counts, enum top top, const struct record *record,
                          uint64_t times);
static struct tally *tally_of(struct ring_counts *counts, int64_t minute);
static void slot_read(const struct ring_slot *slot, struct arena *arena, struct record *record);
static void read_subject(const struct ring_slot *slot, const char **at, struct arena *arena,
                         struct record *record);
static uint16_t pack_text(char **at, struct text text);
static struct text unpack_text(const char **at, uint16_t length, struct arena *arena);

void ring_init(struct ring *ring)
{
    *ring = (struct ring){0};
    pthread_mutex_init(&ring->lock, NULL);
}

void ring_close(struct ring *ring)
{
    free_slots(ring->slots, ring->newest, slots_used(ring));
    ring_counts_close(&ring->counts);
    pthread_mutex_destroy(&ring->lock);
}

uint64_t ring_add(struct ring *ring, const struct record *record)
{
    pthread_mutex_lock(&ring->lock);
    uint64_t sequence = ++ring->newest;
    struct ring_slot *slot = slot_find(ring, sequence);
    memory_prefetch(slot, sizeof *slot);
    count(&ring->counts, record);
    if (sequence - ring->given_back <= JOURNAL_RECORDS)
        slot->is_far = false;
    ring->far_bytes += slot_write(slot, record);
    pthread_mutex_unlock(&ring->lock);
    return sequence;
}

uint64_t ring_newest(struct ring *ring)
{
    pthread_mutex_lock(&ring->lock);
    uint64_t newest = ring->newest;
    pthread_mutex_unlock(&ring->lock);
    return newest;
}

uint64_t ring_lost(struct ring *ring)
{
    pthread_mutex_lock(&ring->lock);
    uint64_t lost = ring->newest - slots_used(ring);
    pthread_mutex_unlock(&ring->lock);
    return lost;
}

bool ring_read(struct ring *ring, uint64_t sequence, struct arena *arena, struct record *record)
{
    pthread_mutex_lock(&ring->lock);
    bool kept = sequence <= ring->newest && sequence > ring->newest - slots_used(ring);
    if (kept)
        slot_read(slot_find(ring, sequence), arena, record);
    pthread_mutex_unlock(&ring->lock);
    return kept;
}

/* The subjects change places with those in `counts`, which are no longer needed. */
void ring_take_counts(struct ring *ring, struct ring_counts *counts)
{
    for (size_t i = 0; i < TOPS; i++) {
        if (counts->tops[i] != NULL)
            heavy_hitters_clear(counts->tops[i]);
    }
    pthread_mutex_lock(&ring->lock);
    for (size_t i = 0; i < ARRAY_COUNT(counts->tallies); i++) {
        struct tally *tally = &ring->counts.tallies[i];

        tally_clear(&counts->tallies[i]);
        counts->tallies[i].minute = tally->minute;
        tally_merge(&counts->tallies[i], tally);
        tally_clear(tally);
    }
    for (size_t i = 0; i < TOPS; i++) {
        struct heavy_hitters *spare = counts->tops[i];

        counts->tops[i] = ring->counts.tops[i];
        ring->counts.tops[i] = spare;
    }
    pthread_mutex_unlock(&ring->lock);
}

size_t ring_bytes(struct ring *ring)
{
    pthread_mutex_lock(&ring->lock);
    size_t bytes = slots_used(ring) * sizeof *ring->slots + ring->far_bytes;
    for (size_t i = 0; i < ARRAY_COUNT(ring->counts.tallies); i++)
        bytes += tally_bytes(&ring->counts.tallies[i]);
    for (size_t i = 0; i < TOPS; i++) {
        if (ring->counts.tops[i] != NULL)
            bytes += heavy_hitters_bytes(ring->counts.tops[i]);
    }
    pthread_mutex_unlock(&ring->lock);
    return bytes;
}

/* Records wait for the lock, so nothing is freed while it is held. */
bool ring_give_back(struct ring *ring, uint64_t newest)
{
    struct ring_counts counts = {0};
    struct ring_slot *slots = NULL;

    pthread_mutex_lock(&ring->lock);
    const size_t used = slots_used(ring);
    const bool is_idle = ring->newest == newest && ring->counts.tallies[0].count == 0 &&
                         ring->counts.tallies[1].count == 0;
    if (is_idle) {
        slots = ring->slots;
        counts = ring->counts;
        ring->slots = NULL;
        ring->counts = (struct ring_counts){0};
        ring->given_back = newest;
        ring->far_bytes = 0;
    }
    pthread_mutex_unlock(&ring->lock);
    if (is_idle)
        free_slots(slots, newest, used);
    ring_counts_close(&counts);
    return is_idle;
}

void ring_counts_close(struct ring_counts *counts)
{
    for (size_t i = 0; i < ARRAY_COUNT(counts->tallies); i++)
        tally_close(&counts->tallies[i]);
    for (size_t i = 0; i < TOPS; i++) {
        heavy_hitters_free(counts->tops[i]);
        counts->tops[i] = NULL;
    }
}

/* Slots that are not used are not touched, so they cost no memory. */
static struct ring_slot *slot_find(struct ring *ring, uint64_t sequence)
{
    if (ring->slots == NULL)
        ring->slots = memory_resize(NULL, JOURNAL_RECORDS * sizeof *ring->slots);
    return &ring->slots[sequence % JOURNAL_RECORDS];
}

/* Frees the slots of the `used` newest records. */
static void free_slots(struct ring_slot *slots, uint64_t newest, size_t used)
{
    for (size_t i = 0; i < used; i++) {
        const struct ring_slot *slot = &slots[(newest - i) % JOURNAL_RECORDS];

        if (slot->is_far)
            free(slot->far.at);
    }
    free(slots);
}

/* How many records are kept. */
static size_t slots_used(const struct ring *ring)
{
    const uint64_t since = ring->newest - ring->given_back;

    return since < JOURNAL_RECORDS ? since : JOURNAL_RECORDS;
}

/* Returns how many bytes more than before its texts take outside the slot. */
static size_t slot_write(struct ring_slot *slot, const struct record *record)
{
    const struct record_candidate *candidate = &record->candidate;
    const size_t far_bytes = slot->is_far ? slot->far.size : 0;
    const bool in_parts = has_parts(record);
    const size_t subject_bytes =
        in_parts ? record_parts_bytes(record) : record->subjects.at[0].value.length;
    char *at = slot_reserve(slot, (candidate->is_there ? sizeof *candidate : 0) + subject_bytes +
                                      record->route.length + record->role.length);

    slot->time_us = record->time_us;
    slot->cost = record->costs.requests;
    slot->remaining = record->remaining;
    slot->policy_version = record->policy_version;
    slot->reason = record->reason;
    slot->mode = record->mode;
    slot->has_parts = in_parts;
    slot->allowed = record->allowed;
    slot->would_deny = record->would_deny;
    slot->degraded = record->degraded;
    slot->is_low = record->is_low;
    slot->is_partial = record->is_partial;
    slot->is_charge = record->is_charge;
    slot->has_candidate = candidate->is_there;
    if (candidate->is_there) {
        memcpy(at, candidate, sizeof *candidate);
        at += sizeof *candidate;
    }
    if (in_parts) {
        slot->lengths[0] = (uint16_t)record_parts_write(record, at);
        at += slot->lengths[0];
    } else {
        slot->subject_is_ip = text_equal(record->subjects.at[0].name, TEXT(SUBJECT_IP));
        slot->lengths[0] = pack_text(&at, record->subjects.at[0].value);
    }
    slot->lengths[1] = pack_text(&at, record->route);
    slot->lengths[2] = pack_text(&at, record->role);
    return slot->is_far ? slot->far.size - far_bytes : 0;
}

static bool has_parts(const struct record *record)
{
    if (record->subjects.count != 1 || record->costs.count > 0 || record->denied_by.count > 0 ||
        record->override_count > 0 || record->is_partial)
        return true;

    const struct subject *subject = &record->subjects.at[0];

    return !text_equal(subject->name, TEXT(SUBJECT_USER)) &&
           !text_equal(subject->name, TEXT(SUBJECT_IP));
}

/* Room for so many bytes, in the slot or in its own space. */
static char *slot_reserve(struct ring_slot *slot, size_t bytes)
{
    const size_t size = slot->is_far ? slot->far.size : sizeof slot->near;

    if (bytes > size) {
        char *at = slot->is_far ? slot->far.at : NULL;

        slot->far.size = (bytes + FAR_STEP - 1) / FAR_STEP * FAR_STEP;
        slot->far.at = memory_resize(at, slot->far.size);
        slot->is_far = true;
    }
    return slot->is_far ? slot->far.at : slot->near;
}

static void count(struct ring_counts *counts, const struct record *record)
{
    if (record->is_charge)
        return;
    tally_record(tally_of(counts, record->counted_us / MINUTE_US), record);
    if (!record->allowed)
        count_subject(counts, TOP_DENIED, record, 1);
    if (record->charged != NULL)
        count_subject(counts, TOP_COST, record,
                      tally_cost(record, TEXT(MEASURE_REQUESTS), record->costs.requests));
}

static void count_subject(struct ring_counts *counts, enum top top, const struct record *record,
                          uint64_t times)
{
    if (times == 0)
        return;
    if (counts->tops[top] == NULL)
        counts->tops[top] = heavy_hitters_new();
    heavy_hitters_add(counts->tops[top], subjects_first(&record->subjects), times);
}

/* Both are taken long before a third minute comes, however the clock is set. If they are not, the
 * counts of one of them count for the third minute, which is the present one. */
static struct tally *tally_of(struct ring_counts *counts, int64_t minute)
{
    struct tally *tally = &counts->tallies[0];

    if (tally->count > 0 && tally->minute != minute)
        tally = &counts->tallies[1];
    tally->minute = minute;
    return tally;
}

static void slot_read(const struct ring_slot *slot, struct arena *arena, struct record *record)
{
    const char *at = slot->is_far ? slot->far.at : slot->near;

    *record = (struct record){
        .time_us = slot->time_us,
        .costs = {.requests = slot->cost},
        .allowed = slot->allowed,
        .would_deny = slot->would_deny,
        .reason = slot->reason,
        .remaining = slot->remaining,
        .policy_version = slot->policy_version,
        .mode = slot->mode,
        .degraded = slot->degraded,
        .is_low = slot->is_low,
        .is_partial = slot->is_partial,
        .is_charge = slot->is_charge,
    };
    if (slot->has_candidate) {
        memcpy(&record->candidate, at, sizeof record->candidate);
        at += sizeof record->candidate;
    }
    read_subject(slot, &at, arena, record);
    record->route = unpack_text(&at, slot->lengths[1], arena);
    record->role = unpack_text(&at, slot->lengths[2], arena);
}

static void read_subject(const struct ring_slot *slot, const char **at, struct arena *arena,
                         struct record *record)
{
    if (slot->has_parts) {
        record_parts_read((struct text){*at, slot->lengths[0]}, arena, record);
        *at += slot->lengths[0];
        return;
    }

    struct subject *subject = ARENA_NEW(arena, struct subject);

    subject->name = slot->subject_is_ip ? TEXT(SUBJECT_IP) : TEXT(SUBJECT_USER);
    subject->value = unpack_text(at, slot->lengths[0], arena);
    record->subjects = (struct subjects){.count = 1, .at = subject};
}

static uint16_t pack_text(char **at, struct text text)
{
    if (text_is_absent(text))
        return TEXT_ABSENT;
    ASSERT(text.length < TEXT_ABSENT);
    memcpy(*at, text.at, text.length);
    *at += text.length;
    return (uint16_t)text.length;
}

static struct text unpack_text(const char **at, uint16_t length, struct arena *arena)
{
    if (length == TEXT_ABSENT)
        return (struct text){0};
    const struct text text = {*at, length};

    *at += length;
    return text_copy(arena, text);
}
