/* SPDX-License-Identifier: MIT
 *
 * Finds the subjects that come most often, in little memory however many come: Space-Saving
 * (Metwally, Agrawal, El Abbadi: Efficient Computation of Frequent and Top-k Elements in Data
 * Streams, 2005).
 *
 * It holds HEAVY_HITTERS subjects, each with a count and an error: the subject came at least count
 * - error and at most count times. Every subject that came more often than heavy_hitters_bound() is
 * among them. That bound is at most the number of all additions, divided by HEAVY_HITTERS. Two of
 * these merge into one with the same guarantees (Agarwal et al.: Mergeable Summaries, 2012). Not
 * shared between threads. */
#ifndef JOURNAL_HEAVY_HITTERS_H
#define JOURNAL_HEAVY_HITTERS_H

#include "base/buffer.h"
#include "limit/subjects.h"

#define HEAVY_HITTERS 64

/* Who is named: those who were denied most often, and those who were charged the most requests. */
enum top { TOP_DENIED, TOP_COST, TOPS };

struct heavy_hitters;

struct hitter {
    struct subject subject; /* its texts are borrowed */
    uint64_t count;
    uint64_t error;
};

struct heavy_hitters *heavy_hitters_new(void);
void heavy_hitters_free(struct heavy_hitters *hitters);
/* Empties it, and keeps its space. */
void heavy_hitters_clear(struct heavy_hitters *hitters);

/* What heavy_hitters_free() would free. */
size_t heavy_hitters_bytes(const struct heavy_hitters *hitters);

/* Counts one subject that came `times` times. Allocates only for one longer than earlier ones. */
void heavy_hitters_add(struct heavy_hitters *hitters, const struct subject *subject,
                       uint64_t times);
/* Adds all of `from`. */
void heavy_hitters_merge(struct heavy_hitters *hitters, const struct heavy_hitters *from);

/* A subject that is not held came at most so often. */
uint64_t heavy_hitters_bound(const struct heavy_hitters *hitters);

/* Writes the `max` subjects with the highest counts to `top`, the highest first. Returns how many
 * there are. */
size_t heavy_hitters_top(const struct heavy_hitters *hitters, size_t max, struct hitter top[]);

/* Packs them to bytes, and reads such bytes back into an empty one. False: the bytes are something
 * else. */
void heavy_hitters_write(const struct heavy_hitters *hitters, struct buffer *buffer);
MUST_USE bool heavy_hitters_read(struct heavy_hitters *hitters, struct text packed);

#endif
