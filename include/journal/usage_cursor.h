/* SPDX-License-Identifier: MIT
 *
 * How far a report has been read, by stretches: the hours of a day, or the minutes of an hour.
 * First the hours, then the minutes. The subjects are with the hours, so all hours of the
 * window are read. */
#ifndef JOURNAL_USAGE_CURSOR_H
#define JOURNAL_USAGE_CURSOR_H

#include "journal/usage_report.h"

/* By span, in minutes: how long a stretch is. */
extern const int64_t usage_stretch_minutes[USAGE_SPANS];

/* A stretch of spans. */
struct usage_cursor {
    enum usage_span span;
    int64_t minute; /* since 1970: where the stretch begins */
};

/* The stretch of such spans that this minute is in. */
struct usage_cursor usage_cursor_at(enum usage_span span, int64_t minute);

/* The first stretch. */
struct usage_cursor usage_cursor_start(const struct usage_report *report);
bool usage_cursor_is_at_start(const struct usage_cursor *cursor, const struct usage_report *report);
/* To be called before a stretch is read. False: all have been. */
MUST_USE bool usage_cursor_has_more(struct usage_cursor *cursor, const struct usage_report *report);
void usage_cursor_advance(struct usage_cursor *cursor);

#endif
