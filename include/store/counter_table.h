/* SPDX-License-Identifier: MIT
 *
 * A bounded hash table of counters with an expiry: one stripe of the memory engine. Not locked: one
 * thread at a time. Time is an argument and may go back a little.
 *
 * When it is full, one of a few counters spread over the table goes: one that has expired, else one
 * of the tenant that holds the most counters (of the one that adds, if they hold as many), and of
 * those the one that expires soonest. So who takes the most room pays, and a tenant that holds
 * little keeps it, however long the windows and however many the subjects of the others. */
#ifndef STORE_COUNTER_TABLE_H
#define STORE_COUNTER_TABLE_H

#include "limit/limit.h"

/* When the table is full, it chooses among this many counters which one to drop. */
#define COUNTER_TABLE_CANDIDATES 16
#define COUNTER_TABLE_COUNT_MIN  (2 * LIMITS_MAX) /* some are left when one take's are spared */
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
    uint32_t tenant;
};

/* How many counters a tenant holds. */
struct counter_room {
    uint32_t tenant;
    uint32_t count; /* 0: an empty slot */
};

struct counter_table {
    struct counter *slots;
    struct counter_room *rooms; /* `slot_count` as well: there may be a tenant per counter */
    uint32_t slot_count;
    uint32_t count;
    uint32_t count_max;
    uint32_t sweep_at;  /* the slot that the next sweep looks at */
    uint32_t look_at;   /* where the last candidate was, as a fraction of 2^32 */
    uint64_t evictions; /* counters dropped before they had expired */
};

/* `count_max` from COUNTER_TABLE_COUNT_MIN to .._COUNT_MAX. Starts small, doubles as counters come.
 */
void counter_table_init(struct counter_table *table, uint32_t count_max);
void counter_table_close(struct counter_table *table);

/* NULL when it is not there; else valid until the next add, remove or sweep. It may have expired.
 */
struct counter *counter_table_find(const struct counter_table *table, struct counter_id id);

/* Adds a counter that is not there yet. When full, drops another first, but none of `spared` (at
 * most LIMITS_MAX). */
void counter_table_add(struct counter_table *table, const struct counter *counter, int64_t now_us,
                       const struct counter_id spared[], size_t spared_count);

void counter_table_remove(struct counter_table *table, struct counter *counter);

/* Looks at the next few slots, round and round, and drops what has expired, so that room comes free
 * even where nobody asks again. To be called once per use of the table. */
void counter_table_sweep(struct counter_table *table, int64_t now_us);

size_t counter_table_bytes(const struct counter_table *table);

#endif
