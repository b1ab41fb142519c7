/* SPDX-License-Identifier: MIT
 *
 * Usage that the instances share: Redis hashes per app. Blocks like the feed, whose connection it
 * uses. Each instance writes what it has counted itself in a minute or an hour, whole and again
 * whenever that has grown, so a flush whose answer was lost is sent again without counting twice.
 *
 * What an app can take of Redis is bounded, for each instance: 28 hours of minutes of
 * TALLY_BYTES_MAX, and ten days of hours, which besides hold the names of HEAVY_HITTERS subjects,
 * 17 KB at most. Together these are 28 MB. */
#ifndef JOURNAL_USAGE_FEED_H
#define JOURNAL_USAGE_FEED_H

#include "journal/feed.h"
#include "journal/usage.h"

/* Sends some of what Redis has not yet, the oldest first, and marks it sent. Not all that was tried
 * need have failed when it says so. */
MUST_USE enum feed_sent usage_feed_send(struct feed *feed, const char *app_id,
                                        struct usage_app *app);

/* For an exchange that carries several apps: as feed_append(). When it has succeeded,
 * usage_mark_sent() says so. */
struct feed_part usage_feed_append(struct feed *feed, const char *app_id, struct usage_app *app,
                                   size_t bytes_max);

/* How far a report has been read. */
struct usage_cursor {
    enum usage_span span;
    int64_t minute; /* where the next hash begins */
};

struct usage_cursor usage_feed_start(const struct usage_report *report);

/* Adds what all instances have sent for an hour by minutes, or for a day by hours, in one round
 * trip, and moves the cursor on. FEED_FAILED: `report` may hold a part. */
MUST_USE enum feed_reading usage_feed_read(struct feed *feed, const char *app_id,
                                           struct usage_report *report,
                                           struct usage_cursor *cursor);

#endif
