/* SPDX-License-Identifier: MIT */
#include "limit/calendar.h"

#include "limit/algorithm.h"
#include "support/cmocka.h"

/* Of unequal lengths: 31, 28 and 31 days would be like it. */
static const struct calendar calendar = {.starts_us = {3100, 6200, 9000, 12100}};

static void a_calendar_covers_its_three_periods(void **state)
{
    (void)state;

    assert_false(calendar_covers(&calendar, 3099));
    assert_true(calendar_covers(&calendar, 3100));
    assert_true(calendar_covers(&calendar, 12099));
    assert_false(calendar_covers(&calendar, 12100));
}

static void a_period_is_found_by_any_time_in_it(void **state)
{
    (void)state;

    assert_int_equal(calendar_find(&calendar, 3100), 0);
    assert_int_equal(calendar_find(&calendar, 6199), 0);
    assert_int_equal(calendar_find(&calendar, 6200), 1);
    assert_int_equal(calendar_find(&calendar, 8999), 1);
    assert_int_equal(calendar_find(&calendar, 9000), 2);
    assert_int_equal(calendar_find(&calendar, 12099), 2);
}

static void outside_of_all_periods_the_nearest_is_found(void **state)
{
    (void)state;

    assert_int_equal(calendar_find(&calendar, 0), 0);
    assert_int_equal(calendar_find(&calendar, INT64_MIN), 0);
    assert_int_equal(calendar_find(&calendar, 12100), 2);
    assert_int_equal(calendar_find(&calendar, INT64_MAX), 2);
}

static void a_narrow_calendar_covers_one_period_and_says_when_it_starts_and_ends(void **state)
{
    static const int64_t times_us[] = {3100, 4000, 6199, 6200, 8999, 9000, 12099};
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(times_us); i++) {
        const size_t place = calendar_find(&calendar, times_us[i]);
        const int64_t start_us = calendar.starts_us[place];
        const int64_t end_us = calendar.starts_us[place + 1];
        const int64_t next_end_us = place < 2 ? calendar.starts_us[place + 2] : end_us;
        const struct calendar narrow = calendar_narrow(&calendar, times_us[i]);

        assert_false(calendar_covers(&narrow, start_us - 1));
        assert_true(calendar_covers(&narrow, start_us));
        assert_true(calendar_covers(&narrow, end_us - 1));
        assert_false(calendar_covers(&narrow, end_us));
        assert_int_equal(narrow.starts_us[CALENDAR_STARTS - 1], next_end_us);
        for (int64_t time_us = start_us; time_us < end_us; time_us += end_us - start_us - 1) {
            const size_t found = calendar_find(&narrow, time_us);

            assert_int_equal(narrow.starts_us[found], start_us);
            assert_int_equal(narrow.starts_us[found + 1], end_us);
        }
    }
}

static void a_narrow_calendar_keeps_the_distance_of_the_clocks(void **state)
{
    struct calendar ahead = calendar;
    (void)state;

    ahead.ahead_us = -77;

    assert_int_equal(calendar_narrow(&ahead, 7000).ahead_us, -77);
}

/* The start of a period is by the clock on the wall. */
static void a_period_does_not_move_the_time_of_a_decision(void **state)
{
    const struct limit limit = {
        .algorithm = ALGORITHM_FIXED_WINDOW, .quota = 5, .burst = 5, .calendar = &calendar};
    const struct limit_state begun = {.number = {6200, 1}};
    (void)state;

    assert_int_equal(decide_at(&limit, 1, &begun, 6190, 100), 6190);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_calendar_covers_its_three_periods),
        cmocka_unit_test(a_period_is_found_by_any_time_in_it),
        cmocka_unit_test(outside_of_all_periods_the_nearest_is_found),
        cmocka_unit_test(a_narrow_calendar_covers_one_period_and_says_when_it_starts_and_ends),
        cmocka_unit_test(a_narrow_calendar_keeps_the_distance_of_the_clocks),
        cmocka_unit_test(a_period_does_not_move_the_time_of_a_decision),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
