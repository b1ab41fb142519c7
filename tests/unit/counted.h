/* SPDX-License-Identifier: MIT
 *
 * The counters of one subject in an engine, for tests of the invariants; the clock is an argument.
 * The engines are the memory engine and the script in a real Redis. A program runs each of its
 * tests on both. Main thread only. */
#ifndef UNIT_COUNTED_H
#define UNIT_COUNTED_H

#include "base/duration.h"
#include "limit/algorithm.h"
#include "store/store.h"
#include "support/cmocka.h"

#define SECOND SECOND_US
/* A time of our days, in the form of Redis' TIME. */
#define COUNTED_WALL_US INT64_C(1763735373123457)

/* The *state of each test. */
struct counted_engine {
    const char *name;
    void (*ask)(const struct operation *operation, struct outcome *outcome);
    int64_t takes_in_seconds; /* how many takes even a slow machine does in a few seconds */
};

/* The counters of one set of subjects under one policy. Plain value. Between takes its limits may
 * change to others with the same algorithms and windows. */
struct counted {
    const struct counted_engine *engine;
    struct digest set;
    uint64_t policy_id;
    size_t count;
    struct limit limits[LIMITS_MAX];
    struct outcome outcome; /* of the last take */
};

/* The body of main(): runs the tests on each engine, as one group per engine. */
int counted_run_tests(const struct CMUnitTest tests[], size_t count);

struct limit counted_limit(enum algorithm_id algorithm, int64_t quota, int64_t seconds,
                           int64_t burst);
/* A limit that is often reached: a quota of 1..12, a window of 1..100 s, a burst of 1..12 if the
 * algorithm has one. Uses random.h, like all other random values here. */
struct limit counted_random_limit(enum algorithm_id algorithm);

/* For a subject that is new to the engine. */
struct counted counted_new(const struct counted_engine *engine, const struct limit limits[],
                           size_t count);
struct counted counted_of(const struct counted_engine *engine, struct limit limit);

/* Whether it was allowed. `outcome` holds the rest. */
bool counted_take(struct counted *counted, int64_t now_us, int64_t cost);
/* The same of another kind: a part, or a charge. */
bool counted_ask(struct counted *counted, enum operation_kind kind, int64_t now_us, int64_t cost);

/* The time to the next check: sometimes 0, sometimes more than a window, often less. */
int64_t counted_random_step(const struct counted *counted);
/* 1..capacity of the first limit, often 1. */
int64_t counted_random_cost(const struct counted *counted);

/* The charges of a random history, in the order of time. */
#define CHARGES_MAX 300

struct charge {
    int64_t at_us;
    int64_t cost;
    struct limit_outcome outcome;
};

struct charges {
    size_t count;
    struct charge at[CHARGES_MAX];
};

/* Asks for more than is granted, again and again, until there are CHARGES_MAX charges. */
void charges_make(struct counted *counted, struct charges *charges);

/* The most that was charged within `length_us`, both ends included. */
int64_t charges_most_within(const struct charges *charges, int64_t length_us);

#endif
