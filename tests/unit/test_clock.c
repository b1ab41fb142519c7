/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_shown(int64_t wall_us, const char *expected)
{
    char shown[CLOCK_RFC3339_BYTES];

    clock_write_rfc3339(wall_us, shown);
    assert_string_equal(shown, expected);
}

static void the_monotonic_clock_never_goes_back(void **state)
{
    (void)state;
    int64_t before = clock_monotonic_us();

    for (int i = 0; i < 10000; i++) {
        int64_t now = clock_monotonic_us();
        assert_true(now >= before);
        before = now;
    }
}

static void the_wall_clock_counts_microseconds_since_1970(void **state)
{
    (void)state;
    time_t before = time(NULL);

    int64_t now_us = clock_wall_us();

    /* time() reads a coarser clock, up to a tick behind. */
    assert_true(now_us >= (int64_t)before * 1000000);
    assert_true(now_us <= ((int64_t)time(NULL) + 2) * 1000000);
}

static void times_are_shown_in_utc_with_milliseconds(void **state)
{
    (void)state;

    assert_shown(0, "1970-01-01T00:00:00.000Z");
    assert_shown(INT64_C(1795270335042000), "2026-11-21T14:12:15.042Z");
    assert_shown(INT64_C(951782400000000), "2000-02-29T00:00:00.000Z");
}

static void milliseconds_are_rounded_down(void **state)
{
    (void)state;

    assert_shown(999999, "1970-01-01T00:00:00.999Z");
    assert_shown(999, "1970-01-01T00:00:00.000Z");
}

static void times_out_of_four_digit_years_are_shown_as_the_nearest(void **state)
{
    (void)state;

    assert_shown(-1, "1970-01-01T00:00:00.000Z");
    assert_shown(INT64_MIN, "1970-01-01T00:00:00.000Z");
    assert_shown(INT64_MAX, "9999-12-31T23:59:59.999Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_monotonic_clock_never_goes_back),
        cmocka_unit_test(the_wall_clock_counts_microseconds_since_1970),
        cmocka_unit_test(times_are_shown_in_utc_with_milliseconds),
        cmocka_unit_test(milliseconds_are_rounded_down),
        cmocka_unit_test(times_out_of_four_digit_years_are_shown_as_the_nearest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
