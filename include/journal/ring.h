/* SPDX-License-Identifier: MIT
 *
 * The last JOURNAL_RECORDS decisions of one app: 120 KB when full, next to nothing while the app is
 * idle. A slot keeps the space of the longest texts it held, so a ring that has been round once
 * allocates nothing for records of the usual size. Any thread; the lock inside is held for one copy. */
#ifndef JOURNAL_RING_H
#define JOURNAL_RING_H

#include "journal/record.h"

struct arena;

#define JOURNAL_RECORDS 1000

struct ring;

struct ring *ring_new(void);
void ring_free(struct ring *ring);

/* Copies the record in, over the oldest when full. Returns its sequence number, from 1. */
uint64_t ring_add(struct ring *ring, const struct record *record);

/* Sequence number of the newest record, 0 when there is none. */
uint64_t ring_newest(struct ring *ring);

/* Copies the record of this number into `arena`; false when it has been overwritten or never was.
 */
bool ring_read(struct ring *ring, uint64_t sequence, struct arena *arena, struct record *record);

#endif
