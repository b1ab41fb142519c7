/* SPDX-License-Identifier: MIT
 *
 * What a record may have several of, in few bytes: its subjects, its measures, and the limits that
 * denied it. For the ring. */
#ifndef RECORD_PARTS_H
#define RECORD_PARTS_H

#include "journal/record.h"

/* How many bytes they take at most. */
size_t record_parts_bytes(const struct record *record);

/* Writes them to `at`, which has room for record_parts_bytes(). Returns how many bytes they
 * take. */
size_t record_parts_write(const struct record *record, char *at);

/* Reads what record_parts_write() has written. Copies it into `arena`. */
void record_parts_read(struct text packed, struct arena *arena, struct record *record);

#endif
