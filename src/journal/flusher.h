/* SPDX-License-Identifier: MIT
 *
 * Moves what the apps' rings hold: rolls up what they have counted, with a feed sends what is new,
 * and gives back the memory of those that have been silent. It does so some time after the first
 * app became dirty; until then it takes no further ones. The journal's thread calls it, but for
 * flusher_mark(). */
#ifndef JOURNAL_FLUSHER_H
#define JOURNAL_FLUSHER_H

#include "journal/feed.h"
#include "journal_apps.h"

struct flusher;
struct silence;

/* `feed` is NULL when there is none, and otherwise stays as long as the flusher. */
struct flusher *flusher_new(struct feed *feed);
/* After the apps. */
void flusher_free(struct flusher *flusher);

/* What app->item.run must be. */
void flusher_on_dirty(struct queue_item *item);
/* Something was recorded for the app. Any thread. */
void flusher_mark(struct journal_app *app);

/* Readable when flusher_turn() has to look; -1: not before flusher_due_us(). */
int flusher_fd(const struct flusher *flusher);
/* INT64_MAX: as long as that is not readable. */
int64_t flusher_due_us(const struct flusher *flusher);
void flusher_turn(struct flusher *flusher);

/* Everything once more; the log says what could not be sent. */
void flusher_end(struct flusher *flusher);
/* Nothing is sent any more from here on. Any thread. */
void flusher_give_up_at(struct flusher *flusher, int64_t give_up_us);

/* For its figures. Any thread. */
const struct silence *flusher_silence(const struct flusher *flusher);

/* From the ring's counts into the app's minutes and hours. */
void flusher_roll_up(struct flusher *flusher, struct journal_app *app);

#endif
