/* SPDX-License-Identifier: MIT
 *
 * A bounded hash table of counters with an expiry: one stripe of the memory engine. Not locked: one
 * thread at a time. Time is an argument and may go back a little. */
#ifndef STORE_COUNTER_TABLE_H
#define STORE_COUNTER_TABLE_H

#include "limit/limit.h"

/* When the table is full, it chooses among this many counters which one to drop. */
#define COUNTER_TABLE_CANDIDATES 8
#define COUNTER_TABLE_COUNT_MIN  (COUNTER_TABLE_CANDIDATES + LIMITS_MAX)
#define COUNTER_TABLE_COUNT_MAX  (UINT32_C(1) << 30)

/* `low` has to be a keyed hash: it chooses the slot, and nobody outside may steer it. */
struct counter_id {
    uint64_t low;
    uint64_t high;
};

struct counter {
    struct counter_id id;
    struct limit_state state;
    int64_t expires_us; /* 0: an empty slot */
};

struct counter_table {
    struct counter *slots;
    uint32_t slot_count;
    uint32_t count;
    uint32_t count_max;
    uint32_t sweep_at;  /* the slot that the next sweep looks at */
    uint64_t evictions; /* counters dropped before they had expired */
};

/* `count_max` from COUNTER_TABLE_COUNT_MIN to .._COUNT_MAX. Starts small, doubles as counters come.
 */
void counter_table_init(struct counter_table *table, uint32_t count_max);
void counter_table_close(struct counter_table *table);

/* NULL when it is not there; else valid until the next add, remove or sweep. It may have expired.
 */
struct counter *counter_table_find(const struct counter_table *table, struct counter_id id);

/* Adds a counter that is not there yet. When full, drops one first: of a few looked at, the one
 * that expires soonest, but none of `spared` (at most LIMITS_MAX). */
void counter_table_add(struct counter_table *table, const struct counter *counter, int64_t now_us,
                       const struct counter_id spared[], size_t spared_count);

void counter_table_remove(struct counter_table *table, struct counter *counter);

/* Looks at the next few slots, round and round, and drops what has expired, so that room comes free
 * even where nobody asks again. To be called once per use of the table. */
void counter_table_sweep(struct counter_table *table, int64_t now_us);

size_t counter_table_bytes(const struct counter_table *table);

#endif
