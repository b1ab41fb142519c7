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

static void large_bodies_together_are_bounded_and_keep_out_no_small_one(void **state)
{
    static char megabyte[1024 * 1024];
    struct text large = {megabyte, sizeof megabyte};
    struct text small = {megabyte, BODY_BYTES_SMALL};
    struct text more = {megabyte, 3 * BODY_BYTES_SMALL};
    struct body bodies[70] = {0};
    struct body another = {0};
    size_t held = 0;
    size_t count = 0;

    (void)state;
    while (body_add(&bodies[count], large, large.length, &held) == BODY_ADDED)
        count++;
    assert_in_range(count, 64, 66);
    assert_true(held <= BODIES_BYTES_MAX);
    assert_int_equal(body_add(&another, small, large.length, &held), BODY_ADDED);
    assert_int_equal(body_add(&another, more, large.length, &held), BODY_NO_ROOM);

    body_close(&bodies[0], &held);
    assert_int_equal(body_add(&another, more, large.length, &held), BODY_ADDED);
    for (size_t i = 0; i < count; i++)
        body_close(&bodies[i], &held);
    body_close(&another, &held);
    assert_int_equal(held, 0);
}

static void a_cleared_body_keeps_only_what_a_small_one_needs(void **state)
{
    static char large[4 * BODY_BYTES_SMALL];
    struct body body = {0};
    size_t held = 0;

    (void)state;
    assert_int_equal(body_add(&body, TEXT("small"), 1024, &held), BODY_ADDED);
    const char *kept = body.at;
    body_clear(&body, &held);
    assert_true(text_is_absent(body_text(&body)));
    assert_int_equal(body_add(&body, TEXT("next"), 1024, &held), BODY_ADDED);
    assert_ptr_equal(body.at, kept);
    assert_true(text_equal(body_text(&body), TEXT("next")));

    assert_int_equal(body_add(&body, (struct text){large, sizeof large}, 2 * sizeof large, &held),
                     BODY_ADDED);
    assert_true(held > 0);
    body_clear(&body, &held);
    assert_int_equal(held, 0);
    assert_int_equal(body.capacity, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_is_what_was_added),
        cmocka_unit_test(a_body_takes_its_limit_and_no_byte_more),
        cmocka_unit_test(large_bodies_together_are_bounded_and_keep_out_no_small_one),
        cmocka_unit_test(a_cleared_body_keeps_only_what_a_small_one_needs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
