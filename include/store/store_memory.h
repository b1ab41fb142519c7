/* SPDX-License-Identifier: MIT
 *
 * The memory engine: one striped hash table that all workers of a process share, so that a limit is
 * not multiplied by their number. It decides at once. It is also the local fallback while Redis is
 * away, and the limiter of the management routes.
 *
 * Bounded by a number of counters (one per limit and subject), at most 96 bytes each. A counter
 * with a log of charges counts as many as fit into its size. When the table is full, expired
 * counters go first, and then those of the tenant that gives way (see crowd.h). The latter are
 * counted as evictions. */
#ifndef STORE_STORE_MEMORY_H
#define STORE_STORE_MEMORY_H

#include "store/store.h"

/* Threads read their clocks at different moments. So if an operation's time is behind a counter's
 * by at most this, it is decided at the counter's time. If it is further behind, the clock was set
 * back. */
#define STORE_MEMORY_SKEW_US INT64_C(1000000)

struct memory_table;

/* `counters_max` >= 1024. Memory grows as counters come. */
struct memory_table *memory_table_new(size_t counters_max);
void memory_table_free(struct memory_table *table);

/* Does what the operation says. Any thread. The locks of its sets' stripes are held for the
 * decision, and for nothing else. */
void memory_table_ask(struct memory_table *table, const struct operation *operation,
                      struct outcome *outcome);

struct memory_table_usage {
    size_t counters;
    size_t bytes;
    uint64_t evictions; /* counters dropped before they had expired */
    uint64_t refused;   /* counters whose state was impossible, and counted as never seen */
};

struct memory_table_usage memory_table_usage(struct memory_table *table);

/* The store of one worker on the shared table, which is borrowed. */
struct store *store_memory_new(struct memory_table *table);

#endif
