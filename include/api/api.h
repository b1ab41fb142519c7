/* SPDX-License-Identifier: MIT
 *
 * What the handlers of one worker work with. Made by the worker, borrowed by the handlers; a file
 * includes the headers of those parts that it uses. */
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
    struct handback *handback;  /* what the fallback has allowed; NULL when that is the store */
    struct waiting_room *waiting_room; /* of checks that wait for their turn */
    struct shares batch_checks;        /* of batches under way: until their answers have left */
    struct slices slices;              /* of batches and lists */
    struct queue *queue;               /* replies of the other threads to this worker */
    struct memory_table *own_limits;   /* of the service on its callers; see local_limit.h */
    struct digest_key local_key;       /* of the subjects in it */
    struct metrics *metrics;           /* what this worker counts */
    struct metrics_apps *apps;         /* NULL: no app has figures of its own */
    struct audit *audit;               /* what the log tells of callers; see audit.h */
    const struct route_table *routes;  /* that the public listener serves */
    struct readiness *readiness;       /* for /readyz */
    struct scrape *scrape;             /* for /metrics */
    int64_t now_us;                    /* clock_monotonic_us(), read once per turn */
};

#endif
