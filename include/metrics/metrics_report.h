/* SPDX-License-Identifier: MIT
 *
 * The sum of all workers' blocks at one moment, and its text. The workers write meanwhile, so
 * figures that belong together may differ by some events. But a histogram's count always equals its
 * last bucket. */
#ifndef METRICS_METRICS_REPORT_H
#define METRICS_METRICS_REPORT_H

#include "base/buffer.h"
#include "metrics/metrics.h"
#include "metrics/metrics_apps.h"

/* The route that a number of metrics_count_request() means. */
struct metrics_route {
    const char *method;
    const char *path;
};

struct metrics_report {
    uint64_t figures[METRIC_COUNT]; /* the caller fills in those of METRICS_ASKED */
    const struct metrics *blocks;
    size_t block_count;
};

/* Sums the figures; any thread. `blocks` is borrowed for as long as the report is used. */
void metrics_report_init(struct metrics_report *report, const struct metrics blocks[],
                         size_t block_count);

/* Writes the rows of the table, then the histograms. */
void metrics_report_write_figures(const struct metrics_report *report, struct buffer *out);

/* Writes sluice_http_requests_total, only the series that have counted something. `routes` are
 * those of the route table; all else is "other". */
void metrics_report_write_requests(const struct metrics_report *report,
                                   const struct metrics_route routes[], size_t route_count,
                                   struct buffer *out);

/* Writes sluice_store_node_*, of the nodes of Redis that any worker knows. */
void metrics_report_write_nodes(const struct metrics_report *report, struct buffer *out);

/* Writes sluice_app_decisions_total. */
void metrics_report_write_apps(const struct metrics_report *report, const struct metrics_apps *apps,
                               struct buffer *out);

#endif
