/* SPDX-License-Identifier: MIT */
#include "body.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void a_body_is_what_was_added(void **state)
{
    struct body body = {0};
    size_t held = 0;

    (void)state;
    assert_int_equal(body_add(&body, TEXT("one "), 1024, &held), BODY_ADDED);
    assert_int_equal(body_add(&body, TEXT("two"), 1024, &held), BODY_ADDED);

    assert_true(text_equal(body_text(&body), TEXT("one two")));
    body_close(&body, &held);
    assert_int_equal(held, 0);
}

static void a_body_takes_its_limit_and_no_byte_more(void **state)
{
    struct body body = {0};
    size_t held = 0;

    (void)state;
    assert_int_equal(body_add(&body, TEXT("1234567"), 8, &held), BODY_ADDED);
    assert_int_equal(body_add(&body, TEXT("89"), 8, &held), BODY_TOO_LARGE);
    assert_int_equal(body_add(&body, TEXT("8"), 8, &held), BODY_ADDED);

    assert_true(text_equal(body_text(&body), TEXT("12345678")));
    body_close(&body, &held);
}

static void all_bodies_together_are_bounded(void **state)
{
    static char megabyte[1024 * 1024];
    struct text data = {megabyte, sizeof megabyte};
    struct body bodies[BODIES_BYTES_MAX / sizeof megabyte + 1] = {0};
    size_t held = 0;
    size_t count = ARRAY_COUNT(bodies);

    (void)state;
    for (size_t i = 0; i < count - 1; i++)
        assert_int_equal(body_add(&bodies[i], data, data.length, &held), BODY_ADDED);
    assert_int_equal(body_add(&bodies[count - 1], data, data.length, &held), BODY_NO_ROOM);
    assert_int_equal(held, BODIES_BYTES_MAX);

    body_close(&bodies[0], &held);
    assert_int_equal(body_add(&bodies[count - 1], data, data.length, &held), BODY_ADDED);
    for (size_t i = 0; i < count; i++)
        body_close(&bodies[i], &held);
    assert_int_equal(held, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_is_what_was_added),
        cmocka_unit_test(a_body_takes_its_limit_and_no_byte_more),
        cmocka_unit_test(all_bodies_together_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
