/* SPDX-License-Identifier: MIT
 *
 * What the apps of this process have been using: per app a tally of the open minute and of the open
 * hour, and packed ones of those before. The journal's thread owns all of it.
 *
 * What is closed is kept for as long as usage_kept_minutes says after it was, by a clock that
 * nobody sets. Closed minutes and hours of all apps together take at most the bytes given to
 * usage_new(): past them the oldest minutes go, and when there are none the oldest hours. An app
 * that has more than a 64th gives way before the others: of its own the oldest go as long as it has
 * more than is free. An app's open ones hold at most what a tally holds each. */
#ifndef JOURNAL_USAGE_H
#define JOURNAL_USAGE_H

#include "journal/usage_report.h"

#define USAGE_BYTES_MAX ((size_t)64 * 1024 * 1024)

struct usage;
struct usage_app;

struct usage *usage_new(size_t bytes_max);
/* After its apps. */
void usage_free(struct usage *usage);

struct usage_app *usage_app_new(struct usage *usage);
void usage_app_free(struct usage_app *app);

/* What usage_app_pack() would free, and nobody else's bound holds. */
size_t usage_app_open_bytes(const struct usage_app *app);
/* For when the app may stay silent: closes what is open. Should it go on, so do these. */
void usage_app_pack(struct usage_app *app);
/* Frees all of it besides: that has been sent. What comes is another part of its span. */
void usage_app_forget(struct usage_app *app);

/* Adds what was counted in the minute tally->minute; nothing when it is empty. Whatever way the
 * clock was set, the minute and the hour that it belongs to are open afterwards. `elapsed_minutes`
 * are those of a clock that nobody sets. */
void usage_add(struct usage_app *app, const struct tally *tally, int64_t elapsed_minutes);
/* Adds those who were denied, to the open hour: usage_add() has opened it. */
void usage_add_denied(struct usage_app *app, const struct heavy_hitters *denied);

/* Each span for itself, closed and open ones. */
typedef void usage_visit_fn(void *context, const struct usage_view *view);
void usage_visit(const struct usage_app *app, void *context, usage_visit_fn *visit);

/* Offers those that changed since they were sent, of each kind the oldest first, until `take` says
 * that it does not take one: then false. usage_mark_sent() says that those which it took have been
 * sent; nothing may be added in between. */
typedef bool usage_take_fn(void *context, const struct usage_view *view);
bool usage_offer_unsent(struct usage_app *app, void *context, usage_take_fn *take);
void usage_mark_sent(struct usage_app *app);

/* All minutes from here on are there, as far as they are kept at all. */
int64_t usage_minutes_from(const struct usage_app *app);

#endif
