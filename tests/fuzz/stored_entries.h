/* SPDX-License-Identifier: MIT
 *
 * The entries of a string in Redis, as include/store/take_script.h describes them, read and written
 * by C. */
#ifndef TESTS_FUZZ_STORED_ENTRIES_H
#define TESTS_FUZZ_STORED_ENTRIES_H

#include "limit/limit.h"

/* How many entries of other limits are kept, and how many numbers an entry has at most. */
#define STORED_OTHERS_MAX  8
#define STORED_NUMBERS_MAX 6
/* As many bytes as the scripts read. */
#define STORED_BYTES_MAX 1024

/* The id of limit 0, 1, ..., without the number of its numbers. */
#define STORED_ENTRIES_ID(number) ((uint64_t)((number) + 1) << 8)

struct stored_entry {
    uint64_t id;
    double numbers[STORED_NUMBERS_MAX]; /* the first is the end of the entry */
};

struct stored_entries {
    size_t count;
    struct stored_entry at[LIMITS_MAX + 2 * STORED_OTHERS_MAX];
};

/* Adds one with so many numbers as its id says. */
void stored_entries_add(struct stored_entries *entries, uint64_t id, const double numbers[]);

/* Returns how many bytes. */
size_t stored_entries_write(const struct stored_entries *entries,
                            unsigned char stored[static STORED_BYTES_MAX]);

/* The entries with these ids, all zero where there is none, and then the others that must be
 * kept. */
void stored_entries_read(struct stored_entries *entries, const unsigned char *stored, size_t length,
                         const uint64_t ids[], size_t id_count, int64_t now_us);

/* Only the entries with these ids, and no number in them. */
void stored_entries_refuse(struct stored_entries *entries, const uint64_t ids[], size_t id_count);

#endif
