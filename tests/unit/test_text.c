/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_text(struct text text, const char *expected)
{
    assert_true(text_equal(text, text_of(expected)));
}

static void absent_is_not_empty(void **state)
{
    (void)state;

    assert_true(text_is_absent(text_of(NULL)));
    assert_false(text_is_absent(TEXT("")));
    assert_true(text_equal(text_of(NULL), TEXT("")));
}

static void equal_texts_have_the_same_bytes(void **state)
{
    (void)state;

    assert_true(text_equal(TEXT("a\0b"), TEXT("a\0b")));
    assert_false(text_equal(TEXT("a\0b"), TEXT("a\0c")));
    assert_false(text_equal(TEXT("ab"), TEXT("abc")));
}

static void case_is_ignored_in_ascii_only(void **state)
{
    (void)state;

    assert_true(text_equal_ignoring_case(TEXT("Content-TYPE"), TEXT("content-type")));
    assert_false(text_equal_ignoring_case(TEXT("@["), TEXT("`{")));
    assert_false(text_equal_ignoring_case(TEXT("\xc4"), TEXT("\xe4")));
    assert_false(text_equal_ignoring_case(TEXT("ab"), TEXT("abc")));
}

static void a_prefix_may_be_all_but_not_more(void **state)
{
    (void)state;

    assert_true(text_starts_with(TEXT("/check"), TEXT("/check")));
    assert_true(text_starts_with(TEXT("/check"), TEXT("")));
    assert_true(text_starts_with(text_of(NULL), text_of(NULL)));
    assert_false(text_starts_with(TEXT("/check"), TEXT("/check/")));
    assert_false(text_starts_with(TEXT("/check"), TEXT("/cHe")));
}

static void order_is_by_byte_then_by_length(void **state)
{
    (void)state;

    assert_true(text_compare(TEXT("a"), TEXT("b")) < 0);
    assert_true(text_compare(TEXT("ab"), TEXT("a")) > 0);
    assert_true(text_compare(TEXT("a"), TEXT("\xff")) < 0);
    assert_true(text_compare(text_of(NULL), TEXT("a")) < 0);
    assert_int_equal(text_compare(TEXT("a\0b"), TEXT("a\0b")), 0);
}

static void trimming_takes_blanks_at_the_ends(void **state)
{
    (void)state;

    assert_text(text_trim(TEXT(" \t a b\t ")), "a b");
    assert_text(text_trim(TEXT(" \t ")), "");
    assert_text(text_trim(TEXT("\na")), "\na");
    assert_true(text_is_absent(text_trim(text_of(NULL))));
}

static void cutting_walks_the_parts(void **state)
{
    (void)state;
    struct text rest = TEXT("a,,b");

    assert_text(text_cut(&rest, ','), "a");
    assert_text(text_cut(&rest, ','), "");
    assert_false(text_is_absent(rest));
    assert_text(text_cut(&rest, ','), "b");
    assert_true(text_is_absent(rest));
}

static void what_follows_a_last_separator_is_empty_not_absent(void **state)
{
    (void)state;
    struct text rest = TEXT("a,");

    text_cut(&rest, ',');

    assert_false(text_is_absent(rest));
    assert_int_equal(rest.length, 0);
}

static void a_text_can_begin_later(void **state)
{
    (void)state;

    assert_text(text_from(TEXT("abc"), 1), "bc");
    assert_text(text_from(TEXT("abc"), 0), "abc");
    assert_text(text_from(TEXT("abc"), 3), "");
    assert_false(text_is_absent(text_from(TEXT("abc"), 3)));
    assert_true(text_equal(text_from(TEXT("a\0b"), 1), TEXT("\0b")));
}

static void a_copy_ends_with_a_nul_and_stays_absent(void **state)
{
    (void)state;
    struct arena arena = {0};

    struct text copy = text_copy(&arena, (struct text){"sluice", 3});

    assert_string_equal(copy.at, "slu");
    assert_int_equal(copy.length, 3);
    assert_false(text_is_absent(text_copy(&arena, TEXT(""))));
    assert_true(text_is_absent(text_copy(&arena, text_of(NULL))));
    arena_close(&arena);
}

static void integers_within_64_bits_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
    } cases[] = {{"0", 0},
                 {"-0", 0},
                 {"007", 7},
                 {"-12", -12},
                 {"9223372036854775807", INT64_MAX},
                 {"-9223372036854775808", INT64_MIN}};

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        int64_t value = 99;
        assert_true(text_parse_integer(text_of(cases[i].text), &value));
        assert_true(value == cases[i].value);
    }
}

static void anything_else_is_no_integer(void **state)
{
    (void)state;
    static const char *const cases[] = {"",
                                        "-",
                                        "+1",
                                        "--1",
                                        " 1",
                                        "1 ",
                                        "1.0",
                                        "1e3",
                                        "0x1",
                                        "1\n",
                                        "one",
                                        "9223372036854775808",
                                        "-9223372036854775809",
                                        "99999999999999999999999999"};

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        int64_t value = 99;
        assert_false(text_parse_integer(text_of(cases[i]), &value));
        assert_int_equal(value, 99);
    }
    assert_false(text_parse_integer(TEXT("1\0"), &(int64_t){0}));
}

static void what_is_written_of_an_integer_is_read_back(void **state)
{
    (void)state;
    static const struct {
        int64_t value;
        const char *text;
    } cases[] = {{0, "0"},
                 {9, "9"},
                 {10, "10"},
                 {99, "99"},
                 {100, "100"},
                 {1005, "1005"},
                 {12345, "12345"},
                 {-1, "-1"},
                 {-10, "-10"},
                 {-907, "-907"},
                 {INT64_MAX, "9223372036854775807"},
                 {INT64_MIN, "-9223372036854775808"}};

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char space[TEXT_INTEGER_BYTES_MAX];
        struct text text = text_write_integer(cases[i].value, space);
        int64_t value = 0;

        assert_text(text, cases[i].text);
        assert_true(text_parse_integer(text, &value));
        assert_true(value == cases[i].value);
    }
}

static void every_pair_of_digits_is_its_own(void **state)
{
    (void)state;

    for (int i = 0; i < 10000; i++) {
        char space[TEXT_INTEGER_BYTES_MAX];
        char expected[TEXT_INTEGER_BYTES_MAX];

        snprintf(expected, sizeof(expected), "%d", i);
        assert_text(text_write_integer(i, space), expected);
    }
}

static void utf8_characters_are_measured(void **state)
{
    (void)state;

    assert_int_equal(text_utf8_bytes(TEXT("ab")), 1);
    assert_int_equal(text_utf8_bytes(TEXT("\xc3\xa4z")), 2);
    assert_int_equal(text_utf8_bytes(TEXT("\xe2\x82\xac")), 3);
    assert_int_equal(text_utf8_bytes(TEXT("\xef\xbf\xbf")), 3);
    assert_int_equal(text_utf8_bytes(TEXT("\xf0\x90\x80\x80")), 4);
    assert_int_equal(text_utf8_bytes(TEXT("\xf4\x8f\xbf\xbf")), 4);
}

static void what_utf8_forbids_is_no_character(void **state)
{
    (void)state;
    static const struct text cases[] = {
        {NULL, 0},               /* nothing */
        {"\x80", 1},             /* continuation alone */
        {"\xc0\xaf", 2},         /* '/' overlong in 2 */
        {"\xc1\xbf", 2},         /* overlong in 2 */
        {"\xe0\x9f\xbf", 3},     /* overlong in 3 */
        {"\xf0\x8f\xbf\xbf", 4}, /* overlong in 4 */
        {"\xed\xa0\x80", 3},     /* surrogate */
        {"\xf4\x90\x80\x80", 4}, /* past U+10FFFF */
        {"\xf5\x80\x80\x80", 4}, /* no such first byte */
        {"\xff", 1},             /* no such byte */
        {"\xc3", 1},             /* cut */
        {"\xe2\x82", 2},         /* cut */
        {"\xe2\x28\xa1", 3},     /* the second byte is not a continuation */
        {"\xe2\x82\x28", 3},     /* the third byte is not a continuation */
    };

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_int_equal(text_utf8_bytes(cases[i]), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(absent_is_not_empty),
        cmocka_unit_test(equal_texts_have_the_same_bytes),
        cmocka_unit_test(case_is_ignored_in_ascii_only),
        cmocka_unit_test(a_prefix_may_be_all_but_not_more),
        cmocka_unit_test(order_is_by_byte_then_by_length),
        cmocka_unit_test(trimming_takes_blanks_at_the_ends),
        cmocka_unit_test(cutting_walks_the_parts),
        cmocka_unit_test(what_follows_a_last_separator_is_empty_not_absent),
        cmocka_unit_test(a_text_can_begin_later),
        cmocka_unit_test(a_copy_ends_with_a_nul_and_stays_absent),
        cmocka_unit_test(integers_within_64_bits_are_read),
        cmocka_unit_test(anything_else_is_no_integer),
        cmocka_unit_test(what_is_written_of_an_integer_is_read_back),
        cmocka_unit_test(every_pair_of_digits_is_its_own),
        cmocka_unit_test(utf8_characters_are_measured),
        cmocka_unit_test(what_utf8_forbids_is_no_character),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
