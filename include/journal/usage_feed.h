/* SPDX-License-Identifier: MIT
 *
 * Usage that the instances share: Redis hashes per app. It blocks like the feed, whose connection
 * it uses. Each instance writes its own counts of a minute or an hour as a whole, and again when
 * they have grown. So a flush whose answer was lost can be sent again, and nothing counts twice.
 *
 * What an app can take in Redis is bounded, for each instance: 171 hours of minutes of
 * TALLY_BYTES_MAX and TALLY_SUMS_BYTES, and 92 days of hours, which also hold the names of TOPS
 * times HEAVY_HITTERS subjects, at most 40 KB. Together these are 260 MB. */
#ifndef JOURNAL_USAGE_FEED_H
#define JOURNAL_USAGE_FEED_H

#include "journal/feed.h"
#include "journal/usage.h"
#include "journal/usage_cursor.h"

/* Sends some of what Redis does not have yet, the oldest first, and marks it as sent. If it returns
 * FEED_NOT_SENT, a part may have been sent. */
MUST_USE enum feed_sent usage_feed_send(struct feed *feed, const char *app_id,
                                        struct usage_app *app);

/* Like feed_append(), for an exchange that carries several apps. When it has succeeded, call
 * usage_mark_sent(). */
struct feed_part usage_feed_append(struct feed *feed, const char *app_id, struct usage_app *app,
                                   size_t bytes_max);

/* Adds, in one round trip, what all instances have sent: an hour of minutes, or a day of hours.
 * Advances the cursor. FEED_FAILED: `report` may hold a part. FEED_REPLACED, likewise: Redis has
 * lost some of what `app` has sent, so usage_mark_unsent() must be called. `app` is what is held
 * here of the app; NULL: nothing. Any thread that owns the feed. */
MUST_USE enum feed_reading usage_feed_read(struct feed *feed, const char *app_id,
                                           const struct usage_app *app, struct usage_report *report,
                                           struct usage_cursor *cursor);

#endif
