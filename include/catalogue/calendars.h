/* SPDX-License-Identifier: MIT
 *
 * When the periods of limits start, by the tz database of the machine and GLib's arithmetic.
 *
 * A time that clocks in the zone do not show, because they are put forward, is the first instant
 * after the gap. Of a time that they show twice, the first counts. Periods are never empty: if two
 * would start at the same instant, they are one. GLib knows no change of clocks after 2037.
 *
 * Times are 0..LIMIT_TIME_US_MAX; any other counts as the nearest of these. */
#ifndef CATALOGUE_CALENDARS_H
#define CATALOGUE_CALENDARS_H

#include "limit/calendar.h"
#include "limit/period.h"

/* Whether this machine knows the zone by the tz database's own list. Any other name could be a
 * path. Any thread. */
bool calendars_know(struct text zone);

/* The periods around `time_us` (Unix time); calendar->ahead_us stays as it is. Remembers what it
 * computed last, so it is cheap until that period is over. False: the zone is not known here. Any
 * thread. */
MUST_USE bool calendars_at(struct period *period, int64_t time_us, struct calendar *calendar);

/* The same for a zone that is not known here: by UTC. */
void calendars_at_utc(const struct period *period, int64_t time_us, struct calendar *calendar);

#endif
