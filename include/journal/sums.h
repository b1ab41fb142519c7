/* SPDX-License-Identifier: MIT
 *
 * Sums by name: what was charged in each measure, or how often each limit has denied. There are at
 * most SUMS_MAX names; what comes for further ones is in the sum of "(other)". A zeroed one is
 * empty. Not shared between threads. */
#ifndef JOURNAL_SUMS_H
#define JOURNAL_SUMS_H

#include "base/buffer.h"

#define SUMS_MAX            16
#define SUMS_NAME_BYTES_MAX 32
#define SUMS_VALUE_MAX      ((uint64_t)INT64_MAX) /* a sum does not go beyond */
/* Packed: for each name its bytes, one for its length, and the number. */
#define SUMS_BYTES_MAX ((SUMS_MAX + 1) * (SUMS_NAME_BYTES_MAX + 1 + 10))

struct sum {
    uint64_t value;
    uint8_t length;
    char name[SUMS_NAME_BYTES_MAX];
};

struct sums {
    struct sum *at; /* in the order they came */
    uint32_t count;
    uint32_t capacity;
};

/* a + b, but at most SUMS_VALUE_MAX: a count that was stored may be anything. */
uint64_t sums_plus(uint64_t a, uint64_t b);

void sums_close(struct sums *sums);
/* Empties it, and keeps its space. */
void sums_clear(struct sums *sums);
/* What sums_close() would free. */
size_t sums_bytes(const struct sums *sums);

/* Allocates only when there are more names than ever since sums_close(). A name that is too long
 * counts as "(other)". */
void sums_add(struct sums *sums, struct text name, uint64_t value);
/* Adds all of `from`. */
void sums_merge(struct sums *sums, const struct sums *from);

/* Packs them to bytes; adds such bytes. Of bytes that are something else a part may be added. */
void sums_write(const struct sums *sums, struct buffer *buffer);
void sums_add_packed(struct sums *sums, struct text packed);

#endif
