/* SPDX-License-Identifier: MIT
 *
 * Where counters live. Two engines behind one interface: store_memory.c (this process) and
 * store_redis.c (shared by any number of instances). A store reports facts; api/decision.h decides
 * what a failure means for the caller. */
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
    uint32_t tenant;      /* of the app, whose room the counters take; decisions ignore it */
};

struct take {
    struct counter_key key;
    const struct limit *limits; /* borrowed for the call */
    size_t limit_count;
    int64_t cost;   /* 0 looks */
    bool fills;     /* charges as much of `cost` as fits, instead of all or none */
    int64_t now_us; /* by the process clock; engines with their own clock ignore it */
};

enum store_answer { STORE_NOW, STORE_LATER };

/* `outcome->status` says how it went; borrowed for the call. */
typedef void store_done_fn(void *context, const struct outcome *outcome);

struct store;

/* For the operator: which of the two keeps a store from deciding, and how many calls wait for their
 * turn. */
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

/* Decides, and charges if it allows. TAKE_QUOTA: the tenant has too many counters to get another
 * one. STORE_NOW: *outcome is filled, and `done` never runs. STORE_LATER: `done` runs exactly once,
 * on this worker's loop or in store_serve(), but never inside this call, and at the latest one turn
 * after the engine's timeout. This function and all below run on the worker's thread that owns the
 * store. */
enum store_answer store_take(struct store *store, const struct take *take, struct outcome *outcome,
                             void *context, store_done_fn *done);

/* Forgets the counters of take->key; cost is ignored. Answers like store_take(); afterwards
 * outcome->count is the number of limits that had counters, 0 or take->limit_count. */
enum store_answer store_forget(struct store *store, const struct take *take,
                               struct outcome *outcome, void *context, store_done_fn *done);

/* To be called in the middle of a long turn of the loop: sends the calls that were made, and runs
 * `done` for those that are answered. Must not be called from a `done`. */
void store_serve(struct store *store);

/* Whether this engine would now decide a take. */
bool store_is_ready(const struct store *store);

struct store_health store_health(const struct store *store);

/* Calls that are still out are answered with TAKE_DOWN before this returns. */
void store_free(struct store *store);

#endif
