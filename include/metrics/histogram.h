/* SPDX-License-Identifier: MIT
 *
 * How long something took, counted in buckets with fixed bounds. One thread writes. Any thread may
 * read meanwhile, and may see an observation in its bucket before it is in the sum. */
#ifndef METRICS_HISTOGRAM_H
#define METRICS_HISTOGRAM_H

#include "metrics/figure.h"

/* A histogram's upper bounds, as X(µs, "seconds"): fine where decisions of the memory engine and of
 * Redis lie, and around the default deadline of 50 ms. */
#define HISTOGRAM_BOUNDS(X)                                                                        \
    X(10, "1e-05")                                                                                 \
    X(25, "2.5e-05")                                                                               \
    X(50, "5e-05")                                                                                 \
    X(100, "0.0001")                                                                               \
    X(250, "0.00025")                                                                              \
    X(500, "0.0005")                                                                               \
    X(1000, "0.001")                                                                               \
    X(2500, "0.0025")                                                                              \
    X(5000, "0.005")                                                                               \
    X(10000, "0.01")                                                                               \
    X(25000, "0.025")                                                                              \
    X(50000, "0.05")                                                                               \
    X(75000, "0.075")                                                                              \
    X(100000, "0.1")                                                                               \
    X(250000, "0.25")                                                                              \
    X(500000, "0.5")                                                                               \
    X(1000000, "1")                                                                                \
    X(5000000, "5")

#define HISTOGRAM_BUCKET(us, _) HISTOGRAM_UP_TO_##us,
#define HISTOGRAM_US(us, _)     us,

enum histogram_bucket { HISTOGRAM_BOUNDS(HISTOGRAM_BUCKET) HISTOGRAM_LONGER, HISTOGRAM_BUCKETS };

struct histogram {
    struct figure buckets[HISTOGRAM_BUCKETS]; /* not cumulative */
    struct figure sum_us;
};

/* A time below 0 counts as 0. Writer's thread. */
static inline void histogram_observe(struct histogram *histogram, int64_t took_us)
{
    static const int64_t bounds_us[] = {HISTOGRAM_BOUNDS(HISTOGRAM_US)};
    size_t bucket = 0;

    while (bucket < ARRAY_COUNT(bounds_us) && took_us > bounds_us[bucket])
        bucket++;
    figure_add(&histogram->buckets[bucket], 1);
    figure_add(&histogram->sum_us, took_us > 0 ? (uint64_t)took_us : 0);
}

#endif
