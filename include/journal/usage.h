/* SPDX-License-Identifier: MIT
 *
 * The usage counts of this process' apps: per app a tally of the open minute, one of the open hour,
 * and packed tallies of earlier ones. The flusher's thread owns all of it. Only usage_tell() and
 * usage_count_sent() may be called from another thread meanwhile: a lock is held for them while
 * something is changed that they read, and never while something is sent.
 *
 * A closed minute or hour is kept for usage_held_minutes after its time, by the monotonic clock.
 * The closed ones of all apps together take at most the bytes given to usage_new(). Beyond that the
 * oldest minutes go, and when there are none the oldest hours. An app that has more than a 64th
 * gives way before the others: its own oldest go while it has more than is free. An app's two open
 * tallies take at most what a tally takes each. */
#ifndef JOURNAL_USAGE_H
#define JOURNAL_USAGE_H

#include "journal/usage_report.h"

#define USAGE_BYTES_MAX ((size_t)64 * 1024 * 1024)

struct usage;
struct usage_app;

struct usage *usage_new(size_t bytes_max);
/* All its apps must be freed before. */
void usage_free(struct usage *usage);

struct usage_app *usage_app_new(struct usage *usage);
void usage_app_free(struct usage_app *app);

/* The bytes that usage_app_pack() would free, and that `bytes_max` does not count. */
size_t usage_app_open_bytes(const struct usage_app *app);
/* To be called when the app may stay silent: closes what is open. If the app goes on, they open
 * again. */
void usage_app_pack(struct usage_app *app);
/* Frees open and closed counts, which must have been sent. What comes later is another part of its
 * span. */
void usage_app_forget(struct usage_app *app);

/* Adds what was counted in the minute tally->minute; does nothing when it is empty. Afterwards that
 * minute and its hour are open, however the clock was set. `elapsed_minutes` are of the monotonic
 * clock. */
void usage_add(struct usage_app *app, const struct tally *tally, int64_t elapsed_minutes);
/* Adds subjects to the open hour, which usage_add() has opened. */
void usage_add_top(struct usage_app *app, enum top top, const struct heavy_hitters *hitters);

/* Adds to the report what is counted here of the app, which must not be freed meanwhile. Hours are
 * reported where minutes were dropped. Any thread. */
void usage_tell(const struct usage_app *app, struct usage_report *report);

/* Visits each span, closed and open ones. */
typedef void usage_visit_fn(void *context, const struct usage_view *view);
void usage_visit(const struct usage_app *app, void *context, usage_visit_fn *visit);

/* Offers the spans that have changed since they were sent, of each kind the oldest first, until
 * `take` refuses one: then returns false. usage_mark_sent() marks those that it took as sent;
 * nothing may be added in between. */
typedef bool usage_take_fn(void *context, const struct usage_view *view);
bool usage_offer_unsent(struct usage_app *app, void *context, usage_take_fn *take);
void usage_mark_sent(struct usage_app *app);
/* What was sent has been lost there: all that is held here is offered again. */
void usage_mark_unsent(struct usage_app *app);

/* How many spans that begin in [from, to) were sent, and have not changed since. Any thread, like
 * usage_tell(). */
size_t usage_count_sent(const struct usage_app *app, enum usage_span span, int64_t from,
                        int64_t to);

#endif
