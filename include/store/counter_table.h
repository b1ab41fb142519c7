/* SPDX-License-Identifier: MIT
 *
 * A bounded hash table of counters with an expiry: one stripe of the memory engine. Not locked: one
 * thread at a time. Time is an argument and may go back a little. It owns the counters' logs.
 *
 * Its room is bounded: a counter takes 1, and a log as many more as counters would fit into its
 * bytes. When it is full, it looks at a few counters spread over the table, and drops one that has
 * expired. If none has, the tenant gives way that the rule in crowd.h names: of a few of its
 * counters the one that expires soonest is dropped. If no tenant holds a thousandth, it drops one
 * of the spread counters, of the tenant that holds the most.
 *
 * No call drops more than a few. If a log grows beyond the room, the next uses drop counters until
 * it fits again, at the cost of the log's tenant. So the table exceeds its room only for that long.
 * It may also exceed it by the counters of one operation, which never drop each other. */
#ifndef STORE_COUNTER_TABLE_H
#define STORE_COUNTER_TABLE_H

#include "limit/limit.h"
#include "store/crowd.h"
#include "store/tenant_rooms.h"

#define COUNTER_TABLE_COUNT_MIN (2 * LIMITS_MAX) /* one operation's are spared */
#define COUNTER_TABLE_COUNT_MAX (UINT32_C(1) << 23)

/* `low` must be a keyed hash: it chooses the slot, and no client may control that. */
struct counter_id {
    uint64_t low;
    uint64_t high;
};

struct counter {
    struct counter_id id;
    struct limit_state state;
    int64_t expires_us;
    uint32_t tenant;
    uint32_t next; /* the tenant's counters are a ring; only the table uses this, and `room` */
    uint32_t previous;
    uint16_t room;
    uint8_t kind; /* an enum state_kind */
};

struct counter_table {
    struct counter *counters; /* without gaps */
    uint32_t *slots;          /* by id: where the counter is; 0: empty */
    uint32_t space;           /* how many counters fit */
    uint32_t slot_count;
    uint32_t count;
    uint32_t sweep_at; /* the counter that the next sweep looks at */
    uint32_t look_at;  /* where the last candidate was, as a fraction of 2^32 */
    uint32_t debtor;   /* the tenant whose log took room beyond the bound */
    struct tenant_rooms rooms;
    struct crowd crowd;
    uint64_t evictions; /* counters dropped before they had expired */
    uint64_t looks;     /* how many counters were looked at, to find one to drop */
};

/* One use of the table: one operation, whose counters are not dropped. */
struct counter_use {
    int64_t now_us;
    const struct counter_id *spared;
    size_t spared_count; /* at most LIMITS_MAX */
};

/* `room_max` from COUNTER_TABLE_COUNT_MIN to .._COUNT_MAX. It starts small, and grows as counters
 * come. */
void counter_table_init(struct counter_table *table, uint32_t room_max);
void counter_table_close(struct counter_table *table);

/* NULL when it is not there; else valid until the next add, refit, remove or sweep. The counter may
 * have expired. */
struct counter *counter_table_find(const struct counter_table *table, struct counter_id id);

/* Adds a counter that is not there yet, and takes over its log. If the table is full, drops others
 * first. */
void counter_table_add(struct counter_table *table, const struct counter *counter,
                       const struct counter_use *use);

/* Gives a counter another state, and frees its old log unless it is the same one. True when its
 * room has changed: then counter_table_refit() must follow. */
MUST_USE bool counter_table_set(struct counter *counter, const struct limit_state *state,
                                enum state_kind kind);

/* Counts the room that the counter now takes, if it is there, and drops others as an add does. It
 * must be among the spared. */
void counter_table_refit(struct counter_table *table, struct counter_id id,
                         const struct counter_use *use);

void counter_table_remove(struct counter_table *table, struct counter *counter);

/* Looks at the next few counters, round and round, and drops expired ones, so that their room is
 * free even if nobody asks for them again. Also drops some counters if the table exceeds its room.
 * To be called once per use of the table. */
void counter_table_sweep(struct counter_table *table, const struct counter_use *use);

size_t counter_table_bytes(const struct counter_table *table);

#endif
