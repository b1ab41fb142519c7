/* SPDX-License-Identifier: MIT */
#include "limit/period.h"

#include "base/arena.h"
#include "base/duration.h"

#define DATE_SHAPE    "0000-00-00" /* 0 is any digit */
#define MINUTES_SHAPE DATE_SHAPE "T00:00"
#define SECONDS_SHAPE MINUTES_SHAPE ":00"
#define ANCHOR_BYTES  (sizeof(SECONDS_SHAPE) - 1)

/* A zone that moves over the date line by going back repeats a day, and some hours more. */
#define ZONE_MOVES_S_MAX (2 * DAY_S)

static void zone_read(struct form *form, struct arena *arena, struct period *period);
static void anchor_read(struct form *form, struct period *period);
static const char *anchor_parse(struct text text, struct period *period);
static bool anchor_is_instant(struct text text);
static const char *anchor_fault(const struct period_anchor *anchor);
static bool has_shape(struct text text, const char *shape);
static int number_at(struct text text, size_t place, size_t digits);
static int days_in(int month, int year);
static struct period_anchor anchor_of_all(const struct period *period);
static int weekday_of(const struct period_anchor *anchor);
static bool is_letter(char c);

const char *const period_unit_words[] = {"hour", "day", "week", "month", "year", NULL};

static const int64_t longest_s[] = {
    [PERIOD_HOUR] = HOUR_S,
    [PERIOD_DAY] = DAY_S + ZONE_MOVES_S_MAX,
    [PERIOD_WEEK] = 7 * DAY_S + ZONE_MOVES_S_MAX,
    [PERIOD_MONTH] = 31 * DAY_S + ZONE_MOVES_S_MAX,
    [PERIOD_YEAR] = 366 * DAY_S + ZONE_MOVES_S_MAX,
};

struct period *period_read(struct form *form, struct arena *arena)
{
    static const char *const others[] = {"zone", "anchor"};
    const size_t faults_before = form->faults->count;
    int unit = PERIOD_HOUR;

    if (!form_has(form, "period")) {
        for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
            if (form_has(form, others[i]))
                form_fault(form, others[i], "must be absent without `period`");
        }
        return NULL;
    }

    struct period *period = ARENA_NEW(arena, struct period);

    if (form_has_integer(form, "period"))
        form_fault(form, "period", "must be a unit, as in \"month\"; seconds are window_seconds");
    else
        form_choice(form, "period", FORM_REQUIRED, period_unit_words, &unit);
    period->unit = (enum period_unit)unit;
    zone_read(form, arena, period);
    anchor_read(form, period);
    return form->faults->count == faults_before ? period : NULL;
}

void period_write(const struct period *period, struct writer *writer)
{
    const struct period_anchor *anchor = &period->anchor;
    char text[ANCHOR_BYTES + 1];

    writer_string(writer, "period", period_unit_words[period->unit]);
    if (period->has_zone)
        writer_text(writer, "zone", period->zone);
    if (!period->has_anchor)
        return;

    /* Moduli, because a compiler does not know how long these numbers are. */
    int length = snprintf(text, sizeof(text), "%04u-%02u-%02u", (unsigned)anchor->year % 10000,
                          (unsigned)anchor->month % 100, (unsigned)anchor->day % 100);
    if (period->anchor_has_time)
        length += snprintf(text + length, sizeof(text) - (size_t)length, "T%02u:%02u",
                           (unsigned)anchor->hour % 100, (unsigned)anchor->minute % 100);
    if (anchor->second != 0)
        (void)snprintf(text + length, sizeof(text) - (size_t)length, ":%02u",
                       (unsigned)anchor->second % 100);
    writer_string(writer, "anchor", text);
}

int64_t period_longest_us(enum period_unit unit)
{
    return longest_s[unit] * SECOND_US;
}

bool period_equal(const struct period *a, const struct period *b)
{
    char a_space[PERIOD_TEXT_BYTES_MAX];
    char b_space[PERIOD_TEXT_BYTES_MAX];

    if (a == NULL || b == NULL)
        return a == b;
    return text_equal(period_text(a, a_space), period_text(b, b_space));
}

bool period_zone_is_form(struct text zone)
{
    if (zone.length == 0 || zone.length > PERIOD_ZONE_BYTES_MAX || !is_letter(zone.at[0]))
        return false;
    for (size_t i = 1; i < zone.length; i++) {
        const char c = zone.at[i];

        if (!is_letter(c) && !(c >= '0' && c <= '9') && (c == '\0' || strchr("_+-/", c) == NULL))
            return false;
    }
    return true;
}

struct text period_text(const struct period *period, char space[static PERIOD_TEXT_BYTES_MAX])
{
    const struct period_anchor anchor = anchor_of_all(period);
    const int length =
        snprintf(space, PERIOD_TEXT_BYTES_MAX, "%s/%04d-%02d-%02dT%02d:%02d:%02d/%.*s",
                 period_unit_words[period->unit], anchor.year, anchor.month, anchor.day,
                 anchor.hour, anchor.minute, anchor.second, TEXT_PRINTF(period->zone));

    ASSERT(length < PERIOD_TEXT_BYTES_MAX);
    return (struct text){space, (size_t)length};
}

static void zone_read(struct form *form, struct arena *arena, struct period *period)
{
    period->zone = TEXT(PERIOD_ZONE_DEFAULT);
    period->has_zone =
        form_text(form, "zone", FORM_OPTIONAL, 1, PERIOD_ZONE_BYTES_MAX, &period->zone);
    if (!period_zone_is_form(period->zone)) {
        form_fault(form, "zone",
                   "names a time zone of the tz database, as in \"Europe/Berlin\": it must consist "
                   "of letters, digits and _ + - /");
        return;
    }
    period->zone = text_copy(arena, period->zone);
}

static void anchor_read(struct form *form, struct period *period)
{
    struct text text;

    /* A Monday. */
    period->anchor = (struct period_anchor){.year = 2001, .month = 1, .day = 1};
    if (!form_has(form, "anchor") ||
        !form_text(form, "anchor", FORM_REQUIRED, 1, ANCHOR_BYTES * 2, &text))
        return;

    const char *fault = anchor_parse(text, period);

    if (fault != NULL)
        form_fault(form, "anchor", "%s", fault);
}

/* NULL, or what is wrong. */
static const char *anchor_parse(struct text text, struct period *period)
{
    const bool has_seconds = has_shape(text, SECONDS_SHAPE);

    if (anchor_is_instant(text))
        return "must be a local time, without an offset or Z: `zone` says where";
    period->anchor_has_time = has_seconds || has_shape(text, MINUTES_SHAPE);
    if (!period->anchor_has_time && !has_shape(text, DATE_SHAPE))
        return "must be a date like \"2026-01-17\", or a date and time like \"2026-01-17T08:30\"";
    period->has_anchor = true;
    period->anchor = (struct period_anchor){
        .year = number_at(text, 0, 4),
        .month = number_at(text, 5, 2),
        .day = number_at(text, 8, 2),
    };
    if (period->anchor_has_time) {
        period->anchor.hour = number_at(text, 11, 2);
        period->anchor.minute = number_at(text, 14, 2);
    }
    if (has_seconds)
        period->anchor.second = number_at(text, 17, 2);
    return anchor_fault(&period->anchor);
}

/* Whether an offset or Z follows a date and time. */
static bool anchor_is_instant(struct text text)
{
    static const char *const shapes[] = {MINUTES_SHAPE, SECONDS_SHAPE};

    for (size_t i = 0; i < ARRAY_COUNT(shapes); i++) {
        const size_t length = strlen(shapes[i]);

        if (text.length > length && has_shape((struct text){text.at, length}, shapes[i]) &&
            text.at[length] != '\0' && strchr("Zz+-", text.at[length]) != NULL)
            return true;
    }
    return false;
}

static const char *anchor_fault(const struct period_anchor *anchor)
{
    _Static_assert(PERIOD_YEAR_MIN == 1970 && PERIOD_YEAR_MAX == 2100, "as the text says");
    if (anchor->year < PERIOD_YEAR_MIN || anchor->year > PERIOD_YEAR_MAX)
        return "must have a year from 1970 to 2100";
    if (anchor->month < 1 || anchor->month > 12)
        return "must have a month from 01 to 12";
    if (anchor->day < 1 || anchor->day > days_in(anchor->month, anchor->year))
        return "must have a day that its month has";
    if (anchor->hour > 23 || anchor->minute > 59 || anchor->second > 59)
        return "must have a time from 00:00:00 to 23:59:59";
    return NULL;
}

static bool has_shape(struct text text, const char *shape)
{
    if (text.length != strlen(shape))
        return false;
    for (size_t i = 0; i < text.length; i++) {
        const bool is_digit = text.at[i] >= '0' && text.at[i] <= '9';

        if (shape[i] == '0' ? !is_digit : text.at[i] != shape[i])
            return false;
    }
    return true;
}

static int number_at(struct text text, size_t place, size_t digits)
{
    int number = 0;

    for (size_t i = place; i < place + digits; i++)
        number = number * 10 + (text.at[i] - '0');
    return number;
}

static int days_in(int month, int year)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return days[month - 1] + (month == 2 && is_leap ? 1 : 0);
}

/* One anchor for all that make the same periods. An hour needs the whole of it, because the offset
 * of the zone at that time decides in which minute of UTC it starts. January 2001 has 31 days and
 * begins with a Monday, and 2000 has 366 days. */
static struct period_anchor anchor_of_all(const struct period *period)
{
    struct period_anchor anchor = period->anchor;

    switch (period->unit) {
    case PERIOD_HOUR:
        return anchor;
    case PERIOD_DAY:
        anchor.day = 1;
        break;
    case PERIOD_WEEK:
        anchor.day = 1 + weekday_of(&anchor);
        break;
    case PERIOD_MONTH:
        break;
    case PERIOD_YEAR:
        anchor.year = 2000;
        return anchor;
    }
    anchor.year = 2001;
    anchor.month = 1;
    return anchor;
}

/* 0 is Monday. */
static int weekday_of(const struct period_anchor *anchor)
{
    int days = anchor->day + 2; /* 1 January 1970 was a Thursday */

    for (int year = PERIOD_YEAR_MIN; year < anchor->year; year++)
        days += 365 + (days_in(2, year) == 29 ? 1 : 0);
    for (int month = 1; month < anchor->month; month++)
        days += days_in(month, anchor->year);
    return days % 7;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
