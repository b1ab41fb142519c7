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

struct worker;

/* What all workers share; borrowed. */
struct worker_shared {
    const struct settings *settings;
    const struct api_settings *api_settings;
    const struct scrape_process *process;
    struct metrics_apps *apps; /* NULL: no app has figures of its own */
    struct audit *audit;
    bool metrics_apart;     /* /metrics has a listener of its own */
    struct metrics *blocks; /* one per worker */
    struct app_index *index;
    struct catalogue *catalogue;
    struct journal *journal;
    struct memory_table *table;
    struct memory_table *own_limits;
    struct counter_budget *budget;   /* of each app in Redis */
    struct site_counts *site_counts; /* NULL: no limit */
    struct digest_key local_key;     /* random */
    const atomic_bool *draining;
    atomic_int *starting; /* workers whose store has not been ready yet; each counts itself out */
};

/* Worker `number`, from 0. Binds the listener; the port is in worker_port() when `listener` had
 * none. NULL when it cannot. */
MUST_USE struct worker *worker_new(const struct worker_shared *shared, size_t number,
                                   const struct listener *listener, struct error *error);
int worker_port(const struct worker *worker);
/* The port of the listener for /metrics, which worker 0 has when it is set; else 0. It serves as
 * soon as the thread runs, and until it ends. */
int worker_metrics_port(const struct worker *worker);

/* Starts the thread, which gets its store ready; then lets in those who have connected. */
void worker_start(struct worker *worker);
void worker_open(struct worker *worker);

/* From the main thread, after worker_start(): has the worker use the new settings, and returns at
 * once. Until it has, which takes one turn, it may use the old ones, and is not told of others. */
void worker_reload(struct worker *worker, const struct settings *settings);
bool worker_has_reloaded(const struct worker *worker);

/* From the main thread, after worker_start(): whether the worker's loop has turned since this was
 * asked last. Makes it turn once more. */
bool worker_is_turning(struct worker *worker);

/* From the main thread: stop accepting, answer what is under way, end the thread. Returns at once.
 */
void worker_drain(struct worker *worker);

/* Waits for the thread until `deadline_us` (clock_monotonic_us()); false when it is still busy
 * then. */
MUST_USE bool worker_join(struct worker *worker, int64_t deadline_us);

/* After worker_join() returned true. */
void worker_free(struct worker *worker);

#endif
