/* SPDX-License-Identifier: MIT
 *
 * Where periods start in many zones is compared by tests/periods. */
#include "catalogue/calendars.h"

#include "base/duration.h"
#include "limit/limit.h"
#include "support/cmocka.h"

#include <pthread.h>

#define THREADS 4
#define ROUNDS  20000

/* 2026-03-29, when clocks in Berlin are put forward at 02:00. */
#define BERLIN_SPRING_S INT64_C(1774738800)
#define DAY_US          (DAY_S * SECOND_US)

static struct period period_of(enum period_unit unit, const char *zone)
{
    return (struct period){
        .unit = unit,
        .zone = text_of(zone),
        .anchor = {.year = 2001, .month = 1, .day = 1},
    };
}

static void assert_starts(const struct calendar *calendar, const int64_t starts_s[CALENDAR_STARTS])
{
    for (size_t i = 0; i < CALENDAR_STARTS; i++)
        assert_int_equal(calendar->starts_us[i], starts_s[i] * SECOND_US);
}

static void a_day_is_as_long_as_its_zone_makes_it(void **state)
{
    (void)state;
    struct period period = period_of(PERIOD_DAY, "Europe/Berlin");
    struct calendar calendar = {.ahead_us = 7};

    assert_true(calendars_at(&period, BERLIN_SPRING_S * SECOND_US, &calendar));

    assert_starts(&calendar,
                  (const int64_t[]){BERLIN_SPRING_S - DAY_S, BERLIN_SPRING_S,
                                    BERLIN_SPRING_S + 23 * HOUR_S, BERLIN_SPRING_S + 47 * HOUR_S});
    assert_int_equal(calendar.ahead_us, 7);
}

/* The last microsecond of one period, and the first of the next. */
static void a_period_is_half_open(void **state)
{
    (void)state;
    struct period period = period_of(PERIOD_DAY, "UTC");
    struct calendar before;
    struct calendar after;

    assert_true(calendars_at(&period, 20000 * DAY_US - 1, &before));
    assert_true(calendars_at(&period, 20000 * DAY_US, &after));

    assert_int_equal(before.starts_us[2], 20000 * DAY_US);
    assert_int_equal(after.starts_us[1], 20000 * DAY_US);
    assert_int_equal(after.starts_us[0], before.starts_us[1]);
}

static void a_month_from_the_31st_starts_on_the_last_day_of_a_short_one(void **state)
{
    (void)state;
    struct period period = period_of(PERIOD_MONTH, "UTC");
    struct calendar calendar;

    period.anchor = (struct period_anchor){.year = 2026, .month = 1, .day = 31};
    assert_true(calendars_at(&period, INT64_C(1772236800) * SECOND_US, &calendar));

    /* The 31st of January, the 28th of February, the 31st of March, the 30th of April. */
    assert_starts(&calendar, (const int64_t[]){INT64_C(1769817600), INT64_C(1772236800),
                                               INT64_C(1774915200), INT64_C(1777507200)});
}

static void the_starts_are_right_wherever_the_last_time_was(void **state)
{
    (void)state;
    static const int64_t days[] = {20000, 20001, 20000, 11000, 11001, 30000, 0, 20001, 20000};

    for (int unit = PERIOD_HOUR; unit <= PERIOD_YEAR; unit++) {
        struct period one = period_of((enum period_unit)unit, "America/New_York");

        for (size_t i = 0; i < ARRAY_COUNT(days); i++) {
            struct period fresh = period_of((enum period_unit)unit, "America/New_York");
            struct calendar by_memo;
            struct calendar by_none;

            assert_true(calendars_at(&one, days[i] * DAY_US + 7, &by_memo));
            assert_true(calendars_at(&fresh, days[i] * DAY_US + 7, &by_none));
            assert_memory_equal(by_memo.starts_us, by_none.starts_us, sizeof(by_none.starts_us));
            assert_true(by_memo.starts_us[1] <= days[i] * DAY_US + 7);
            assert_true(by_memo.starts_us[2] > days[i] * DAY_US + 7);
        }
    }
}

static void times_out_of_range_count_as_the_nearest(void **state)
{
    (void)state;
    static const int64_t times_us[][2] = {{INT64_MIN, 0},
                                          {-1, 0},
                                          {LIMIT_TIME_US_MAX + 1, LIMIT_TIME_US_MAX},
                                          {INT64_MAX, LIMIT_TIME_US_MAX}};

    for (int unit = PERIOD_HOUR; unit <= PERIOD_YEAR; unit++) {
        for (size_t i = 0; i < ARRAY_COUNT(times_us); i++) {
            struct period period = period_of((enum period_unit)unit, "Pacific/Apia");
            struct calendar asked;
            struct calendar nearest;

            assert_true(calendars_at(&period, times_us[i][0], &asked));
            assert_true(calendars_at(&period, times_us[i][1], &nearest));
            assert_memory_equal(asked.starts_us, nearest.starts_us, sizeof(nearest.starts_us));
        }
    }
}

static void an_unknown_zone_has_no_calendar_but_that_of_utc(void **state)
{
    (void)state;
    struct period unknown = period_of(PERIOD_WEEK, "Mars/Olympus_Mons");
    struct period utc = period_of(PERIOD_WEEK, "UTC");
    struct calendar calendar = {.ahead_us = 7};
    struct calendar expected = {.ahead_us = 7};

    assert_false(calendars_at(&unknown, 20000 * DAY_US, &calendar));
    assert_false(calendars_at(&unknown, 20000 * DAY_US, &calendar));
    calendars_at_utc(&unknown, 20000 * DAY_US, &calendar);

    assert_true(calendars_at(&utc, 20000 * DAY_US, &expected));
    assert_memory_equal(&calendar, &expected, sizeof(expected));
}

/* Each is a file or a rule, and GLib would read it. */
static void only_names_of_the_list_are_known(void **state)
{
    (void)state;
    static const char *const strange[] = {
        "",
        "../../etc/passwd",
        "../zoneinfo/Europe/Berlin",
        "/etc/localtime",
        "/usr/share/zoneinfo/Europe/Berlin",
        "posixrules",
        "localtime",
        "tzdata.zi",
        "right/UTC",
        "posix/UTC",
        "Europe",
        "Europe/",
        "europe/berlin",
        "Europe/Berlin ",
        "UTC0",
        "+02:00",
        "Z",
        "EST5EDT,M3.2.0,M11.1.0",
        "A2345678901234567890123456789012345678901234567890123456789012345",
    };

    for (size_t i = 0; i < ARRAY_COUNT(strange); i++) {
        if (calendars_know(text_of(strange[i])))
            fail_msg("\"%s\" is known", strange[i]);
    }
    assert_true(calendars_know(TEXT("UTC")));
    assert_true(calendars_know(TEXT("Europe/Berlin")));
    assert_true(calendars_know(TEXT("America/Argentina/Buenos_Aires")));
    assert_true(calendars_know(TEXT("Etc/GMT+12")));
}

struct asker {
    struct period *period;
    int64_t first_day;
};

/* Two days in turn, so that the memo is written again and again. cmocka's assertions are for one
 * thread. */
static void *ask(void *context)
{
    const struct asker *asker = context;

    for (int64_t i = 0; i < ROUNDS; i++) {
        const int64_t start_us = (asker->first_day + (i / 64) % 2) * DAY_US;
        struct calendar calendar;

        ASSERT(calendars_at(asker->period, start_us + i, &calendar));
        for (int64_t place = 0; place < CALENDAR_STARTS; place++)
            ASSERT(calendar.starts_us[place] == start_us + (place - 1) * DAY_US);
    }
    return NULL;
}

static void threads_share_a_memo_and_get_no_mixture(void **state)
{
    (void)state;
    struct period period = period_of(PERIOD_DAY, "UTC");
    struct asker askers[THREADS];
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++) {
        askers[i] = (struct asker){&period, 20000 + i};
        assert_int_equal(pthread_create(&threads[i], NULL, ask, &askers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);

    assert_int_equal(atomic_load(&period.memo.version) % 2, 0);
    assert_true(atomic_load(&period.memo.version) > 0);
}

static void *know(void *context)
{
    (void)context;
    ASSERT(calendars_know(TEXT("Asia/Kathmandu")));
    return NULL;
}

static void threads_may_ask_for_a_zone_first_at_the_same_time(void **state)
{
    (void)state;
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, know, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_may_ask_for_a_zone_first_at_the_same_time),
        cmocka_unit_test(a_day_is_as_long_as_its_zone_makes_it),
        cmocka_unit_test(a_period_is_half_open),
        cmocka_unit_test(a_month_from_the_31st_starts_on_the_last_day_of_a_short_one),
        cmocka_unit_test(the_starts_are_right_wherever_the_last_time_was),
        cmocka_unit_test(times_out_of_range_count_as_the_nearest),
        cmocka_unit_test(an_unknown_zone_has_no_calendar_but_that_of_utc),
        cmocka_unit_test(only_names_of_the_list_are_known),
        cmocka_unit_test(threads_share_a_memo_and_get_no_mixture),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
