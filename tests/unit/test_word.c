/* SPDX-License-Identifier: MIT */
#include "limit/word.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void a_letter_then_letters_digits_and_underscores_are_a_word(void **state)
{
    (void)state;

    assert_true(word_is(TEXT("a")));
    assert_true(word_is(TEXT("z")));
    assert_true(word_is(TEXT("user")));
    assert_true(word_is(TEXT("gpu_seconds_0_9")));
    assert_true(word_is(TEXT("abcdefghijklmnopqrstuvwxyz_01234")));
}

static void anything_else_is_no_word(void **state)
{
    (void)state;
    const struct text others[] = {
        {NULL, 0},
        TEXT(""),
        TEXT("0a"),
        TEXT("_a"),
        TEXT("A"),
        TEXT("orgId"),
        TEXT("org-id"),
        TEXT("org.id"),
        TEXT("org id"),
        TEXT("org "),
        TEXT("a`"),
        TEXT("a{"),
        TEXT("a/"),
        TEXT("a:"),
        TEXT("\xc3\xa4"),
        TEXT("a\0"),
        TEXT("abcdefghijklmnopqrstuvwxyz_012345"),
    };

    for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
        if (word_is(others[i]))
            fail_msg("\"%.*s\" was taken", TEXT_PRINTF(others[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_letter_then_letters_digits_and_underscores_are_a_word),
        cmocka_unit_test(anything_else_is_no_word),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
