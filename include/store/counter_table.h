/* SPDX-License-Identifier: MIT
 *
 * A bounded hash table of counters with an expiry: one stripe of the memory engine. Not locked: one
 * thread at a time. Time is an argument and may go back a little. It owns the logs of the counters
 * that have one.
 *
 * It is bounded in room: a counter takes 1, and one with a log as many more as fit into the log's
 * bytes. When it is full, a counter that has expired goes, if a few that are spread over the table
 * hold one; else one of the tenant that gives way by the rule in crowd.h, and of a few of its
 * counters the one that expires soonest. Where nobody holds a thousandth, of the spread ones one of
 * who holds the most.
 *
 * No call drops more than a few. What a log that grew took beyond the room is made up for by the
 * next uses, at the cost of the tenant whose log it was. So the room is passed only for as long as
 * that takes, and by the counters of one take, which never drop each other. */
#ifndef STORE_COUNTER_TABLE_H
#define STORE_COUNTER_TABLE_H

#include "limit/limit.h"
#include "store/crowd.h"
#include "store/tenant_rooms.h"

#define COUNTER_TABLE_COUNT_MIN (2 * LIMITS_MAX) /* some are left when one take's are spared */
#define COUNTER_TABLE_COUNT_MAX (UINT32_C(1) << 23)

/* `low` has to be a keyed hash: it chooses the slot, and nobody outside may steer it. */
struct counter_id {
    uint64_t low;
    uint64_t high;
};

struct counter {
    struct counter_id id;
    struct limit_state state;
    int64_t expires_us;
    uint32_t tenant;
    uint32_t next; /* the tenant's counters are a ring; the table's own account, as `room` */
    uint32_t previous;
    uint16_t room;
    bool has_log; /* the state is a log and no numbers */
};

struct counter_table {
    struct counter *counters; /* without a gap */
    uint32_t *slots;          /* by id, where the counter is; 0: empty */
    uint32_t space;           /* for counters */
    uint32_t slot_count;
    uint32_t count;
    uint32_t sweep_at; /* the counter that the next sweep looks at */
    uint32_t look_at;  /* where the last candidate was, as a fraction of 2^32 */
    uint32_t debtor;   /* whose log took room beyond the bound */
    struct tenant_rooms rooms;
    struct crowd crowd;
    uint64_t evictions; /* counters dropped before they had expired */
    uint64_t looks;     /* at counters, to find one to drop */
};

/* What the table is used for: a take at a time. None of its counters are dropped. */
struct counter_use {
    int64_t now_us;
    const struct counter_id *spared;
    size_t spared_count; /* at most LIMITS_MAX */
};

/* `room_max` from COUNTER_TABLE_COUNT_MIN to .._COUNT_MAX. Starts small, grows as counters come.
 */
void counter_table_init(struct counter_table *table, uint32_t room_max);
void counter_table_close(struct counter_table *table);

/* NULL when it is not there; else valid until the next add, refit, remove or sweep. It may have
 * expired. */
struct counter *counter_table_find(const struct counter_table *table, struct counter_id id);

/* Adds a counter that is not there yet, and takes over its log. When full, drops others first. */
void counter_table_add(struct counter_table *table, const struct counter *counter,
                       const struct counter_use *use);

/* Gives a counter another state, and lets its old log go unless it is the same. True when its room
 * is no longer what it was: counter_table_refit() has to follow. */
MUST_USE bool counter_table_set(struct counter *counter, const struct limit_state *state,
                                bool has_log);

/* Accounts for the room that the counter now takes, if it is there; drops others as an add does. It
 * has to be among the spared. */
void counter_table_refit(struct counter_table *table, struct counter_id id,
                         const struct counter_use *use);

void counter_table_remove(struct counter_table *table, struct counter *counter);

/* Looks at the next few counters, round and round, and drops what has expired, so that room comes
 * free even where nobody asks again; and some of what is beyond the bound. To be called once per
 * use of the table. */
void counter_table_sweep(struct counter_table *table, const struct counter_use *use);

size_t counter_table_bytes(const struct counter_table *table);

#endif
