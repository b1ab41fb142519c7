/* SPDX-License-Identifier: MIT
 *
 * The last JOURNAL_RECORDS decisions of one app: 120 KB when full of usual ones, 3.7 MB when full
 * of the largest, and nearly nothing while the app is idle. A slot keeps the space of the longest
 * texts that it held, so a full ring allocates nothing for records of the usual size. All of it can
 * be freed. The ring also counts all decisions until the counts are taken, because a busy app
 * overwrites records before they are read. A charge is kept, and not counted. Both are done under
 * one lock, which is held for one copy. Any thread. */
#ifndef JOURNAL_RING_H
#define JOURNAL_RING_H

#include "journal/heavy_hitters.h"
#include "journal/record.h"
#include "journal/tally.h"

#include <pthread.h>

struct arena;

#define JOURNAL_RECORDS 1000

/* What ring_take_counts() returns. A zeroed one is empty. */
struct ring_counts {
    struct tally tallies[2];          /* of two minutes, each with its `minute` unless empty */
    struct heavy_hitters *tops[TOPS]; /* NULL: no subject */
};

void ring_counts_close(struct ring_counts *counts);

/* All members are private. */
struct ring {
    pthread_mutex_t lock; /* guards all members below */
    uint64_t newest;
    uint64_t given_back;     /* records up to this number are not kept any more */
    struct ring_slot *slots; /* NULL: none */
    size_t far_bytes;        /* of texts outside the slots */
    struct ring_counts counts;
};

void ring_init(struct ring *ring);
void ring_close(struct ring *ring);

/* Copies the record into the ring, over the oldest when it is full, and counts it. Returns its
 * sequence number; the first is 1. */
uint64_t ring_add(struct ring *ring, const struct record *record);

/* The sequence number of the newest record; 0 when there is none. */
uint64_t ring_newest(struct ring *ring);

/* Records up to this number are not kept any more. */
uint64_t ring_lost(struct ring *ring);

/* Copies the record of this number into `arena`; false when it was overwritten, or never
 * existed. */
bool ring_read(struct ring *ring, uint64_t sequence, struct arena *arena, struct record *record);

/* Moves what was counted since the last call into `counts`, and replaces what is there. */
void ring_take_counts(struct ring *ring, struct ring_counts *counts);

/* What ring_give_back() would free. */
size_t ring_bytes(struct ring *ring);

/* Frees all slots and counts. The next record still gets the next number. Does nothing and returns
 * false when the newest record is not number `newest`, or something was counted after the counts
 * were last taken. */
MUST_USE bool ring_give_back(struct ring *ring, uint64_t newest);

#endif
