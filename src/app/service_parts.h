/* SPDX-License-Identifier: MIT
 *
 * What a service is made of: what its workers share, and the workers. Private to service.c. Main
 * thread. */
#ifndef APP_SERVICE_PARTS_H
#define APP_SERVICE_PARTS_H

#include "app/listener.h"
#include "app/worker.h"

struct service_parts {
    struct app_index *index;
    struct catalogue *catalogue;
    struct journal *journal;
    struct memory_table *table;
    struct memory_table *own_limits; /* of the service on its callers */
    struct counter_budget *budget;
    struct site_counts *site_counts; /* NULL: no limit */
    struct metrics *blocks;          /* one per worker */
    struct metrics_apps *apps;       /* NULL: no app has figures of its own */
    struct audit *audit;
    struct process_files files;
    struct scrape_process process;
    struct listener listener;
    atomic_bool draining;
    atomic_int starting;
    size_t worker_count;
    struct worker *workers[SETTINGS_WORKERS_MAX];
};

/* Makes all of it, in the storage of the caller, who has zeroed it; nothing runs yet. Returns
 * EXIT_SUCCESS; otherwise, with the error, the code to exit with, and what was made is there to be
 * disposed of. Signals that end the process are held from when there is something to drain. Of the
 * settings it settles who may register. */
MUST_USE int service_parts_make(struct service_parts *parts, struct settings *settings,
                                struct error *error);

/* The threads have ended, or have never been started. */
void service_parts_dispose(struct service_parts *parts);

#endif
