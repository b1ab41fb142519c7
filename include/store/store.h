/* SPDX-License-Identifier: MIT
 *
 * Where counters live. Two engines behind one interface: store_memory.c (this process) and
 * store_redis.c (shared by any number of instances). A store reports facts; what a failure means
 * for the caller is not its business: see api/decision.h. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/digest.h"
#include "limit/limit.h"
#include "limit/policy.h"

/* Names the counters of one subject under one policy. */
struct counter_key {
    struct digest subject;
    uint64_t policy_id;
    struct digest layout; /* of the rule */
    uint32_t tenant;      /* the app's: whose room the counters take; counting ignores it */
};

struct take {
    struct counter_key key;
    const struct limit *limits; /* borrowed for the call */
    size_t limit_count;
    int64_t cost;   /* 0 looks */
    bool fills;     /* charges as much of `cost` as fits, not all of it or none */
    int64_t now_us; /* of the process clock; engines with a clock of their own ignore it */
};

enum store_answer { STORE_NOW, STORE_LATER };

/* `outcome->status` says how it went; borrowed for the call. */
typedef void store_done_fn(void *context, const struct outcome *outcome);

struct store;

/* For the operator: which of the two it is that keeps a store from deciding, and how many calls
 * wait for their turn. */
struct store_health {
    bool is_connected;
    bool breaker_is_open;
    size_t calls_waiting;
};

/* What an engine implements; see the functions below. */
struct store_engine {
    enum store_answer (*take)(struct store *store, const struct take *take, struct outcome *outcome,
                              void *context, store_done_fn *done);
    enum store_answer (*forget)(struct store *store, const struct take *take,
                                struct outcome *outcome, void *context, store_done_fn *done);
    void (*serve)(struct store *store);
    bool (*is_ready)(const struct store *store);
    struct store_health (*health)(const struct store *store);
    void (*free)(struct store *store);
};

struct store {
    const struct store_engine *engine;
};

/* Decides and charges, or not: TAKE_QUOTA where the tenant has too many counters to have another
 * one. STORE_NOW: *outcome is filled, `done` never runs. STORE_LATER: `done` runs
 * exactly once, on this worker's loop or in store_serve(), never inside this call, at latest one
 * turn after the engine's timeout. The worker's thread that owns the store, as all below. */
enum store_answer store_take(struct store *store, const struct take *take, struct outcome *outcome,
                             void *context, store_done_fn *done);

/* Forgets the counters of take->key; cost is ignored. Answers like store_take(); afterwards
 * outcome->count is the number of limits that had counters, 0 or take->limit_count. */
enum store_answer store_forget(struct store *store, const struct take *take,
                               struct outcome *outcome, void *context, store_done_fn *done);

/* In the middle of a long turn of the loop: calls that were made are sent, and those that are
 * answered are done. Not from a `done`. */
void store_serve(struct store *store);

/* Whether a take would now be decided by this engine. */
bool store_is_ready(const struct store *store);

struct store_health store_health(const struct store *store);

/* Calls still out are answered TAKE_DOWN before this returns. */
void store_free(struct store *store);

#endif
