/* SPDX-License-Identifier: MIT
 *
 * A worker: one thread, one event loop, one HTTP listener, its own store. */
#ifndef APP_WORKER_H
#define APP_WORKER_H

#include "api/scrape.h"
#include "app/listener.h"
#include "app/settings.h"
#include "base/digest.h"
#include "base/error.h"

struct wall_ahead;
struct worker;

/* The parts that all workers share; borrowed. */
struct worker_shared {
    struct listener *listener;  /* gives each worker a socket */
    struct listener *operation; /* of /metrics and health, at worker 0; NULL: at `listener` */
    const struct settings *settings;
    const struct api_settings *api_settings;
    const struct scrape_process *process;
    struct metrics_apps *apps; /* NULL: no figures per app */
    struct audit *audit;
    struct metrics *blocks; /* one per worker */
    struct app_index *index;
    struct catalogue *catalogue;
    struct journal *journal;
    struct memory_table *table;
    struct memory_table *own_limits;
    struct counter_budget *budget;   /* counters of each app in Redis */
    struct handbacks *handbacks;     /* gets that of each worker */
    struct redis_topology *topology; /* NULL: no Redis is used */
    struct site_counts *site_counts; /* NULL: no limit */
    struct digest_key local_key;     /* random */
    struct wall_ahead *wall_ahead;
    const atomic_bool *draining;
    atomic_int *starting; /* workers whose store was not ready yet; each subtracts itself */
};

/* Makes worker `number`, from 0. NULL if libmicrohttpd does not start. */
MUST_USE struct worker *worker_new(const struct worker_shared *shared, size_t number,
                                   struct error *error);

/* Starts the thread. It first makes its store ready, and then serves those who have connected. */
void worker_start(struct worker *worker);
void worker_open(struct worker *worker);

/* From the main thread, after worker_start(): gives the worker new settings, and returns at once.
 * For one turn it may still use the old ones. Until then it must not be given others. */
void worker_reload(struct worker *worker, const struct settings *settings);
bool worker_has_reloaded(const struct worker *worker);

/* From the main thread, after worker_start(): whether the worker's loop has turned after the last
 * call of this. Makes it turn once more. */
bool worker_is_turning(struct worker *worker);

/* From the main thread: makes the worker stop accepting, answer requests under way, and end its
 * thread. Returns at once. */
void worker_drain(struct worker *worker);

/* Waits for the thread until `deadline_us` (clock_monotonic_us()). False: it is still busy. */
MUST_USE bool worker_join(struct worker *worker, int64_t deadline_us);

/* After worker_join() returned true. */
void worker_free(struct worker *worker);

#endif
