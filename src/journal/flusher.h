/* SPDX-License-Identifier: MIT
 *
 * Empties the apps' rings: sums what they have counted, sends new records if there is a feed, and
 * frees the memory of silent apps. It begins some time after the first app became dirty. What is
 * asked for goes first. One thread calls it; the functions that any thread may call say so. */
#ifndef JOURNAL_FLUSHER_H
#define JOURNAL_FLUSHER_H

#include "flushes.h"
#include "journal/feed.h"
#include "journal_apps.h"

struct flusher;
struct silence;
struct usage_file;

/* `feed` is NULL when there is none. Otherwise it must live as long as the flusher. */
struct flusher *flusher_new(struct feed *feed);
/* The apps must be freed before. */
void flusher_free(struct flusher *flusher);

/* Usage is saved there; only without a feed. `file` must live as long as the flusher. To be called
 * before something is recorded. */
void flusher_keep_usage(struct flusher *flusher, struct usage_file *file);

/* What app->item.run and app->hurry.item.run must be. */
void flusher_on_dirty(struct queue_item *item);
void flusher_on_hurry(struct queue_item *item);
/* Something was recorded for the app. Any thread. */
void flusher_mark(struct journal_app *app);

/* A ring is half full of what may not be sent yet, so it must not wait for its turn. Does nothing
 * without a feed. Any thread. */
void flusher_hurry(struct journal_app *app);

/* Sends what the app has by now, within the next round trip if it is one part. Usage is also summed
 * up to now, whether or not it can be sent, and without a feed, too; if there is a file, it is
 * saved there. It is answered once, unless the flusher ends before. Any thread. */
void flusher_ask(struct flusher *flusher, struct flush *flush);

/* Readable when something is asked. */
int flusher_asks_fd(const struct flusher *flusher);
/* Readable when flusher_turn() must be called; -1: not before flusher_due_us(). */
int flusher_fd(const struct flusher *flusher);
/* When flusher_turn() must be called; INT64_MAX: only when flusher_fd() is readable. */
int64_t flusher_due_us(const struct flusher *flusher);
void flusher_turn(struct flusher *flusher);

/* Sends or saves everything once more. The log says what could not be sent. */
void flusher_end(struct flusher *flusher);
/* From `give_up_us` on nothing more is sent. Any thread. */
void flusher_give_up_at(struct flusher *flusher, int64_t give_up_us);

/* For its figures. Any thread. */
const struct silence *flusher_silence(const struct flusher *flusher);

#endif
