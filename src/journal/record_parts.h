/* SPDX-License-Identifier: MIT
 *
 * What few records have, in few bytes: several subjects, measures, limits that denied it or that it
 * overrode, and what was granted. For the ring. */
#ifndef RECORD_PARTS_H
#define RECORD_PARTS_H

#include "journal/record.h"

/* How many bytes they take at most. */
size_t record_parts_bytes(const struct record *record);

/* Writes them to `at`, which has room for record_parts_bytes(). Returns how many bytes they
 * take. */
size_t record_parts_write(const struct record *record, char *at);

/* Reads what record_parts_write() has written. Copies it into `arena`. record->is_partial must be
 * what it was then. */
void record_parts_read(struct text packed, struct arena *arena, struct record *record);

#endif
