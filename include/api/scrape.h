/* SPDX-License-Identifier: MIT
 *
 * Facts that /metrics shows and no counter holds. */
#ifndef API_SCRAPE_H
#define API_SCRAPE_H

#include "metrics/metrics.h"
#include "metrics/process_figures.h"

/* Of the whole process. Immutable, except what it points to. */
struct scrape_process {
    const struct metrics *blocks; /* of all workers */
    size_t worker_count;
    struct process_files *files;
    unsigned connections_max;
    int64_t started_us; /* clock_wall_us() */
};

/* The worker's. */
struct scrape {
    const struct scrape_process *process;
    struct process_figures figures; /* as last read */
};

#endif
