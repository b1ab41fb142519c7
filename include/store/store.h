/* SPDX-License-Identifier: MIT
 *
 * Where counters live. Two engines behind one interface: store_memory.c (this process) and
 * store_redis.c (shared by any number of instances). A store reports facts; api/decision.h decides
 * what a failure means for the caller. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "store/operation.h"

#define STORE_NODES_MAX 512

enum store_answer { STORE_NOW, STORE_LATER };

/* `outcome->status` says how it went; borrowed for the call. */
typedef void store_done_fn(void *context, const struct outcome *outcome);

struct store;

/* For the operator: which of the two keeps a store from deciding, and how many calls wait for their
 * turn. A store of several nodes counts all. */
struct store_health {
    size_t nodes;
    size_t links_connected;
    size_t breakers_open;
    size_t calls_waiting;
};

/* A look at what decides: the caller's storage, which stays where it is until the look is over. */
struct store_look {
    size_t count; /* nodes; a store in this process is one */
    struct store_seen {
        uint16_t number; /* the same from look to look, while the node is there */
        bool decides;
        struct store_look *look;
    } nodes[STORE_NODES_MAX];
    size_t out; /* how many have not answered yet */
    void *context;
    void (*done)(void *context);
};

/* What an engine implements; see the functions below. */
struct store_engine {
    enum store_answer (*ask)(struct store *store, const struct operation *operation,
                             struct outcome *outcome, void *context, store_done_fn *done);
    enum store_answer (*look)(struct store *store, struct store_look *look);
    uint16_t (*place)(const struct store *store, const struct operation *operation); /* NULL: 0 */
    void (*serve)(struct store *store);
    bool (*is_ready)(const struct store *store);
    bool (*has_started)(const struct store *store);
    struct store_health (*health)(const struct store *store);
    void (*free)(struct store *store);
};

struct store {
    const struct store_engine *engine;
};

/* Does what the operation says. outcome->status is TAKE_QUOTA if the tenant has too many counters
 * to get another one. After OPERATION_FORGET outcome->count is the number of limits that had
 * counters. STORE_NOW: *outcome is filled, and `done` never runs. STORE_LATER: `done` runs exactly
 * once, on this worker's loop or in store_serve(), but never inside this call, and at the latest
 * one turn after the engine's timeout. A `done` may ask again. This function and all below run on
 * the worker's thread that owns the store. */
enum store_answer store_ask(struct store *store, const struct operation *operation,
                            struct outcome *outcome, void *context, store_done_fn *done);

/* Which node has the operation's counters: its number, as in a look, or STORE_NODES_MAX if none has
 * them. 0 if there is only one. Changes when they move. */
uint16_t store_place(const struct store *store, const struct operation *operation);

/* Asks each node for a decision (probe.h). STORE_NOW: the look is over, and `done` never runs.
 * STORE_LATER: as for store_ask(). The caller sets `context` and `done`. One look at a time. */
enum store_answer store_look(struct store *store, struct store_look *look);

/* Whether all nodes that a look saw decide. False if there are none. */
bool store_look_is_good(const struct store_look *look);

/* To be called in the middle of a long turn of the loop: sends the calls that were made, and runs
 * `done` for those that are answered. Must not be called from a `done`. */
void store_serve(struct store *store);

/* Whether this engine would now decide anything: at least one of its nodes is asked. */
bool store_is_ready(const struct store *store);

/* For a worker that begins: whether it is ready, and each node that is not was tried in vain. */
bool store_has_started(const struct store *store);

/* Also brings the figures of its nodes up to date (metrics/metrics.h). */
struct store_health store_health(const struct store *store);

/* Calls that are still out are answered with TAKE_DOWN before this returns. */
void store_free(struct store *store);

#endif
