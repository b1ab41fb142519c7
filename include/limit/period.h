/* SPDX-License-Identifier: MIT
 *
 * The periods of a limit by the calendar: "a month from the 17th, in Berlin". Only what a policy
 * says. When such periods start is computed by catalogue/calendars.h. */
#ifndef LIMIT_PERIOD_H
#define LIMIT_PERIOD_H

#include <stdatomic.h>

#include "base/form.h"
#include "base/writer.h"
#include "limit/calendar.h"

struct arena;

#define PERIOD_ZONE_BYTES_MAX 64
#define PERIOD_ZONE_DEFAULT   "UTC"
#define PERIOD_YEAR_MIN       1970 /* of an anchor */
#define PERIOD_YEAR_MAX       2100

enum period_unit { PERIOD_HOUR, PERIOD_DAY, PERIOD_WEEK, PERIOD_MONTH, PERIOD_YEAR };

extern const char *const period_unit_words[]; /* in the order of the enum, NULL-terminated */

/* A time on a clock on the wall, without an offset. */
struct period_anchor {
    int year; /* PERIOD_YEAR_MIN..PERIOD_YEAR_MAX */
    int month;
    int day;
    int hour;
    int minute;
    int second;
};

/* A period begins when clocks in the zone show again what they show in the anchor: the minute and
 * second in each hour (every 3,600 s from the anchor), the time of day, the day of the week, the
 * day of the month, or the day of the year. A month that is too short has it on its last day. */
struct period {
    enum period_unit unit;
    bool has_zone;    /* as given */
    struct text zone; /* IANA; NUL-terminated */
    bool has_anchor;  /* as given; else `anchor` is a Monday, the 1st of January, midnight */
    struct period_anchor anchor;
    bool anchor_has_time; /* as given: a date and time, not a date alone */
    /* What was computed last, for any thread: see catalogue/calendars.h. */
    struct {
        _Atomic uint32_t version; /* odd while it is written; 0: nothing yet */
        _Atomic int64_t starts_us[CALENDAR_STARTS];
    } memo;
};

/* Reads the members `period`, `zone` and `anchor`. NULL when `period` is not there or there was a
 * fault; the others must be absent without it. The zone is held to the form of a name, not looked
 * up. The result lies in `arena`. */
struct period *period_read(struct form *form, struct arena *arena);

/* Writes the members as they were given: `zone` and `anchor` only if they were. */
void period_write(const struct period *period, struct writer *writer);

/* The longest that a period of this unit can last, whatever its zone does. */
int64_t period_longest_us(enum period_unit unit);

/* Whether both are the same periods, whatever their anchors are. NULL is none. */
bool period_equal(const struct period *a, const struct period *b);

/* Whether the text has the form of a zone's name. No path outside of a directory of zones has. */
bool period_zone_is_form(struct text zone);

/* What tells periods apart, without a space: "month/2001-01-17T00:00:00/Europe/Berlin". Stored
 * counters are known by it, so it stays what it is. An anchor of another year with the same day is
 * the same here, because it makes the same periods. */
#define PERIOD_TEXT_BYTES_MAX (32 + PERIOD_ZONE_BYTES_MAX)
struct text period_text(const struct period *period, char space[static PERIOD_TEXT_BYTES_MAX]);

#endif
