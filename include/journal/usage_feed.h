/* SPDX-License-Identifier: MIT
 *
 * Usage that the instances share: Redis hashes per app. Blocks like the feed, whose connection it
 * uses. Each instance writes what it has counted itself in a minute or an hour, whole and again
 * whenever that has grown, so a flush whose answer was lost is sent again without counting twice.
 */
#ifndef JOURNAL_USAGE_FEED_H
#define JOURNAL_USAGE_FEED_H

#include "journal/feed.h"
#include "journal/usage.h"

/* Sends what Redis has not yet, and marks it sent. False when Redis has not taken all of it. */
MUST_USE bool usage_feed_send(struct feed *feed, const char *app_id, struct usage_app *app);

/* Adds what all instances have sent. False: `report` may hold a part. */
MUST_USE bool usage_feed_read(struct feed *feed, const char *app_id, struct usage_report *report);

#endif
