/* SPDX-License-Identifier: MIT
 *
 * The parts of a service: those that its workers share, and the workers. Private to service.c. Main
 * thread. */
#ifndef APP_SERVICE_PARTS_H
#define APP_SERVICE_PARTS_H

#include "app/listener.h"
#include "app/worker.h"
#include "base/wall_ahead.h"
#include "store/handback.h"

struct service_parts {
    struct redis_topology *topology; /* NULL: no Redis is used */
    struct app_index *index;
    struct catalogue *catalogue;
    struct journal *journal;
    struct memory_table *table;
    struct memory_table *own_limits; /* limits of the service on its callers */
    struct counter_budget *budget;
    struct handbacks handbacks;
    struct site_counts *site_counts; /* NULL: no limit */
    struct metrics *blocks;          /* one per worker */
    struct metrics_apps *apps;       /* NULL: no figures per app */
    struct audit *audit;
    struct process_files files;
    struct scrape_process process;
    struct listener listener;
    struct listener operation; /* for /metrics and health; none: no port */
    struct wall_ahead wall_ahead;
    atomic_bool draining;
    atomic_int starting;
    size_t worker_count;
    struct worker *workers[SETTINGS_WORKERS_MAX];
};

/* Makes all parts in the caller's storage, which must be zeroed. Nothing runs yet. Returns
 * EXIT_SUCCESS, or the exit code with the error; the caller must dispose of the parts in both
 * cases. Holds signals that end the process as soon as there is something to drain. Also settles in
 * the settings who may register. */
MUST_USE int service_parts_make(struct service_parts *parts, struct settings *settings,
                                struct error *error);

/* To be called when the threads have ended or were never started. */
void service_parts_dispose(struct service_parts *parts);

#endif
