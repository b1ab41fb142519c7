/* SPDX-License-Identifier: MIT
 *
 * A bounded hash table of counters with an expiry: one stripe of the memory engine. Not locked: one
 * thread at a time. Time is an argument and may go back a little. It owns the logs of the counters
 * that have one.
 *
 * It is bounded in room: a counter takes 1, and one with a log as many more as fit into the log's
 * bytes. When it is full, one of a few counters spread over the table goes: one that has expired,
 * else one of the tenant that takes the most room (of the one that adds, if they take as much), and
 * of those the one that expires soonest. So who takes the most room pays, and a tenant that takes
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
    uint16_t room; /* the table's own account */
    bool has_log;  /* the state is a log and no numbers */
};

/* How much room a tenant takes. */
struct counter_room {
    uint32_t tenant;
    uint32_t taken; /* 0: an empty slot */
};

struct counter_table {
    struct counter *slots;
    struct counter_room *rooms; /* `slot_count` as well: there may be a tenant per counter */
    uint32_t slot_count;
    uint32_t count; /* slots in use */
    uint32_t room_taken;
    uint32_t room_max;  /* passed only where as few counters are left as a take may have */
    uint32_t sweep_at;  /* the slot that the next sweep looks at */
    uint32_t look_at;   /* where the last candidate was, as a fraction of 2^32 */
    uint64_t evictions; /* counters dropped before they had expired */
};

/* `room_max` from COUNTER_TABLE_COUNT_MIN to .._COUNT_MAX. Starts small, grows as counters come.
 */
void counter_table_init(struct counter_table *table, uint32_t room_max);
void counter_table_close(struct counter_table *table);

/* NULL when it is not there; else valid until the next add, refit, remove or sweep. It may have
 * expired. */
struct counter *counter_table_find(const struct counter_table *table, struct counter_id id);

/* Adds a counter that is not there yet, and takes over its log. When full, drops others first, but
 * none of `spared` (at most LIMITS_MAX). */
void counter_table_add(struct counter_table *table, const struct counter *counter, int64_t now_us,
                       const struct counter_id spared[], size_t spared_count);

/* Gives a counter another state, and lets its old log go unless it is the same. True when its room
 * is no longer what it was: counter_table_refit() has to follow. */
MUST_USE bool counter_table_set(struct counter *counter, const struct limit_state *state,
                                bool has_log);

/* Accounts for the room that the counter now takes, if it is there; drops others as an add does. */
void counter_table_refit(struct counter_table *table, struct counter_id id, int64_t now_us,
                         const struct counter_id spared[], size_t spared_count);

void counter_table_remove(struct counter_table *table, struct counter *counter);

/* Looks at the next few slots, round and round, and drops what has expired, so that room comes free
 * even where nobody asks again. To be called once per use of the table. */
void counter_table_sweep(struct counter_table *table, int64_t now_us);

size_t counter_table_bytes(const struct counter_table *table);

#endif
