/* SPDX-License-Identifier: MIT
 *
 * Periods have numbers: 0 begins at the anchor, 1 is the next, -1 the one before. */
#include "catalogue/calendars.h"

#include "base/duration.h"
#include "limit/limit.h"

#include "zones.h"

#define MONTHS_PER_YEAR 12
#define EPOCH_JULIAN    719163 /* 1970-01-01, as GDate counts days */
/* No clock in the world is further from UTC, or ever was. */
#define OFFSET_S_MAX (26 * HOUR_S)

/* What the local time moves on by from one period to the next: seconds or months. */
static const struct {
    int64_t seconds;
    int64_t months;
} steps[] = {
    [PERIOD_HOUR] = {.seconds = HOUR_S},         [PERIOD_DAY] = {.seconds = DAY_S},
    [PERIOD_WEEK] = {.seconds = 7 * DAY_S},      [PERIOD_MONTH] = {.months = 1},
    [PERIOD_YEAR] = {.months = MONTHS_PER_YEAR},
};

/* `zone` is what GLib needs as not const, but does not change. */
struct periods {
    const struct period *period;
    GTimeZone *zone;
};

static bool memo_read(const struct period *period, int64_t time_us, struct calendar *calendar);
static void memo_write(struct period *period, const struct calendar *calendar);
static void calendar_make(struct periods periods, int64_t time_us, struct calendar *calendar);
static int64_t number_at(struct periods periods, int64_t time_s);
static int64_t number_near(struct periods periods, int64_t time_s);
static int64_t start_of(struct periods periods, int64_t number);
static int64_t local_start_of(const struct period *period, int64_t number);
static int64_t months_of(int64_t local_s);
static int64_t instant_of(GTimeZone *zone, int64_t local_s);
static int64_t floor_divide(int64_t dividend, int64_t divisor);

bool calendars_know(struct text zone)
{
    return zones_find(zone) != NULL;
}

bool calendars_at(struct period *period, int64_t time_us, struct calendar *calendar)
{
    if (memo_read(period, time_us, calendar))
        return true;

    const struct periods periods = {period, zones_find(period->zone)};

    if (periods.zone == NULL)
        return false;
    calendar_make(periods, time_us, calendar);
    memo_write(period, calendar);
    return true;
}

void calendars_at_utc(const struct period *period, int64_t time_us, struct calendar *calendar)
{
    const struct periods periods = {period, zones_find(TEXT(PERIOD_ZONE_DEFAULT))};

    calendar_make(periods, time_us, calendar);
}

/* The version is read before and after the starts. Whoever reads a start of another version also
 * finds another version afterwards, because a start is released after the version became odd. */
static bool memo_read(const struct period *period, int64_t time_us, struct calendar *calendar)
{
    const uint32_t version = atomic_load_explicit(&period->memo.version, memory_order_acquire);
    int64_t starts_us[CALENDAR_STARTS];

    for (size_t i = 0; i < CALENDAR_STARTS; i++)
        starts_us[i] = atomic_load_explicit(&period->memo.starts_us[i], memory_order_acquire);
    if (version == 0 || version % 2 != 0 || time_us < starts_us[1] || time_us >= starts_us[2] ||
        atomic_load_explicit(&period->memo.version, memory_order_relaxed) != version)
        return false;
    memcpy(calendar->starts_us, starts_us, sizeof(starts_us));
    return true;
}

/* While another thread writes, what this one knows is not kept. */
static void memo_write(struct period *period, const struct calendar *calendar)
{
    uint32_t version = atomic_load_explicit(&period->memo.version, memory_order_relaxed);

    if (version % 2 != 0 ||
        !atomic_compare_exchange_strong_explicit(&period->memo.version, &version, version + 1,
                                                 memory_order_acquire, memory_order_relaxed))
        return;
    for (size_t i = 0; i < CALENDAR_STARTS; i++)
        atomic_store_explicit(&period->memo.starts_us[i], calendar->starts_us[i],
                              memory_order_release);
    atomic_store_explicit(&period->memo.version, version + 2, memory_order_release);
}

/* The period before and the one after the next are the nearest that start at another instant. */
static void calendar_make(struct periods periods, int64_t time_us, struct calendar *calendar)
{
    const int64_t bounded_us = time_us < 0                   ? 0
                               : time_us > LIMIT_TIME_US_MAX ? LIMIT_TIME_US_MAX
                                                             : time_us;
    const int64_t present = number_at(periods, bounded_us / SECOND_US);
    int64_t before = present - 1;
    int64_t after = present + 2;
    int64_t starts_s[CALENDAR_STARTS];

    starts_s[1] = start_of(periods, present);
    starts_s[2] = start_of(periods, present + 1);
    while ((starts_s[0] = start_of(periods, before)) >= starts_s[1])
        before--;
    while ((starts_s[3] = start_of(periods, after)) <= starts_s[2])
        after++;
    for (size_t i = 0; i < CALENDAR_STARTS; i++)
        calendar->starts_us[i] = starts_s[i] * SECOND_US;
}

/* The last that starts at this time or before. */
static int64_t number_at(struct periods periods, int64_t time_s)
{
    int64_t number = number_near(periods, time_s);

    while (start_of(periods, number) > time_s)
        number--;
    while (start_of(periods, number + 1) <= time_s)
        number++;
    return number;
}

static int64_t number_near(struct periods periods, int64_t time_s)
{
    const struct period *period = periods.period;
    const int64_t step_s = steps[period->unit].seconds;

    if (step_s > 0)
        return floor_divide(time_s - start_of(periods, 0), step_s);
    return floor_divide(months_of(time_s) - months_of(local_start_of(period, 0)),
                        steps[period->unit].months);
}

static int64_t start_of(struct periods periods, int64_t number)
{
    if (periods.period->unit == PERIOD_HOUR)
        return instant_of(periods.zone, local_start_of(periods.period, 0)) + number * HOUR_S;
    return instant_of(periods.zone, local_start_of(periods.period, number));
}

/* Local times are seconds on a clock that is never put forward or back, from 1970 on. */
static int64_t local_start_of(const struct period *period, int64_t number)
{
    const struct period_anchor *anchor = &period->anchor;
    const int64_t months =
        anchor->year * MONTHS_PER_YEAR + anchor->month - 1 + number * steps[period->unit].months;
    const GDateYear year = (GDateYear)(months / MONTHS_PER_YEAR);
    const GDateMonth month = (GDateMonth)(months % MONTHS_PER_YEAR + 1);
    const int days = g_date_get_days_in_month(month, year);
    GDate date;

    g_date_clear(&date, 1);
    g_date_set_dmy(&date, (GDateDay)(anchor->day < days ? anchor->day : days), month, year);
    return ((int64_t)g_date_get_julian(&date) - EPOCH_JULIAN) * DAY_S + anchor->hour * HOUR_S +
           anchor->minute * MINUTE_S + anchor->second + number * steps[period->unit].seconds;
}

/* Its month, counted from the year 0 on. */
static int64_t months_of(int64_t local_s)
{
    GDate date;

    g_date_clear(&date, 1);
    g_date_set_julian(&date, (guint32)(floor_divide(local_s, DAY_S) + EPOCH_JULIAN));
    return g_date_get_year(&date) * MONTHS_PER_YEAR + (int)g_date_get_month(&date) - 1;
}

/* The first instant at which clocks in the zone show this. If none does, the first after the gap,
 * which is where GLib moves the time to. */
static int64_t instant_of(GTimeZone *zone, int64_t local_s)
{
    const int last = g_time_zone_find_interval(zone, G_TIME_TYPE_UNIVERSAL, local_s + OFFSET_S_MAX);

    for (int i = g_time_zone_find_interval(zone, G_TIME_TYPE_UNIVERSAL, local_s - OFFSET_S_MAX);
         i <= last; i++) {
        const int64_t time_s = local_s - g_time_zone_get_offset(zone, i);

        if (g_time_zone_find_interval(zone, G_TIME_TYPE_UNIVERSAL, time_s) == i)
            return time_s;
    }

    gint64 shown_s = local_s;
    const int after = g_time_zone_adjust_time(zone, G_TIME_TYPE_STANDARD, &shown_s);

    return shown_s - g_time_zone_get_offset(zone, after);
}

static int64_t floor_divide(int64_t dividend, int64_t divisor)
{
    return dividend / divisor - (dividend % divisor < 0 ? 1 : 0);
}
