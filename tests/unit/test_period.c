/* SPDX-License-Identifier: MIT */
#include "limit/period.h"

#include "base/duration.h"
#include "reading.h"
#include "support/cmocka.h"

/* `members` are those of a limit, with ' for ". */
static struct period *read_period(const char *members)
{
    char text[512];
    struct form form;

    (void)snprintf(text, sizeof(text), "{%s}", members);
    for (char *quote = text; (quote = strchr(quote, '\'')) != NULL;)
        *quote = '"';
    reading_begin(&form, text, "/limits/0");
    struct period *period = period_read(&form, &arena);
    form_close(&form);
    reading_let_go(); /* the result has its own copy of the zone */
    return period;
}

static struct period *read_good(const char *members)
{
    struct period *period = read_period(members);

    if (period == NULL)
        fail_msg("%s: %s: %s", members, faults.at[0].pointer, faults.at[0].detail);
    assert_int_equal(faults.count, 0);
    return period;
}

/* Reads the members, and writes them again, with ' for ". */
static const char *written(const char *members)
{
    struct buffer buffer;
    struct writer writer;

    buffer_init(&buffer, &arena, 64);
    writer_init(&writer, &buffer);
    writer_begin_object(&writer, NULL);
    period_write(read_good(members), &writer);
    writer_end_object(&writer);

    struct text document = buffer_text(&buffer);
    char *copy = arena_allocate(&arena, document.length + 1);

    memcpy(copy, document.at, document.length);
    for (char *quote = copy; (quote = strchr(quote, '"')) != NULL;)
        *quote = '\'';
    return copy;
}

static void assert_fault(const char *members, const char *pointer, const char *detail)
{
    assert_null(read_period(members));
    reading_expect_fault(pointer, detail);
}

static void assert_anchor(const char *anchor, const char *detail)
{
    char members[256];

    (void)snprintf(members, sizeof(members), "'period':'month','anchor':%s", anchor);
    assert_fault(members, "/limits/0/anchor", detail);
}

static void assert_zone(const char *zone, const char *detail)
{
    char members[256];

    (void)snprintf(members, sizeof(members), "'period':'month','zone':%s", zone);
    assert_fault(members, "/limits/0/zone", detail);
}

static void what_is_given_is_written_and_nothing_else(void **state)
{
    (void)state;
    static const char *const documents[] = {
        "{'period':'hour'}",
        "{'period':'day','zone':'UTC'}",
        "{'period':'week','anchor':'2026-01-17'}",
        "{'period':'month','zone':'America/Argentina/Buenos_Aires','anchor':'1970-01-31'}",
        "{'period':'year','zone':'Etc/GMT+12','anchor':'2100-12-31T23:59:59'}",
        "{'period':'year','anchor':'2024-02-29T00:00'}",
        "{'period':'day','anchor':'2024-02-29T08:30'}",
    };

    for (size_t i = 0; i < ARRAY_COUNT(documents); i++) {
        char members[256];

        (void)snprintf(members, sizeof(members), "%.*s", (int)strlen(documents[i]) - 2,
                       documents[i] + 1);
        assert_string_equal(written(members), documents[i]);
    }
    assert_string_equal(written("'period':'day','anchor':'2026-01-17T08:30:00'"),
                        "{'period':'day','anchor':'2026-01-17T08:30'}");
    assert_string_equal(written("'period':'day','zone':null,'anchor':null"), "{'period':'day'}");
}

static void the_defaults_are_utc_and_a_monday_the_first_of_january_midnight(void **state)
{
    (void)state;
    const struct period *period = read_good("'period':'week'");
    const struct period_anchor *anchor = &period->anchor;
    struct tm day = {.tm_year = anchor->year - 1900, .tm_mday = 1};

    assert_string_equal(period->zone.at, "UTC");
    assert_int_equal(anchor->month, 1);
    assert_int_equal(anchor->day, 1);
    assert_int_equal(anchor->hour + anchor->minute + anchor->second, 0);
    assert_int_not_equal(timegm(&day), -1);
    assert_int_equal(day.tm_wday, 1);
}

static void the_parts_of_an_anchor_are_read(void **state)
{
    (void)state;
    const struct period_anchor anchor =
        read_good("'period':'day','anchor':'2031-12-29T21:43:05'")->anchor;

    assert_int_equal(anchor.year, 2031);
    assert_int_equal(anchor.month, 12);
    assert_int_equal(anchor.day, 29);
    assert_int_equal(anchor.hour, 21);
    assert_int_equal(anchor.minute, 43);
    assert_int_equal(anchor.second, 5);
}

static void zone_and_anchor_need_a_period(void **state)
{
    (void)state;
    const char *detail = "must be absent without `period`";

    assert_null(read_period(""));
    assert_int_equal(faults.count, 0);
    assert_fault("'zone':'UTC'", "/limits/0/zone", detail);
    assert_fault("'anchor':'2026-01-17'", "/limits/0/anchor", detail);
    assert_fault("'period':null,'anchor':'2026-01-17'", "/limits/0/anchor", detail);
}

static void what_is_no_unit_is_refused(void **state)
{
    (void)state;
    const char *units = "must be one of hour, day, week, month, year";

    assert_fault("'period':'minute'", "/limits/0/period", units);
    assert_fault("'period':'Month'", "/limits/0/period", units);
    assert_fault("'period':''", "/limits/0/period", units);
    assert_fault("'period':['day']", "/limits/0/period", units);
    assert_fault("'period':60", "/limits/0/period",
                 "must be a unit, as in \"month\"; seconds are window_seconds");
}

static void what_has_not_the_form_of_a_zone_is_refused(void **state)
{
    (void)state;
    const char *bytes = "must be a text of 1 to 64 bytes";
    const char *form = "names a time zone of the tz database, as in \"Europe/Berlin\": it must "
                       "consist of letters, digits and _ + - /";

    assert_zone("''", bytes);
    assert_zone("7", bytes);
    assert_zone("'A2345678901234567890123456789012345678901234567890123456789012345'", bytes);
    assert_zone("'../../etc/passwd'", form);
    assert_zone("'Europe/../../../etc/passwd'", form);
    assert_zone("'/etc/localtime'", form);
    assert_zone("':Europe/Berlin'", form);
    assert_zone("'+02:00'", form);
    assert_zone("'-8'", form);
    assert_zone("'EST5EDT,M3.2.0,M11.1.0'", form);
    assert_zone("'Europe/Berlin '", form);
    assert_zone("'Europe/K\\u00f8benhavn'", form);
    read_good("'period':'day','zone':'A234567890123456789012345678901234567890123456789012345678901"
              "234'");
}

static void what_is_no_local_date_or_time_is_refused(void **state)
{
    (void)state;
    const char *shape = "must be a date like \"2026-01-17\", or a date and time like "
                        "\"2026-01-17T08:30\"";
    const char *local = "must be a local time, without an offset or Z: `zone` says where";
    const char *bytes = "must be a text of 1 to 38 bytes";

    assert_anchor("''", bytes);
    assert_anchor("17", bytes);
    assert_anchor("'2026-1-17'", shape);
    assert_anchor("'2026-01-17 08:30'", shape);
    assert_anchor("'2026-01-17T08'", shape);
    assert_anchor("'2026-01-17T08:30:00.5'", shape);
    assert_anchor("'20260117'", shape);
    assert_anchor("'tomorrow'", shape);
    assert_anchor("'2026-01-17T08:30Z'", local);
    assert_anchor("'2026-01-17T08:30:00z'", local);
    assert_anchor("'2026-01-17T08:30+02:00'", local);
    assert_anchor("'2026-01-17T08:30:00-08:00'", local);
    assert_anchor("'1969-12-31'", "must have a year from 1970 to 2100");
    assert_anchor("'2101-01-01'", "must have a year from 1970 to 2100");
    assert_anchor("'2026-00-17'", "must have a month from 01 to 12");
    assert_anchor("'2026-13-17'", "must have a month from 01 to 12");
    assert_anchor("'2026-04-31'", "must have a day that its month has");
    assert_anchor("'2026-02-29'", "must have a day that its month has");
    assert_anchor("'2100-02-29'", "must have a day that its month has");
    assert_anchor("'2026-01-00'", "must have a day that its month has");
    assert_anchor("'2026-01-17T24:00'", "must have a time from 00:00:00 to 23:59:59");
    assert_anchor("'2026-01-17T23:60'", "must have a time from 00:00:00 to 23:59:59");
    assert_anchor("'2026-01-17T23:59:60'", "must have a time from 00:00:00 to 23:59:59");
}

static void every_fault_is_told_at_once(void **state)
{
    (void)state;

    assert_null(read_period("'period':'eon','zone':'?','anchor':'2026-02-30'"));
    assert_int_equal(faults.count, 3);
}

static void equal_are_the_same_periods(void **state)
{
    (void)state;
    const struct period *plain = read_good("'period':'month'");

    assert_true(period_equal(NULL, NULL));
    assert_false(period_equal(plain, NULL));
    assert_false(period_equal(NULL, plain));
    assert_true(period_equal(plain, read_good("'period':'month','zone':'UTC'")));
    assert_true(period_equal(plain, read_good("'period':'month','anchor':'2001-01-01T00:00:00'")));
    assert_true(period_equal(plain, read_good("'period':'month','anchor':'2026-02-01'")));
    assert_false(period_equal(plain, read_good("'period':'year'")));
    assert_false(period_equal(plain, read_good("'period':'month','zone':'Etc/UTC'")));
    assert_false(period_equal(plain, read_good("'period':'month','anchor':'2001-01-02'")));
    assert_false(period_equal(plain, read_good("'period':'month','anchor':'2001-01-01T00:00:01'")));
}

static const char *text_written(const char *members)
{
    static char space[PERIOD_TEXT_BYTES_MAX];
    const struct text text = period_text(read_good(members), space);

    return text_copy(&arena, text).at;
}

/* Each unit by the parts of the anchor that it begins with. */
static void an_anchor_tells_periods_apart_by_what_the_unit_begins_with(void **state)
{
    (void)state;
    static const struct {
        const char *members;
        const char *text;
    } rows[] = {
        {"'period':'hour','anchor':'2026-01-17T08:30:15'", "hour/2026-01-17T08:30:15/UTC"},
        {"'period':'day','anchor':'2026-11-17T08:30:15'", "day/2001-01-01T08:30:15/UTC"},
        {"'period':'day','anchor':'1999-02-28T08:30:15'", "day/2001-01-01T08:30:15/UTC"},
        {"'period':'week'", "week/2001-01-01T00:00:00/UTC"},
        {"'period':'week','anchor':'2026-01-17T08:30'", "week/2001-01-06T08:30:00/UTC"},
        {"'period':'week','anchor':'2026-01-24T08:30'", "week/2001-01-06T08:30:00/UTC"},
        {"'period':'week','anchor':'1970-01-01'", "week/2001-01-04T00:00:00/UTC"},
        {"'period':'week','anchor':'2024-02-29'", "week/2001-01-04T00:00:00/UTC"},
        {"'period':'week','anchor':'2023-12-31'", "week/2001-01-07T00:00:00/UTC"},
        {"'period':'week','anchor':'2100-12-31'", "week/2001-01-05T00:00:00/UTC"},
        {"'period':'month','anchor':'2026-01-17'", "month/2001-01-17T00:00:00/UTC"},
        {"'period':'month','anchor':'2027-02-17'", "month/2001-01-17T00:00:00/UTC"},
        {"'period':'month','anchor':'2026-08-31T08:30'", "month/2001-01-31T08:30:00/UTC"},
        {"'period':'year'", "year/2000-01-01T00:00:00/UTC"},
        {"'period':'year','anchor':'2026-11-17'", "year/2000-11-17T00:00:00/UTC"},
        {"'period':'year','anchor':'2027-11-17'", "year/2000-11-17T00:00:00/UTC"},
        {"'period':'year','anchor':'2024-02-29'", "year/2000-02-29T00:00:00/UTC"},
        {"'period':'year','anchor':'2024-02-28'", "year/2000-02-28T00:00:00/UTC"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        assert_string_equal(text_written(rows[i].members), rows[i].text);
}

static void the_longest_covers_a_zone_that_repeats_a_day(void **state)
{
    (void)state;

    assert_int_equal(period_longest_us(PERIOD_HOUR), 3600 * SECOND_US);
    assert_true(period_longest_us(PERIOD_DAY) >= 2 * DAY_S * SECOND_US);
    assert_true(period_longest_us(PERIOD_WEEK) >= 8 * DAY_S * SECOND_US);
    assert_true(period_longest_us(PERIOD_MONTH) >= 32 * DAY_S * SECOND_US);
    assert_true(period_longest_us(PERIOD_YEAR) >= 367 * DAY_S * SECOND_US);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_given_is_written_and_nothing_else),
        cmocka_unit_test(the_defaults_are_utc_and_a_monday_the_first_of_january_midnight),
        cmocka_unit_test(the_parts_of_an_anchor_are_read),
        cmocka_unit_test(zone_and_anchor_need_a_period),
        cmocka_unit_test(what_is_no_unit_is_refused),
        cmocka_unit_test(what_has_not_the_form_of_a_zone_is_refused),
        cmocka_unit_test(what_is_no_local_date_or_time_is_refused),
        cmocka_unit_test(every_fault_is_told_at_once),
        cmocka_unit_test(equal_are_the_same_periods),
        cmocka_unit_test(an_anchor_tells_periods_apart_by_what_the_unit_begins_with),
        cmocka_unit_test(the_longest_covers_a_zone_that_repeats_a_day),
    };

    return cmocka_run_group_tests(tests, NULL, reading_end);
}
