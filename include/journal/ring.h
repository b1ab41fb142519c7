/* SPDX-License-Identifier: MIT
 *
 * The last JOURNAL_RECORDS decisions of one app: 120 KB when full, next to nothing while the app is
 * idle. A slot keeps the space of the longest texts it held, so a ring that has been round once
 * allocates nothing for records of the usual size; all of that can be given back. And what was
 * counted of all decisions since that was last taken away, since a busy app overruns its ring: both
 * are done under one lock. Any thread; the lock inside is held for one copy. */
#ifndef JOURNAL_RING_H
#define JOURNAL_RING_H

#include "journal/heavy_hitters.h"
#include "journal/record.h"
#include "journal/tally.h"

#include <pthread.h>

struct arena;

#define JOURNAL_RECORDS 1000

/* What ring_take_counts() hands out. A zeroed one is empty. */
struct ring_counts {
    struct tally tallies[2];      /* of two minutes, each of its own `minute`, unless empty */
    struct heavy_hitters *denied; /* NULL: nobody */
};

void ring_counts_close(struct ring_counts *counts);

/* Private, all of it. */
struct ring {
    pthread_mutex_t lock; /* guards all below */
    uint64_t newest;
    uint64_t given_back;     /* the records up to this number are not kept */
    struct ring_slot *slots; /* NULL while there are none */
    size_t far_bytes;        /* that texts take besides */
    struct ring_counts counts;
};

void ring_init(struct ring *ring);
void ring_close(struct ring *ring);

/* Copies the record in, over the oldest when full, and counts it. Returns its sequence number, from
 * 1. */
uint64_t ring_add(struct ring *ring, const struct record *record);

/* Sequence number of the newest record, 0 when there is none. */
uint64_t ring_newest(struct ring *ring);

/* The records up to this number are not kept any more. */
uint64_t ring_lost(struct ring *ring);

/* Copies the record of this number into `arena`; false when it has been overwritten or never was.
 */
bool ring_read(struct ring *ring, uint64_t sequence, struct arena *arena, struct record *record);

/* Moves what was counted since the last time into `counts`, in place of what is there. */
void ring_take_counts(struct ring *ring, struct ring_counts *counts);

/* What ring_give_back() would free. */
size_t ring_bytes(struct ring *ring);

/* Frees all of it. The next record takes the next number, as ever. False, and nothing is done, when
 * the newest record is not number `newest`, or something was counted since the counts were taken.
 */
MUST_USE bool ring_give_back(struct ring *ring, uint64_t newest);

#endif
