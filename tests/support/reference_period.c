/* SPDX-License-Identifier: MIT
 *
 * Periods are numbered from the anchor on. The period of a time is estimated by their usual length,
 * and then searched. */
#include "support/reference_period.h"

#include "support/random.h"

#define SECOND_US INT64_C(1000000)
#define HOUR_S    INT64_C(3600)
#define DAY_S     (24 * HOUR_S)

static int64_t number_at(const struct reference_period *period, int64_t time_s);
static int64_t start_of(const struct reference_period *period, int64_t number);
static int64_t phase_of(const struct reference_period *period);
static struct reference_period anchored(const struct reference_period *period);
static int64_t local_of(int64_t year, int month, int day, int second);
static int days_of(int64_t year, int month);
static bool is_leap(int64_t year);
static int64_t quotient(int64_t value, int64_t divisor);

static const char *const words[REFERENCE_UNIT_COUNT] = {NULL,   "hour",  "day",
                                                        "week", "month", "year"};
static const int64_t lengths_s[REFERENCE_UNIT_COUNT] = {
    0, HOUR_S, DAY_S, 7 * DAY_S, 30 * DAY_S, 365 * DAY_S,
};

int64_t reference_period_start(const struct reference_period *period, int64_t time_us)
{
    const int64_t number = number_at(period, quotient(time_us, SECOND_US));

    return start_of(period, number) * SECOND_US;
}

int64_t reference_period_end(const struct reference_period *period, int64_t time_us)
{
    const int64_t number = number_at(period, quotient(time_us, SECOND_US));

    return start_of(period, number + 1) * SECOND_US;
}

bool reference_period_equal(const struct reference_period *a, const struct reference_period *b)
{
    return a->unit == b->unit && a->zone == b->zone && phase_of(a) == phase_of(b);
}

int64_t reference_period_length_us(enum reference_unit unit)
{
    return lengths_s[unit] * SECOND_US;
}

/* Anchors are often at the end of a month, and at night, when clocks are changed. */
struct reference_period reference_period_make(enum reference_unit unit)
{
    struct reference_period period = {
        .unit = unit,
        .zone = random_one_in(4) ? 0 : (size_t)random_below(REFERENCE_ZONES),
        .has_anchor = !random_one_in(3),
    };

    if (!period.has_anchor)
        return period;
    period.year = 1990 + (int)random_below(45);
    period.month = 1 + (int)random_below(12);
    period.day = days_of(period.year, period.month) - (int)random_below(random_one_in(2) ? 3 : 28);
    period.has_time = random_one_in(2);
    if (period.has_time)
        period.second = (int)(random_one_in(2) ? random_below(DAY_S) : 900 * random_below(16));
    return period;
}

struct reference_period reference_period_hours_from(int64_t time_us)
{
    return (struct reference_period){
        .unit = REFERENCE_HOUR,
        .has_anchor = true,
        .has_time = true,
        .year = 2001,
        .month = 1,
        .day = 1,
        .second = (int)(time_us / SECOND_US % HOUR_S),
    };
}

void reference_period_write_quoted(const struct reference_period *period, FILE *out)
{
    (void)fprintf(out, "'period':'%s'", words[period->unit]);
    if (period->zone > 0)
        (void)fprintf(out, ",'zone':'%s'", reference_zones[period->zone]);
    if (!period->has_anchor)
        return;
    (void)fprintf(out, ",'anchor':'%04d-%02d-%02d", period->year, period->month, period->day);
    if (period->has_time)
        (void)fprintf(out, "T%02d:%02d:%02d", period->second / 3600, period->second / 60 % 60,
                      period->second % 60);
    (void)fputs("'", out);
}

/* The last that has started. If several start at once, they are the last of these, and one. */
static int64_t number_at(const struct reference_period *period, int64_t time_s)
{
    int64_t number = quotient(time_s - start_of(period, 0), lengths_s[period->unit]);

    while (start_of(period, number + 1) <= time_s)
        number++;
    while (start_of(period, number) > time_s)
        number--;
    return number;
}

static int64_t start_of(const struct reference_period *period, int64_t number)
{
    const struct reference_period from = anchored(period);
    const int64_t anchor_s = local_of(from.year, from.month, from.day, from.second);
    const int64_t months = from.month - 1 + (from.unit == REFERENCE_YEAR ? 12 : 1) * number;
    const int64_t year = from.year + quotient(months, 12);
    const int month = (int)(months - quotient(months, 12) * 12) + 1;
    const int last_day = days_of(year, month);

    switch (from.unit) {
    case REFERENCE_HOUR:
        return reference_zone_instant(from.zone, anchor_s) + HOUR_S * number;
    case REFERENCE_DAY:
    case REFERENCE_WEEK:
        return reference_zone_instant(from.zone, anchor_s + lengths_s[from.unit] * number);
    case REFERENCE_MONTH:
    case REFERENCE_YEAR:
        return reference_zone_instant(
            from.zone,
            local_of(year, month, from.day < last_day ? from.day : last_day, from.second));
    case REFERENCE_NO_PERIOD:
    case REFERENCE_UNIT_COUNT:
        break;
    }
    ASSERT(!"a period");
    return 0;
}

/* All that periods of its unit take from an anchor, in seconds. */
static int64_t phase_of(const struct reference_period *period)
{
    const struct reference_period from = anchored(period);
    const int64_t anchor_s = local_of(from.year, from.month, from.day, from.second);

    switch (from.unit) {
    case REFERENCE_HOUR:
        return anchor_s;
    case REFERENCE_DAY:
    case REFERENCE_WEEK:
        return anchor_s - lengths_s[from.unit] * quotient(anchor_s, lengths_s[from.unit]);
    case REFERENCE_MONTH:
        return from.day * DAY_S + from.second;
    case REFERENCE_YEAR:
        return (from.month * 31 + from.day) * DAY_S + from.second;
    case REFERENCE_NO_PERIOD:
    case REFERENCE_UNIT_COUNT:
        break;
    }
    return 0;
}

/* Without an anchor it is any Monday that is the 1st of January. */
static struct reference_period anchored(const struct reference_period *period)
{
    struct reference_period from = *period;

    if (period->has_anchor)
        return from;
    from.year = 2001;
    from.month = from.day = 1;
    return from;
}

static int64_t local_of(int64_t year, int month, int day, int second)
{
    const int64_t before = year - 1;
    int64_t days = 365 * before + quotient(before, 4) - quotient(before, 100) +
                   quotient(before, 400) + day - 719163;

    for (int earlier = 1; earlier < month; earlier++)
        days += days_of(year, earlier);
    return days * DAY_S + second;
}

static int days_of(int64_t year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return days[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
}

static bool is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Rounded down. */
static int64_t quotient(int64_t value, int64_t divisor)
{
    return value / divisor - (value % divisor < 0 ? 1 : 0);
}
