/* SPDX-License-Identifier: MIT
 *
 * Which apps have something to send or to save, and whose turn it is: for each cargo a list of apps
 * that wait for the next flush, and one of those that are on their way in the present flush. For
 * CARGO_LOG these are the dirty apps; for CARGO_USAGE those with usage that neither the feed nor
 * the file has.
 *
 * An app has a mark for each cargo, and is in at most one of its lists: in none without the mark.
 * The flusher's thread owns the lists. Time is an argument. */
#ifndef JOURNAL_DEPARTURES_H
#define JOURNAL_DEPARTURES_H

#include "journal_apps.h"

/* Private. */
struct departures {
    bool has_feed;
    STAILQ_HEAD(, journal_app) waiting[CARGOS];
    STAILQ_HEAD(, journal_app) going[CARGOS];
    int64_t begin_us[CARGOS]; /* when waiting apps are due, if there are any */
};

void departures_init(struct departures *departures, bool has_feed);

/* Sets the mark of CARGO_LOG. True when it was clear: then departures_wait() must follow. Any
 * thread, after something was recorded. */
MUST_USE bool departures_mark_dirty(struct journal_app *app);
/* Its mark has just been set. The first app that waits says when all of them are due. */
void departures_wait(struct departures *departures, struct journal_app *app, enum cargo cargo,
                     int64_t now_us);
/* Lets it wait with its usage, unless it is in a list already. */
void departures_note_unsent(struct departures *departures, struct journal_app *app, int64_t now_us);

bool departures_has_waiting(const struct departures *departures, enum cargo cargo);
bool departures_has_going(const struct departures *departures, enum cargo cargo);
/* Whether apps wait, and have waited for long enough. */
bool departures_is_due(const struct departures *departures, enum cargo cargo, int64_t now_us);
/* When there is something to do: 0 while apps are on their way, INT64_MAX when none waits. */
int64_t departures_due_us(const struct departures *departures);

/* Those that wait are on their way now, behind those that still are. */
void departures_begin(struct departures *departures, enum cargo cargo);
/* The first on its way; NULL: none. */
struct journal_app *departures_first(const struct departures *departures, enum cargo cargo);
/* Takes that one out of its list, and clears its mark. Only then look at what it has: what comes
 * later marks it again. */
struct journal_app *departures_set_out(struct departures *departures, enum cargo cargo);
/* One that has set out has more: it goes behind the others. If it was marked meanwhile, it comes
 * again anyway. */
void departures_go_behind(struct departures *departures, struct journal_app *app, enum cargo cargo);
/* Those on their way wait again, ahead of those that wait, until `begin_us`. */
void departures_stay(struct departures *departures, enum cargo cargo, int64_t begin_us);

/* The log says how much waits, if anything does. */
void departures_tell_waiting(const struct departures *departures);

#endif
