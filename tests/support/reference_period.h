/* SPDX-License-Identifier: MIT
 *
 * The periods of a calendar a second time, directly from the documentation: "a month from the
 * 31st, in Havana". It shares no code with the service. Times are Unix time, from 1988 to 2035. */
#ifndef SUPPORT_REFERENCE_PERIOD_H
#define SUPPORT_REFERENCE_PERIOD_H

#include "support/reference_zone.h"

#include <stdio.h>

enum reference_unit {
    REFERENCE_NO_PERIOD,
    REFERENCE_HOUR,
    REFERENCE_DAY,
    REFERENCE_WEEK,
    REFERENCE_MONTH,
    REFERENCE_YEAR,
    REFERENCE_UNIT_COUNT
};

struct reference_period {
    enum reference_unit unit;
    size_t zone;
    bool has_anchor; /* else the other members are 0 */
    bool has_time;
    int year;
    int month; /* 1..12 */
    int day;
    int second; /* of the day */
};

/* The start of the period in which the time is. */
int64_t reference_period_start(const struct reference_period *period, int64_t time_us);
/* Its end, where the next one starts. */
int64_t reference_period_end(const struct reference_period *period, int64_t time_us);

/* Whether they always start at the same times, whatever year their anchors are of. */
bool reference_period_equal(const struct reference_period *a, const struct reference_period *b);

/* About how long it is. */
int64_t reference_period_length_us(enum reference_unit unit);

/* Any zone and anchor. */
struct reference_period reference_period_make(enum reference_unit unit);

/* Hours of which one begins at this time. */
struct reference_period reference_period_hours_from(int64_t time_us);

/* The members of a limit's document, in single quotes. */
void reference_period_write_quoted(const struct reference_period *period, FILE *out);

#endif
