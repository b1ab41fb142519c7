/* SPDX-License-Identifier: MIT */
#include "base/duration.h"
#include "base/steady_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void a_clock_is_steady_until_it_is_set(void **state)
{
    struct steady_clock clock;

    (void)state;
    steady_clock_init(&clock, 1000 * HOUR_US, 0);
    assert_int_equal(steady_clock_look(&clock, 1001 * HOUR_US, HOUR_US), HOUR_US);
    /* It is slewed a little. */
    assert_int_equal(steady_clock_look(&clock, 1002 * HOUR_US + SECOND_US, 2 * HOUR_US),
                     2 * HOUR_US);

    assert_int_equal(steady_clock_look(&clock, 5000 * HOUR_US, 3 * HOUR_US), 0);
    assert_int_equal(steady_clock_look(&clock, 5001 * HOUR_US, 4 * HOUR_US), HOUR_US);
    assert_int_equal(steady_clock_look(&clock, 1005 * HOUR_US, 5 * HOUR_US), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clock_is_steady_until_it_is_set),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
