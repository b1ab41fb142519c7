/* SPDX-License-Identifier: MIT */
#include "limit/rate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "limit/limit.h"

static void assert_rate(const char *text, int64_t quota, int64_t window_s)
{
    struct rate rate = {-1, -1};
    struct error error = {0};

    if (!rate_parse(text_of(text), LIMIT_QUOTA_MAX, &rate, &error))
        fail_msg("\"%s\": %s", text, error.message);
    assert_int_equal(rate.quota, quota);
    assert_int_equal(rate.window_s, window_s);
}

static void assert_no_rate(const char *text, const char *message)
{
    struct rate rate = {-1, -1};
    struct error error = {0};

    if (rate_parse(text_of(text), LIMIT_QUOTA_MAX, &rate, &error))
        fail_msg("\"%s\" was accepted", text);
    assert_string_equal(error.message, message);
    assert_int_equal(rate.quota, -1);
}

static void every_unit_is_known(void **state)
{
    (void)state;

    assert_rate("10/s", 10, 1);
    assert_rate("10/sec", 10, 1);
    assert_rate("10/second", 10, 1);
    assert_rate("10/m", 10, 60);
    assert_rate("10/min", 10, 60);
    assert_rate("10/minute", 10, 60);
    assert_rate("10/h", 10, 3600);
    assert_rate("10/hour", 10, 3600);
    assert_rate("10/d", 10, 86400);
    assert_rate("10/day", 10, 86400);
}

static void a_count_multiplies_the_unit(void **state)
{
    (void)state;

    assert_rate("100/15m", 100, 900);
    assert_rate("0/1s", 0, 1);
    assert_rate("1000000000/365d", LIMIT_QUOTA_MAX, LIMIT_WINDOW_S_MAX);
}

static void what_is_no_rate_is_refused(void **state)
{
    (void)state;
    const char *shape = "must look like \"100/15m\": a quota per time";
    const char *unit = "must end in a unit: s, sec, second, m, min, minute, h, hour, d or day";

    assert_no_rate("", shape);
    assert_no_rate("100", shape);
    assert_no_rate("/m", shape);
    assert_no_rate("ten/m", shape);
    assert_no_rate("1.5/m", shape);
    assert_no_rate(" 10/m", shape);
    assert_no_rate("99999999999999999999/m", shape);
    assert_no_rate("10/", unit);
    assert_no_rate("10/15", unit);
    assert_no_rate("10/m/s", unit);
    assert_no_rate("10/-1m", unit);
    assert_no_rate("10/week", unit);
    assert_no_rate("10/M", unit);
    assert_no_rate("10/1 m", unit);
}

static void what_is_out_of_range_is_refused(void **state)
{
    (void)state;
    const char *quota = "must have a quota from 0 to 1000000000";
    const char *window = "must have a window from 1 second to 31536000 seconds";

    assert_no_rate("-1/m", quota);
    assert_no_rate("1000000001/m", quota);
    assert_no_rate("10/0m", window);
    assert_no_rate("10/366d", window);
    assert_no_rate("10/31536001s", window);
    assert_no_rate("10/9223372036854775807d", window);
    assert_no_rate("10/99999999999999999999s", window);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_unit_is_known),
        cmocka_unit_test(a_count_multiplies_the_unit),
        cmocka_unit_test(what_is_no_rate_is_refused),
        cmocka_unit_test(what_is_out_of_range_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
