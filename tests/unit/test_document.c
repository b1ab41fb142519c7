/* SPDX-License-Identifier: MIT */
#include "base/document.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_refused(struct text text, const char *message)
{
    struct error error = {0};
    json_t *value = document_parse(text, &error);

    assert_null(value);
    assert_string_equal(error.message, message);
}

static void assert_accepted(struct text text, const char *expected)
{
    struct error error = {0};
    json_t *value = document_parse(text, &error);

    assert_string_equal(error.message, "");
    assert_non_null(value);
    char *compact = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    assert_string_equal(compact, expected);
    free(compact);
    json_decref(value);
}

/* Writes `depth` brackets that open, and as many that close. */
static size_t nest(char out[], size_t depth)
{
    for (size_t i = 0; i < depth; i++) {
        out[i] = '[';
        out[2 * depth - 1 - i] = ']';
    }
    return 2 * depth;
}

static void any_json_value_is_a_document(void **state)
{
    (void)state;

    assert_accepted(TEXT(" {\"a\" : [1, -2.5, true, null, \"\\u00e4\\n\"]}\r\n"),
                    "{\"a\":[1,-2.5,true,null,\"\xc3\xa4\\n\"]}");
    assert_accepted(TEXT("null"), "null");
    assert_accepted(TEXT("\"x\""), "\"x\"");
    assert_accepted(TEXT("7"), "7");
}

static void nothing_is_not_a_document(void **state)
{
    (void)state;

    assert_refused(text_of(NULL), "expected a JSON value, got nothing");
    assert_refused(TEXT(""), "expected a JSON value, got nothing");
    assert_refused(TEXT(" \t\r\n"), "expected a JSON value, got nothing");
}

static void a_duplicate_key_is_refused_at_any_depth(void **state)
{
    (void)state;

    assert_refused(TEXT("{\"a\":1,\"a\":2}"),
                   "line 1, column 10: duplicate object key near '\"a\"'");
    assert_refused(TEXT("[{\"b\":{\"a\":1,\n\"\\u0061\":1}}]"),
                   "line 2, column 8: duplicate object key near '\"\\u0061\"'");
}

static void a_nul_in_a_string_is_refused(void **state)
{
    (void)state;

    assert_refused(TEXT("{\"a\":\"x\\u0000y\"}"), "line 1, column 15: NUL (\\u0000) in a string");
    assert_refused(TEXT("{\"x\\u0000\":1}"), "line 1, column 10: NUL (\\u0000) in a string");
}

static void a_raw_nul_is_refused_everywhere(void **state)
{
    (void)state;

    assert_refused(TEXT("{\"a\":\n1\0}"), "line 2, column 2: NUL byte");
    assert_refused(TEXT("{\"a\":\"\xc3\xa4\0\"}"), "line 1, column 8: NUL byte");
    assert_refused(TEXT("7\0"), "line 1, column 2: NUL byte");
    assert_refused(TEXT("\0"), "line 1, column 1: NUL byte");
}

static void nothing_may_follow_the_value(void **state)
{
    (void)state;

    assert_refused(TEXT("{} x"), "line 1, column 4: end of file expected near 'x'");
    assert_refused(TEXT("{}{}"), "line 1, column 3: end of file expected near '{'");
    assert_refused(TEXT("1,"), "line 1, column 2: end of file expected near ','");
}

static void broken_json_is_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "{",           "[1,]",        "{\"a\":1,}", "{a:1}",  "{'a':1}", "[01]",    "[.5]",
        "[1.]",        "[+1]",        "[NaN]",      "nul",    "\"",      "\"\\x\"", "\"\\",
        "\\",          "\"\\ud800\"", "// no",      "[1 2]",  "\"\n\"",  "]",       "\\\"[",
        "\"\\udc00\"", "Infinity",    "{1:2}",      "{\"a\"}"};

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct error error = {0};
        assert_null(document_parse(text_of(cases[i]), &error));
        assert_memory_equal(error.message, "line 1", strlen("line 1"));
    }
}

static void sixteen_levels_are_read_and_seventeen_are_not(void **state)
{
    (void)state;
    char nested[64];

    size_t length = nest(nested, 16);
    nested[length] = '\0';
    assert_accepted(text_of(nested), nested);

    length = nest(nested, 17);
    assert_refused((struct text){nested, length},
                   "line 1, column 17: too many arrays and objects inside each other");
}

static void values_are_counted_up_to_their_limit(void **state)
{
    char *list = malloc(2 * (size_t)DOCUMENT_VALUES_MAX + 4);

    (void)state;
    assert_non_null(list);
    /* The array is a value too, and each comma adds one more. */
    for (size_t i = 0; i < 2 * (size_t)DOCUMENT_VALUES_MAX; i += 2)
        memcpy(list + i, i == 0 ? "[1" : ",1", 2);
    size_t length = 2 * ((size_t)DOCUMENT_VALUES_MAX - 1);
    list[length] = ']';
    list[length + 1] = '\0';
    assert_accepted((struct text){list, length + 1}, list);

    memcpy(list + length, ",1]", 3);
    assert_refused((struct text){list, length + 3}, "line 1, column 49999: too many values");
    free(list);
}

static void depth_counts_what_is_open_at_once(void **state)
{
    (void)state;
    char wide[] = "[[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],{},{}]";

    assert_accepted(text_of(wide), wide);
}

static void brackets_in_strings_are_not_levels(void **state)
{
    (void)state;
    char text[] = "[\"[[[[[[[[[[[[[[[[[[[[\",\"\\\"[[[[[[[[[[[[[[[[[[[[\",\"\\\\\",{}]";

    assert_accepted(text_of(text), text);
}

static void a_very_deep_text_is_refused_without_recursion(void **state)
{
    (void)state;
    size_t depth = 1000000;
    char *nested = malloc(2 * depth);
    assert_non_null(nested);

    assert_refused((struct text){nested, nest(nested, depth)},
                   "line 1, column 17: too many arrays and objects inside each other");
    free(nested);
}

static void invalid_utf8_is_refused(void **state)
{
    (void)state;
    static const struct text cases[] = {
        {"\"\xff\"", 3},       {"\"\xc0\xaf\"", 4},         {"\"\xed\xa0\x80\"", 5}, {"\"\xc3", 2},
        {"\xef\xbb\xbf{}", 5}, {"\"\xf4\x90\x80\x80\"", 6}, {"{\"\x80\":1}", 7}};

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct error error = {0};
        assert_null(document_parse(cases[i], &error));
        assert_memory_equal(error.message, "line 1", strlen("line 1"));
    }
}

static void integers_of_64_bits_stay_integers(void **state)
{
    (void)state;
    char text[] = "[9223372036854775807,-9223372036854775808,9007199254740993]";

    assert_accepted(text_of(text), text);
}

static void a_larger_integer_becomes_a_real_and_the_others_do_not(void **state)
{
    (void)state;
    struct error error = {0};

    json_t *value = document_parse(
        TEXT("{\"past\":9223372036854775808,\"far\":[18446744073709551616,-99999999999999999999],"
             "\"small\":[5,-7,{\"zero\":0}],\"half\":2.5}"),
        &error);

    json_int_t five;
    json_int_t seven;
    json_int_t zero;
    assert_non_null(value);
    assert_true(json_is_real(json_object_get(value, "past")));
    assert_true(json_is_real(json_array_get(json_object_get(value, "far"), 0)));
    assert_true(json_is_real(json_array_get(json_object_get(value, "far"), 1)));
    assert_true(json_is_real(json_object_get(value, "half")));
    assert_int_equal(json_unpack(value, "{s:[I,I,{s:I}]}", "small", &five, &seven, "zero", &zero),
                     0);
    assert_int_equal(five, 5);
    assert_int_equal(seven, -7);
    assert_int_equal(zero, 0);
    json_decref(value);
}

static void a_real_without_a_fraction_becomes_an_integer(void **state)
{
    (void)state;

    assert_accepted(TEXT("1.0"), "1");
    assert_accepted(TEXT(" -0.0 "), "0");
    assert_accepted(TEXT("[1e2,1E+2,0.1e1,-1.0,6.0e1,5e-1,1.5]"), "[100,100,1,-1,60,0.5,1.5]");
    assert_accepted(TEXT("9007199254740992.0"), "9007199254740992");
    assert_accepted(TEXT("-9007199254740992.0"), "-9007199254740992");
}

static void a_real_that_is_no_exact_integer_stays_one(void **state)
{
    static const char *const reals[] = {
        "9007199254740993.0",        "9007199254740991.4",   "1e16", "1e-400",
        "1.00000000000000000000001", "9223372036854775808.0"};
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(reals); i++) {
        struct error error = {0};
        json_t *value = document_parse(text_of(reals[i]), &error);

        assert_true(json_is_real(value));
        json_decref(value);
    }
}

static void reals_are_found_among_all_else(void **state)
{
    (void)state;

    assert_accepted(TEXT("{\"z\":1,\"1.5e1\":[\"2.0\",{\"\\\"3.0\":true,\"b\":[2.0,-7,\"\\\\\",3]},"
                         "false,null,4e0],\"a\":5.5,\"-\":[[],{},60e-1]}"),
                    "{\"z\":1,\"1.5e1\":[\"2.0\",{\"\\\"3.0\":true,\"b\":[2,-7,\"\\\\\",3]},"
                    "false,null,4],\"a\":5.5,\"-\":[[],{},6]}");
}

static void many_members_keep_their_own_numbers(void **state)
{
    char text[8192] = "{";
    char expected[8192] = "{";
    size_t length = 1;
    size_t expected_length = 1;
    (void)state;

    for (int i = 0; i < 300; i++) {
        int name = i * 7919 % 300;

        length += (size_t)snprintf(text + length, sizeof(text) - length, "%s\"m%d\":%d.0",
                                   i == 0 ? "" : ",", name, i);
        expected_length +=
            (size_t)snprintf(expected + expected_length, sizeof(expected) - expected_length,
                             "%s\"m%d\":%d", i == 0 ? "" : ",", name, i);
    }
    memcpy(text + length, "}", 2);
    memcpy(expected + expected_length, "}", 2);

    assert_accepted(text_of(text), expected);
}

static void integers_beside_a_larger_one_stay_exact(void **state)
{
    struct error error = {0};
    (void)state;

    json_t *value = document_parse(
        TEXT("[9007199254740993,99999999999999999999,-9223372036854775808,1.0]"), &error);

    assert_true(json_integer_value(json_array_get(value, 0)) == INT64_C(9007199254740993));
    assert_true(json_is_real(json_array_get(value, 1)));
    assert_true(json_integer_value(json_array_get(value, 2)) == INT64_MIN);
    assert_true(json_integer_value(json_array_get(value, 3)) == 1);
    json_decref(value);
}

static void a_number_past_all_doubles_is_refused(void **state)
{
    (void)state;
    char digits[401];
    memset(digits, '9', sizeof(digits) - 1);
    digits[sizeof(digits) - 1] = '\0';

    assert_refused(TEXT("[1e400]"), "line 1, column 6: number too large");
    assert_refused(TEXT("[-1e400]"), "line 1, column 7: number too large");
    assert_refused(text_of(digits), "line 1, column 400: number too large");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_json_value_is_a_document),
        cmocka_unit_test(nothing_is_not_a_document),
        cmocka_unit_test(a_duplicate_key_is_refused_at_any_depth),
        cmocka_unit_test(a_nul_in_a_string_is_refused),
        cmocka_unit_test(a_raw_nul_is_refused_everywhere),
        cmocka_unit_test(nothing_may_follow_the_value),
        cmocka_unit_test(broken_json_is_refused),
        cmocka_unit_test(sixteen_levels_are_read_and_seventeen_are_not),
        cmocka_unit_test(values_are_counted_up_to_their_limit),
        cmocka_unit_test(depth_counts_what_is_open_at_once),
        cmocka_unit_test(brackets_in_strings_are_not_levels),
        cmocka_unit_test(a_very_deep_text_is_refused_without_recursion),
        cmocka_unit_test(invalid_utf8_is_refused),
        cmocka_unit_test(integers_of_64_bits_stay_integers),
        cmocka_unit_test(a_larger_integer_becomes_a_real_and_the_others_do_not),
        cmocka_unit_test(a_real_without_a_fraction_becomes_an_integer),
        cmocka_unit_test(a_real_that_is_no_exact_integer_stays_one),
        cmocka_unit_test(reals_are_found_among_all_else),
        cmocka_unit_test(many_members_keep_their_own_numbers),
        cmocka_unit_test(integers_beside_a_larger_one_stay_exact),
        cmocka_unit_test(a_number_past_all_doubles_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
