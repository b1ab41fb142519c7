/* SPDX-License-Identifier: MIT
 *
 * The record with sequence number n lies in slot n % JOURNAL_RECORDS until number n +
 * JOURNAL_RECORDS comes. */
#include "journal/ring.h"

#include "base/arena.h"
#include "base/memory.h"

#include <pthread.h>

#define SLOT_SPACE_STEP 32

struct slot {
    struct record record; /* its texts point into `space` */
    char *space;
    size_t space_size;
};

struct ring {
    pthread_mutex_t lock; /* guards all below */
    uint64_t newest;
    struct slot slots[JOURNAL_RECORDS];
};

static struct slot *ring_slot(struct ring *ring, uint64_t sequence);
static void slot_fill(struct slot *slot, const struct record *record);
static struct text append(char **at, struct text text);

struct ring *ring_new(void)
{
    struct ring *ring = MEMORY_NEW(struct ring);

    pthread_mutex_init(&ring->lock, NULL);
    return ring;
}

void ring_free(struct ring *ring)
{
    if (ring == NULL)
        return;
    for (size_t i = 0; i < JOURNAL_RECORDS; i++)
        free(ring->slots[i].space);
    pthread_mutex_destroy(&ring->lock);
    free(ring);
}

uint64_t ring_add(struct ring *ring, const struct record *record)
{
    pthread_mutex_lock(&ring->lock);
    uint64_t sequence = ++ring->newest;
    slot_fill(ring_slot(ring, sequence), record);
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

bool ring_read(struct ring *ring, uint64_t sequence, struct arena *arena, struct record *record)
{
    pthread_mutex_lock(&ring->lock);
    bool kept =
        sequence >= 1 && sequence <= ring->newest && ring->newest - sequence < JOURNAL_RECORDS;
    if (kept) {
        *record = ring_slot(ring, sequence)->record;
        record->subject = text_copy(arena, record->subject);
        record->route = text_copy(arena, record->route);
        record->role = text_copy(arena, record->role);
    }
    pthread_mutex_unlock(&ring->lock);
    return kept;
}

static struct slot *ring_slot(struct ring *ring, uint64_t sequence)
{
    return &ring->slots[sequence % JOURNAL_RECORDS];
}

static void slot_fill(struct slot *slot, const struct record *record)
{
    size_t needed = record->subject.length + record->route.length + record->role.length;

    if (needed > slot->space_size) {
        slot->space_size = (needed + SLOT_SPACE_STEP - 1) / SLOT_SPACE_STEP * SLOT_SPACE_STEP;
        slot->space = memory_resize(slot->space, slot->space_size);
    }
    char *at = slot->space;
    slot->record = *record;
    slot->record.subject = append(&at, record->subject);
    slot->record.route = append(&at, record->route);
    slot->record.role = append(&at, record->role);
}

/* A text without bytes stays what it was: absent or empty. */
static struct text append(char **at, struct text text)
{
    struct text copy = {*at, text.length};

    if (text.length == 0)
        return text_is_absent(text) ? text : TEXT("");
    memcpy(*at, text.at, text.length);
    *at += text.length;
    return copy;
}
