/* SPDX-License-Identifier: MIT
 *
 * One round trip to Redis for many apps, with a bounded part of each: of its log, of its usage, or
 * both.
 *
 * The apps may be on several nodes of a cluster, which all work at the same time. Each app succeeds
 * or fails for itself. An app that failed goes alone the next time, also when Redis refused the
 * whole round trip: so an app that causes the failure does not stop the others. When it goes alone,
 * a key of it that holds something else is replaced.
 *
 * An app whose node is left alone fails at once, and costs nothing. It does not go alone then: apps
 * of several nodes that hang are waited for together. */
#ifndef JOURNAL_ROUND_TRIP_H
#define JOURNAL_ROUND_TRIP_H

#include "journal/feed.h"
#include "journal_apps.h"

#define ROUND_TRIP_APPS_MAX  ((size_t)64)
#define ROUND_TRIP_BYTES_MAX ((size_t)256 * 1024) /* without the last app's part */

enum round_trip_outcome {
    ROUND_TRIP_SENT,
    ROUND_TRIP_GOES_ON, /* there is more to send, or it must go alone */
    ROUND_TRIP_FAILED
};

struct round_trip {
    struct feed *feed;
    size_t count;
    size_t bytes;
    bool is_of_one; /* only one app is in it */
    struct round_trip_part {
        struct journal_app *app;
        enum cargo cargo;
        struct feed_part appended;
        bool rests; /* its node does */
        enum round_trip_outcome outcome;
    } parts[ROUND_TRIP_APPS_MAX];
};

void round_trip_init(struct round_trip *trip, struct feed *feed);

/* Whether the app's cargo may be added. */
bool round_trip_has_room(const struct round_trip *trip, const struct journal_app *app,
                         enum cargo cargo);
/* It must have room, and must not be in yet. */
void round_trip_add(struct round_trip *trip, struct journal_app *app, enum cargo cargo);
/* NULL when it is not in. */
const struct round_trip_part *round_trip_find(const struct round_trip *trip,
                                              const struct journal_app *app, enum cargo cargo);

/* Sets the outcome of each part. False when Redis is away. Takes at most a few FEED_TIMEOUT_MS. */
bool round_trip_run(struct round_trip *trip);

#endif
