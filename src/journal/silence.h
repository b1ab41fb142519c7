/* SPDX-License-Identifier: MIT
 *
 * The apps whose rings and tallies take memory, by how long nothing was recorded for them. Frees
 * that memory.
 *
 * With a feed an app's memory is freed once it has been silent for JOURNAL_SILENCE_US, because
 * Redis has all of it. If all apps together exceed a bound, the rings of those that have been
 * silent for longest are freed: with a feed, if Redis has their records; without a feed, their log
 * is lost. With its next record such an app gets memory again, and its counts go on as before.
 *
 * The flusher's thread owns it. Time is an argument. */
#ifndef JOURNAL_SILENCE_H
#define JOURNAL_SILENCE_H

#include "journal_apps.h"
#include "metrics/figure.h"

struct silence {
    TAILQ_HEAD(, journal_app) apps; /* silent for longest first */
    bool has_feed;
    size_t bytes_max;
    struct figure bytes; /* of all of them, when they were last noted */
    struct figure gave_way;
};

void silence_init(struct silence *silence, bool has_feed, size_t bytes_max);

/* Something was recorded for the app. */
void silence_note(struct silence *silence, struct journal_app *app, int64_t now_us);

/* When the next app has been silent for long enough; INT64_MAX: none. */
int64_t silence_due_us(const struct silence *silence);

/* Frees what is due, of a few apps at most, which takes some 100 us. */
void silence_give_back(struct silence *silence, int64_t now_us);

#endif
