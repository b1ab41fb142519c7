/* SPDX-License-Identifier: MIT
 *
 * All that the handlers of one worker use. The worker makes it, and the handlers borrow it. A file
 * includes the headers of the parts that it uses. */
#ifndef API_API_H
#define API_API_H

#include "base/digest.h"
#include "base/shares.h"
#include "base/slices.h"

struct api {
    const struct api_settings *settings;
    struct app_index *index;
    struct key_cache *key_cache;
    struct catalogue *catalogue;
    struct journal *journal;
    struct store *store;
    struct memory_table *local; /* fallback of on_store_error */
    struct handback *handback;  /* what the fallback has allowed; NULL if the memory is the store */
    const struct handbacks *handbacks; /* those of all workers */
    struct waiting_room *waiting_room; /* for checks that wait for their turn */
    struct shares batch_checks;        /* also looks of pages, and entries of simulations */
    struct slices slices;              /* of batches, lists, pages of looks and simulations */
    struct log_streams *log_streams;   /* of GET /logs/stream */
    struct queue *queue;               /* replies of the other threads to this worker */
    struct memory_table *own_limits;   /* limits of the service on its callers; see local_limit.h */
    struct digest_key local_key;       /* hashes the subjects in it */
    struct metrics *metrics;           /* what this worker counts */
    struct metrics_apps *apps;         /* NULL: no figures per app */
    struct audit *audit;               /* log lines about callers; see audit.h */
    const struct route_table *routes;  /* of the public listener */
    struct readiness *readiness;       /* for /readyz */
    struct scrape *scrape;             /* for /metrics */
    int64_t now_us;                    /* clock_monotonic_us(), read once per turn */
    /* Unix time minus clock_monotonic_us(), the same for all workers (wall_ahead.h); as of the
     * turn. */
    int64_t wall_ahead_us;
    /* Unix time by the store's clock minus that by this instance's. 0 until a calendar has not
     * covered the store's time. */
    int64_t store_ahead_us;
};

#endif
