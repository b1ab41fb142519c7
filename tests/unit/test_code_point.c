/* SPDX-License-Identifier: MIT */
#include "base/code_point.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void a_character_has_its_number(void **state)
{
    (void)state;

    assert_int_equal(code_point_of(TEXT("a")), 'a');
    assert_int_equal(code_point_of(TEXT("\x7f")), 0x7f);
    assert_int_equal(code_point_of(TEXT("\xc2\x9b")), 0x9b);
    assert_int_equal(code_point_of(TEXT("\xe2\x80\xae")), 0x202e);
    assert_int_equal(code_point_of(TEXT("\xf0\x9f\x98\x80")), 0x1f600);
    assert_int_equal(code_point_of(TEXT("\xf4\x8f\xbf\xbf")), 0x10ffff);
}

static void what_cannot_be_seen_is_hidden(void **state)
{
    (void)state;
    static const uint32_t hidden[] = {0,      0x1b,   0x1f,   0x7f,    0x80,    0x9b,   0x9f,
                                      0xad,   0x61c,  0x200b, 0x200d,  0x200f,  0x2028, 0x2029,
                                      0x202a, 0x202e, 0x2060, 0x2066,  0x2069,  0xfe0f, 0xfeff,
                                      0xfff9, 0xfffb, 0x3164, 0xe0001, 0xe0020, 0xe01ef};

    for (size_t i = 0; i < ARRAY_COUNT(hidden); i++)
        assert_true(code_point_is_hidden(hidden[i]));
}

static void visible_characters_are_not(void **state)
{
    (void)state;
    static const uint32_t seen[] = {' ',    '~',    0xa0,   0xe4,   0x4e2d,  0x2010,  0x2027,
                                    0x202f, 0x2070, 0xfffd, 0xac00, 0x1f600, 0x10fffd};

    for (size_t i = 0; i < ARRAY_COUNT(seen); i++)
        assert_false(code_point_is_hidden(seen[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_character_has_its_number),
        cmocka_unit_test(what_cannot_be_seen_is_hidden),
        cmocka_unit_test(visible_characters_are_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
