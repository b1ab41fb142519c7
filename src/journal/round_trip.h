/* SPDX-License-Identifier: MIT
 *
 * One round trip to Redis that carries what many apps have for it, of each a bounded part.
 *
 * Each app succeeds or fails for itself. One that failed goes alone the next time, also when Redis
 * refused the whole round trip: should the app be the trouble, it does not stop the others. Alone,
 * a key of its that holds something else is replaced. */
#ifndef JOURNAL_ROUND_TRIP_H
#define JOURNAL_ROUND_TRIP_H

#include "journal/feed.h"
#include "journal_apps.h"

#define ROUND_TRIP_APPS_MAX  ((size_t)64)
#define ROUND_TRIP_BYTES_MAX ((size_t)256 * 1024) /* before the last app's part */

enum round_trip_outcome {
    ROUND_TRIP_SENT,
    ROUND_TRIP_GOES_ON, /* there is more to send, or it is to go alone */
    ROUND_TRIP_FAILED
};

struct round_trip {
    struct feed *feed;
    enum cargo cargo;
    size_t count;
    size_t bytes;
    bool is_of_one; /* and of no other */
    struct round_trip_part {
        struct journal_app *app;
        struct feed_part appended;
        enum round_trip_outcome outcome;
    } parts[ROUND_TRIP_APPS_MAX];
};

void round_trip_init(struct round_trip *trip, struct feed *feed, enum cargo cargo);

/* Whether it takes the app, too. */
bool round_trip_has_room(const struct round_trip *trip, const struct journal_app *app);
/* It has room. */
void round_trip_add(struct round_trip *trip, struct journal_app *app);

/* Sets the outcome of each part. False when Redis is away. Takes at most some FEED_TIMEOUT_MS. */
bool round_trip_run(struct round_trip *trip);

#endif
