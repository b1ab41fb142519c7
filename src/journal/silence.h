/* SPDX-License-Identifier: MIT
 *
 * The apps whose rings and tallies take memory, by how long nothing was recorded for them, and the
 * giving back of it.
 *
 * With a feed an app's is given back once it has been silent for JOURNAL_SILENCE_US: Redis has all
 * of it. Past a bound on all of them together, those that have been silent for longest give back
 * their rings, with a feed if Redis has what is in them; without one, that log is lost. An app that
 * gave back has it all again with its next record, and counts go on as if nothing had been.
 *
 * The journal's thread owns it. Time is an argument. */
#ifndef JOURNAL_SILENCE_H
#define JOURNAL_SILENCE_H

#include "journal_apps.h"
#include "metrics/figure.h"

struct silence {
    TAILQ_HEAD(, journal_app) apps; /* the one that has been silent for longest comes first */
    bool has_feed;
    size_t bytes_max;
    struct figure bytes; /* of all of them, as of when they were noted */
    struct figure gave_way;
};

void silence_init(struct silence *silence, bool has_feed, size_t bytes_max);

/* Something was recorded for the app. */
void silence_note(struct silence *silence, struct journal_app *app, int64_t now_us);

/* When somebody has been silent for long enough; INT64_MAX: nobody will have been. */
int64_t silence_due_us(const struct silence *silence);

/* Gives back what is to be, of some apps at most: some 100 us. */
void silence_give_back(struct silence *silence, int64_t now_us);

#endif
