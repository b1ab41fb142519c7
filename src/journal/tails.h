/* SPDX-License-Identifier: MIT
 *
 * Fills the tails (journal/tail.h) from the log. All tails of one app share one read of its
 * stream, and all followed apps one round trip, each TAILS_PERIOD_US while anybody follows. Without
 * a feed, and for an app whose stream cannot be read, the ring is read.
 *
 * A tail that goes on after an earlier entry first reads by itself, a page at a time and only when
 * all was taken, until it has caught up with the others.
 *
 * The readers' thread owns it. */
#ifndef JOURNAL_TAILS_H
#define JOURNAL_TAILS_H

#include "journal/feed.h"
#include "journal_apps.h"

#define TAILS_PERIOD_US (100 * MILLISECOND_US)

struct tail;
struct tails;

/* `feed` is NULL when there is none. Borrowed. */
struct tails *tails_new(struct feed *feed);
/* After its thread has ended, and all tails were closed. */
void tails_free(struct tails *tails);

/* Both: any thread. A tail that was taken out is freed. */
void tails_add(struct tails *tails, struct tail *tail);
void tails_take_out(struct tails *tails, struct tail *tail);

/* Readable when tails_turn() must be called. */
int tails_fd(const struct tails *tails);
/* When it must be called; INT64_MAX: only when that is readable. */
int64_t tails_due_us(const struct tails *tails);
/* Takes at most a few FEED_TIMEOUT_MS. */
void tails_turn(struct tails *tails);

/* Tells all tails that nothing more comes. */
void tails_end(struct tails *tails);

#endif
