/* SPDX-License-Identifier: MIT
 *
 * The memory engine: one striped hash table that all workers of a process share, so that a limit
 * does not multiply by their number. Decides at once. Also the local fallback while Redis is away,
 * and the limiter of the management routes.
 *
 * Bounded by a number of counters (one per limit and subject), at most 96 bytes each; one with a
 * log of charges stands for as many as its log is large. When it is full, those that have expired
 * go first, then those of the tenant that gives way: see crowd.h. The latter are counted as
 * evictions. */
#ifndef STORE_STORE_MEMORY_H
#define STORE_STORE_MEMORY_H

#include "store/store.h"

/* Threads read their clocks at different moments: a take whose time is behind a counter's by so
 * much at most is decided at the counter's time. Further behind, the clock was set back. */
#define STORE_MEMORY_SKEW_US INT64_C(1000000)

struct memory_table;

/* `counters_max` >= 1024. Memory is taken as counters come. */
struct memory_table *memory_table_new(size_t counters_max);
void memory_table_free(struct memory_table *table);

/* Any thread. A lock of one stripe is held for the decision, nothing else. */
void memory_table_take(struct memory_table *table, const struct take *take,
                       struct outcome *outcome);
void memory_table_forget(struct memory_table *table, const struct take *take,
                         struct outcome *outcome);

struct memory_table_usage {
    size_t counters;
    size_t bytes;
    uint64_t evictions; /* counters thrown away that still mattered */
    uint64_t refused;   /* counters that made no sense, and counted as never seen */
};

struct memory_table_usage memory_table_usage(struct memory_table *table);

/* The store of one worker on the shared table, which is borrowed. */
struct store *store_memory_new(struct memory_table *table);

#endif
