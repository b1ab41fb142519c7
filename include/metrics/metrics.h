/* SPDX-License-Identifier: MIT
 *
 * What one worker counts. Only its thread writes the block, with plain loads and stores that are
 * atomic. So an event costs about a nanosecond, and no two workers share a cache line. Any thread
 * may read all blocks while they are written; see metrics/metrics_report.h. */
#ifndef METRICS_METRICS_H
#define METRICS_METRICS_H

#include "metrics/histogram.h"
#include "metrics/metrics_table.h"

/* Routes that are not in the table, and statuses that are not listed, count as the last one,
 * "other". */
#define METRICS_ROUTES_MAX 64

/* Servers of one Redis, by a number that each keeps while it is there. */
#define METRICS_NODES_MAX 512

#define METRICS_STATUSES(X)                                                                        \
    X(200)                                                                                         \
    X(201)                                                                                         \
    X(204)                                                                                         \
    X(304)                                                                                         \
    X(400)                                                                                         \
    X(401)                                                                                         \
    X(403)                                                                                         \
    X(404)                                                                                         \
    X(405)                                                                                         \
    X(408)                                                                                         \
    X(409)                                                                                         \
    X(413)                                                                                         \
    X(415)                                                                                         \
    X(422)                                                                                         \
    X(429)                                                                                         \
    X(431)                                                                                         \
    X(500)                                                                                         \
    X(503)
#define METRICS_STATUS(status) METRICS_STATUS_##status,

enum metrics_status { METRICS_STATUSES(METRICS_STATUS) METRICS_STATUS_OTHER, METRICS_STATUS_COUNT };

enum metrics_outcome { METRICS_ALLOWED, METRICS_DENIED, METRICS_OUTCOMES };

/* Of one node, by worker. All are 0 when it has no such node. */
enum metrics_node {
    METRICS_NODE_KNOWN,
    METRICS_NODE_CONNECTED,
    METRICS_NODE_BREAKER_OPEN,
    METRICS_NODE_FIGURES
};

struct metrics {
    char apart_before[64];
    struct figure figures[METRICS_COUNTED_COUNT];
    struct histogram histograms[METRIC_HISTOGRAM_COUNT];
    struct figure requests[METRICS_ROUTES_MAX + 1][METRICS_STATUS_COUNT];
    struct figure nodes[METRICS_NODES_MAX][METRICS_NODE_FIGURES];
    /* One per slot of metrics/metrics_apps.h. */
    struct figure (*decisions)[METRICS_OUTCOMES];
    char apart_behind[64];
};

/* The zeroed blocks of `worker_count` workers, side by side. Each has room for the decisions of
 * `app_slots` apps. */
struct metrics *metrics_new(size_t worker_count, size_t app_slots);
/* NULL is fine. */
void metrics_free(struct metrics *blocks, size_t worker_count);

static inline void metrics_count(struct metrics *metrics, enum metric metric)
{
    figure_add(&metrics->figures[metric], 1);
}

static inline void metrics_add(struct metrics *metrics, enum metric metric, uint64_t amount)
{
    figure_add(&metrics->figures[metric], amount);
}

static inline void metrics_set(struct metrics *metrics, enum metric metric, uint64_t value)
{
    figure_set(&metrics->figures[metric], value);
}

static inline void metrics_observe(struct metrics *metrics, enum metric_histogram histogram,
                                   int64_t took_us)
{
    histogram_observe(&metrics->histograms[histogram], took_us);
}

static inline void metrics_set_node(struct metrics *metrics, size_t node, enum metrics_node figure,
                                    uint64_t value)
{
    figure_set(&metrics->nodes[node][figure], value);
}

static inline void metrics_count_app(struct metrics *metrics, size_t slot,
                                     enum metrics_outcome outcome)
{
    figure_add(&metrics->decisions[slot][outcome], 1);
}

/* Counts an answer. `route` is its number in the route table. */
void metrics_count_request(struct metrics *metrics, size_t route, int status);

#endif
