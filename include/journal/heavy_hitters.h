/* SPDX-License-Identifier: MIT
 *
 * Who comes most often, in little memory however many come: Space-Saving (Metwally, Agrawal,
 * El Abbadi: Efficient Computation of Frequent and Top-k Elements in Data Streams, 2005).
 *
 * HEAVY_HITTERS subjects are held, each with a count and an error: it came at least count - error
 * and at most count times. Whoever came more often than heavy_hitters_bound() is among them, and
 * that bound is at most the number of all that was added, divided by HEAVY_HITTERS. Two of them
 * merge into one of the same guarantees (Agarwal et al.: Mergeable Summaries, 2012). Not shared
 * between threads. */
#ifndef JOURNAL_HEAVY_HITTERS_H
#define JOURNAL_HEAVY_HITTERS_H

#include "base/buffer.h"

#define HEAVY_HITTERS 64

struct heavy_hitters;

struct hitter {
    struct text name; /* borrowed */
    bool is_ip;
    uint64_t count;
    uint64_t error;
};

struct heavy_hitters *heavy_hitters_new(void);
void heavy_hitters_free(struct heavy_hitters *hitters);
/* Empties it, and keeps its space. */
void heavy_hitters_clear(struct heavy_hitters *hitters);

/* What heavy_hitters_free() would free. */
size_t heavy_hitters_bytes(const struct heavy_hitters *hitters);

/* One that came. Allocates only for a name longer than those before it. */
void heavy_hitters_add(struct heavy_hitters *hitters, bool is_ip, struct text name);
/* Adds all of `from`. */
void heavy_hitters_merge(struct heavy_hitters *hitters, const struct heavy_hitters *from);

/* Whoever is not held came at most so often. */
uint64_t heavy_hitters_bound(const struct heavy_hitters *hitters);

/* The `max` of the highest counts, the highest first, into `top`. Returns how many there are. */
size_t heavy_hitters_top(const struct heavy_hitters *hitters, size_t max, struct hitter top[]);

/* Packs them to bytes, and reads those back into an empty one. False: it is something else. */
void heavy_hitters_write(const struct heavy_hitters *hitters, struct buffer *buffer);
MUST_USE bool heavy_hitters_read(struct heavy_hitters *hitters, struct text packed);

#endif
