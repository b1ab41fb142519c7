/* SPDX-License-Identifier: MIT
 *
 * What the invariants are asked of: one subject's counters in an engine, with the clock handed in.
 * The engines are the memory engine and the script in a real Redis; every test of a program runs on
 * each of them. Main thread only. */
#ifndef UNIT_COUNTED_H
#define UNIT_COUNTED_H

#include "base/duration.h"
#include "limit/algorithm.h"
#include "store/store.h"
#include "support/cmocka.h"

#define SECOND SECOND_US
/* An instant of these days, as Redis' TIME has it. */
#define COUNTED_WALL_US INT64_C(1763735373123457)

/* *state of every test. */
struct counted_engine {
    const char *name;
    void (*take)(const struct take *take, struct outcome *outcome);
    int64_t takes_in_seconds; /* how many it does in a few, on a slow machine */
};

/* The counters of one subject under one policy. Plain value; its limits may be changed between
 * takes, to others with the same algorithms and windows. */
struct counted {
    const struct counted_engine *engine;
    struct counter_key key;
    size_t count;
    struct limit limits[LIMITS_MAX];
    struct outcome outcome; /* of the last take */
};

/* The body of main(): runs the tests on each engine, a group each. */
int counted_run_tests(const struct CMUnitTest tests[], size_t count);

struct limit counted_limit(enum algorithm_id algorithm, int64_t quota, int64_t seconds,
                           int64_t burst);
/* One that can be met often: a quota of 1..12, a window of 1..100 s, any burst of 1..12 that the
 * algorithm may have. Takes from random.h, as does all below that is random. */
struct limit counted_random_limit(enum algorithm_id algorithm);

/* Of a subject that nobody has asked about yet. */
struct counted counted_new(const struct counted_engine *engine, const struct limit limits[],
                           size_t count);
struct counted counted_of(const struct counted_engine *engine, struct limit limit);

/* Whether it was allowed; *outcome has the rest. */
bool counted_take(struct counted *counted, int64_t now_us, int64_t cost);

/* From one check to the next: sometimes nothing, sometimes more than a window, often less. */
int64_t counted_random_step(const struct counted *counted);
/* 1..capacity of its first limit, often 1. */
int64_t counted_random_cost(const struct counted *counted);

/* What a random history was allowed, in the order of time. */
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

/* Asks again and again, for more than is granted, until there are CHARGES_MAX. */
void charges_make(struct counted *counted, struct charges *charges);

/* The most that was charged in a stretch of `length_us`, both ends included. */
int64_t charges_most_within(const struct charges *charges, int64_t length_us);

#endif
