/* SPDX-License-Identifier: MIT */
#include "base/duration.h"

#include "support/cmocka.h"

static void units_are_what_they_are_called(void **state)
{
    (void)state;
    assert_int_equal(SECOND_US, 1000000);
    assert_int_equal(MINUTE_US, 60000000);
    assert_int_equal(HOUR_US, 3600000000);
    assert_int_equal(DAY_S, 86400);
    assert_int_equal(YEAR_S, 31536000);
    assert_int_equal(DAY_MINUTES, 1440);
}

static void a_part_of_a_unit_is_a_unit_to_wait(void **state)
{
    (void)state;
    assert_int_equal(duration_rounded_up(0, SECOND_US), 0);
    assert_int_equal(duration_rounded_up(1, SECOND_US), 1);
    assert_int_equal(duration_rounded_up(1000000, SECOND_US), 1);
    assert_int_equal(duration_rounded_up(1000001, SECOND_US), 2);
    assert_true(duration_rounded_up(INT64_MAX, SECOND_US) == INT64_MAX / SECOND_US + 1);
}

static void a_poll_wakes_not_early_and_not_for_what_is_past(void **state)
{
    (void)state;
    assert_int_equal(duration_poll_ms(1), 1);
    assert_int_equal(duration_poll_ms(1000), 1);
    assert_int_equal(duration_poll_ms(1001), 2);
    assert_int_equal(duration_poll_ms(0), 0);
    assert_int_equal(duration_poll_ms(-5), 0);
}

static void the_systems_structures_hold_the_same_time(void **state)
{
    const struct timespec exact = duration_timespec(2500001);
    const struct timeval coarse = duration_timeval(2500001);

    (void)state;
    assert_int_equal(exact.tv_sec, 2);
    assert_int_equal(exact.tv_nsec, 500001000);
    assert_int_equal(coarse.tv_sec, 2);
    assert_int_equal(coarse.tv_usec, 500001);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(units_are_what_they_are_called),
        cmocka_unit_test(a_part_of_a_unit_is_a_unit_to_wait),
        cmocka_unit_test(a_poll_wakes_not_early_and_not_for_what_is_past),
        cmocka_unit_test(the_systems_structures_hold_the_same_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
