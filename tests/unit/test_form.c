/* SPDX-License-Identifier: MIT */
#include "base/form.h"

#include "base/document.h"
#include "base/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct faults faults;
static struct form form;
static json_t *body;

static void open_body(const char *text)
{
    struct error error;

    json_decref(body);
    body = document_parse(text_of(text), &error);
    assert_non_null(body);
    faults = (struct faults){0};
    assert_true(form_open(&form, body, "/in", &faults));
}

static int end(void **state)
{
    (void)state;
    json_decref(body);
    body = NULL;
    return 0;
}

static void assert_fault(size_t i, const char *pointer, const char *detail)
{
    assert_true(i < faults.count);
    assert_string_equal(faults.at[i].pointer, pointer);
    assert_string_equal(faults.at[i].detail, detail);
}

static const char *const colours[] = {"red", "green", "blue", NULL};

static void valid_members_are_read_without_a_fault(void **state)
{
    (void)state;
    struct text name = {0};
    int64_t limit = 0;
    bool active = false;
    int colour = 0;
    const json_t *list = NULL;
    open_body("{\"name\":\"a\\tb\",\"limit\":-3,\"active\":true,\"colour\":\"blue\",\"list\":[1]}");

    assert_true(form_text(&form, "name", FORM_REQUIRED, 1, 3, &name));
    assert_true(form_integer(&form, "limit", FORM_REQUIRED, -3, 5, &limit));
    assert_true(form_bool(&form, "active", FORM_REQUIRED, &active));
    assert_true(form_choice(&form, "colour", FORM_REQUIRED, colours, &colour));
    assert_true(form_array(&form, "list", FORM_REQUIRED, 1, 1, &list));
    form_close(&form);

    assert_int_equal(faults.count, 0);
    assert_true(text_equal(name, TEXT("a\tb")));
    assert_int_equal(limit, -3);
    assert_true(active);
    assert_int_equal(colour, 2);
    assert_int_equal(json_array_size(list), 1);
}

static void only_an_object_is_a_form(void **state)
{
    (void)state;
    static const char *const texts[] = {"[]", "null", "\"x\"", "1"};

    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        json_t *value = json_loads(texts[i], JSON_DECODE_ANY, NULL);
        faults = (struct faults){0};
        assert_false(form_open(&form, value, "/checks/3", &faults));
        assert_fault(0, "/checks/3", "must be an object");
        json_decref(value);
    }
    json_t *twice = json_string("{}");
    faults = (struct faults){0};
    assert_false(form_open(&form, twice, "", &faults));
    assert_fault(0, "", "must be an object, and is one as a text: encode it once");
    json_decref(twice);
    faults = (struct faults){0};
    assert_false(form_open(&form, NULL, "", &faults));
    assert_fault(0, "", "must be an object");
}

static void an_absent_optional_member_keeps_the_default(void **state)
{
    (void)state;
    struct text name = TEXT("default");
    int64_t limit = 12;
    bool active = true;
    int colour = 1;
    const json_t *list = body;
    open_body("{\"limit\":null}");

    assert_false(form_text(&form, "name", FORM_OPTIONAL, 1, 3, &name));
    assert_false(form_integer(&form, "limit", FORM_OPTIONAL, 0, 5, &limit));
    assert_false(form_bool(&form, "active", FORM_OPTIONAL, &active));
    assert_false(form_choice(&form, "colour", FORM_OPTIONAL, colours, &colour));
    assert_false(form_array(&form, "list", FORM_OPTIONAL, 0, 9, &list));
    form_close(&form);

    assert_int_equal(faults.count, 0);
    assert_true(text_equal(name, TEXT("default")));
    assert_int_equal(limit, 12);
    assert_true(active);
    assert_int_equal(colour, 1);
}

static void an_absent_required_member_is_a_fault_and_so_is_null(void **state)
{
    (void)state;
    struct text name = {0};
    int64_t limit = 12;
    open_body("{\"limit\":null}");

    assert_false(form_text(&form, "name", FORM_REQUIRED, 1, 3, &name));
    assert_false(form_integer(&form, "limit", FORM_REQUIRED, 0, 5, &limit));
    form_close(&form);

    assert_int_equal(faults.count, 2);
    assert_fault(0, "/in/name", "is required");
    assert_fault(1, "/in/limit", "is required");
}

static void a_text_is_measured_in_bytes(void **state)
{
    (void)state;
    struct text name = TEXT("kept");
    open_body("{\"empty\":\"\",\"long\":\"\\u00e4\\u00e4\",\"number\":1,\"fits\":\"\\u20ac\"}");

    assert_false(form_text(&form, "empty", FORM_OPTIONAL, 1, 3, &name));
    assert_false(form_text(&form, "long", FORM_OPTIONAL, 1, 3, &name));
    assert_false(form_text(&form, "number", FORM_OPTIONAL, 1, 3, &name));
    assert_true(text_equal(name, TEXT("kept")));
    assert_true(form_text(&form, "fits", FORM_OPTIONAL, 1, 3, &name));
    assert_true(form_text(&form, "empty", FORM_OPTIONAL, 0, 3, &name));

    assert_int_equal(faults.count, 3);
    assert_fault(0, "/in/empty", "must be a text of 1 to 3 bytes");
    assert_fault(1, "/in/long", "must be a text of 1 to 3 bytes");
    assert_fault(2, "/in/number", "must be a text of 1 to 3 bytes");
    assert_false(text_is_absent(name));
    assert_int_equal(name.length, 0);
}

static void bounds_that_are_equal_are_told_as_one_number(void **state)
{
    (void)state;
    struct text name;
    const json_t *list;
    open_body("{\"name\":\"ab\",\"list\":[]}");

    assert_false(form_text(&form, "name", FORM_OPTIONAL, 16, 16, &name));
    assert_false(form_array(&form, "list", FORM_OPTIONAL, 2, 2, &list));

    assert_int_equal(faults.count, 2);
    assert_fault(0, "/in/name", "must be a text of 16 bytes");
    assert_fault(1, "/in/list", "must be an array of 2 values");
}

static void what_is_no_integer_in_range_is_a_fault(void **state)
{
    (void)state;
    static const char *const bodies[] = {"{\"x\":5.5}",
                                         "{\"x\":5e-1}",
                                         "{\"x\":11.0}",
                                         "{\"x\":1e-400}",
                                         "{\"x\":\"5\"}",
                                         "{\"x\":true}",
                                         "{\"x\":[5]}",
                                         "{\"x\":-1}",
                                         "{\"x\":11}",
                                         "{\"x\":9223372036854775808}",
                                         "{\"x\":1e300}",
                                         "{\"x\":{}}",
                                         "{\"x\":-18446744073709551617}",
                                         "{\"x\":18446744073709551616}"};

    for (size_t i = 0; i < ARRAY_COUNT(bodies); i++) {
        int64_t value = 7;
        open_body(bodies[i]);
        assert_false(form_integer(&form, "x", FORM_OPTIONAL, 0, 10, &value));
        assert_int_equal(faults.count, 1);
        assert_fault(0, "/in/x", "must be an integer from 0 to 10");
        assert_int_equal(value, 7);
    }
}

static void an_integer_too_large_is_the_only_fault_of_its_document(void **state)
{
    (void)state;
    int64_t limit = 0;
    int64_t window = 0;
    open_body("{\"limit\":99999999999999999999,\"window\":60}");

    assert_false(form_integer(&form, "limit", FORM_REQUIRED, 0, 10, &limit));
    assert_true(form_integer(&form, "window", FORM_REQUIRED, 1, 3600, &window));

    assert_int_equal(faults.count, 1);
    assert_int_equal(window, 60);
}

static void an_integer_may_have_a_fraction_of_zero_or_an_exponent(void **state)
{
    (void)state;
    static const char *const bodies[] = {"{\"x\":5.0}", "{\"x\":5e0}", "{\"x\":0.5E+1}",
                                         "{\"x\":50e-1}"};

    for (size_t i = 0; i < ARRAY_COUNT(bodies); i++) {
        int64_t value = 7;
        open_body(bodies[i]);
        assert_true(form_integer(&form, "x", FORM_REQUIRED, 0, 10, &value));
        assert_int_equal(faults.count, 0);
        assert_int_equal(value, 5);
    }
}

static void the_widest_range_takes_every_integer(void **state)
{
    (void)state;
    int64_t low = 0;
    int64_t high = 0;
    open_body("{\"low\":-9223372036854775808,\"high\":9223372036854775807}");

    assert_true(form_integer(&form, "low", FORM_REQUIRED, INT64_MIN, INT64_MAX, &low));
    assert_true(form_integer(&form, "high", FORM_REQUIRED, INT64_MIN, INT64_MAX, &high));

    assert_true(low == INT64_MIN && high == INT64_MAX);
}

static void a_boolean_is_true_or_false(void **state)
{
    (void)state;
    static const char *const bodies[] = {"{\"x\":1}", "{\"x\":\"true\"}", "{\"x\":[]}"};

    for (size_t i = 0; i < ARRAY_COUNT(bodies); i++) {
        bool value = true;
        open_body(bodies[i]);
        assert_false(form_bool(&form, "x", FORM_OPTIONAL, &value));
        assert_fault(0, "/in/x", "must be true or false");
        assert_true(value);
    }
    bool value = true;
    open_body("{\"x\":false}");
    assert_true(form_bool(&form, "x", FORM_OPTIONAL, &value));
    assert_false(value);
}

static void a_choice_is_one_of_its_words(void **state)
{
    (void)state;
    static const char *const bodies[] = {"{\"x\":\"Red\"}", "{\"x\":\"\"}", "{\"x\":1}",
                                         "{\"x\":\"redd\"}"};

    for (size_t i = 0; i < ARRAY_COUNT(bodies); i++) {
        int colour = 2;
        open_body(bodies[i]);
        assert_false(form_choice(&form, "x", FORM_OPTIONAL, colours, &colour));
        assert_fault(0, "/in/x", "must be one of red, green, blue");
        assert_int_equal(colour, 2);
    }
}

static void a_long_list_of_words_is_cut(void **state)
{
    (void)state;
    static const char word[] = "a_word_that_is_quite_a_bit_longer_than_usual";
    static const char *const words[] = {word, word, word, word, word, word, word, NULL};
    int choice = 0;
    open_body("{\"x\":\"y\"}");

    assert_false(form_choice(&form, "x", FORM_OPTIONAL, words, &choice));

    assert_int_equal(strlen(faults.at[0].detail), sizeof(faults.at[0].detail) - 1);
}

static void an_array_has_a_number_of_values(void **state)
{
    (void)state;
    static const char *const bodies[] = {"{\"x\":[]}", "{\"x\":[1,2,3]}", "{\"x\":{}}",
                                         "{\"x\":\"ab\"}"};

    for (size_t i = 0; i < ARRAY_COUNT(bodies); i++) {
        const json_t *list = NULL;
        open_body(bodies[i]);
        assert_false(form_array(&form, "x", FORM_OPTIONAL, 1, 2, &list));
        assert_fault(0, "/in/x", "must be an array of 1 to 2 values");
        assert_null(list);
    }
    const json_t *list = NULL;
    open_body("{\"x\":{}}");
    assert_false(form_array(&form, "x", FORM_OPTIONAL, 0, 2, &list));
}

static void unknown_members_are_faults(void **state)
{
    (void)state;
    struct text name;
    open_body("{\"a~b/c\":1,\"name\":\"x\",\"null\":null,\"\":1}");

    form_text(&form, "name", FORM_REQUIRED, 1, 3, &name);
    form_close(&form);

    assert_int_equal(faults.count, 3);
    assert_fault(0, "/in/a~0b~1c", "is not a known member");
    assert_fault(1, "/in/null", "is not a known member");
    assert_fault(2, "/in/", "is not a known member");
}

static void a_member_known_by_another_name_is_told_its_own(void **state)
{
    (void)state;
    static const struct form_alias aliases[] = {{"colour", "paint", NULL},
                                                {"colour", "tint", "tint, as in \"red\""},
                                                {"base_colour", "tint", NULL},
                                                {"hue", "shade", NULL},
                                                {0}};
    open_body("{\"colour\":1,\"baseColour\":1,\"Base-Colour\":1,\"base\":1,\"hue\":1,\"tind\":1}");

    form_ignore(&form, "tint");
    form_close_with(&form, aliases);

    assert_int_equal(faults.count, 6);
    assert_fault(0, "/in/colour", "is not a known member; did you mean tint, as in \"red\"?");
    assert_fault(1, "/in/baseColour", "is not a known member; did you mean tint?");
    assert_fault(2, "/in/Base-Colour", "is not a known member; did you mean tint?");
    assert_fault(3, "/in/base", "is not a known member");
    assert_fault(4, "/in/hue", "is not a known member");
    assert_fault(5, "/in/tind", "is not a known member; did you mean tint?");
}

static void unknown_members_past_the_last_fault_are_counted(void **state)
{
    (void)state;
    open_body("{\"x1\":1,\"x2\":1,\"x3\":1,\"x4\":1,\"x5\":1,\"x6\":1,\"x7\":1,\"x8\":1,\"x9\":1,"
              "\"y1\":1,\"y2\":1,\"y3\":1,\"y4\":1,\"y5\":1,\"y6\":1,\"y7\":1,\"y8\":1,\"y9\":1}");

    form_close(&form);

    assert_int_equal(faults.count, 18);
    assert_fault(FAULTS_MAX - 1, "/in/y7", "is not a known member");
}

static void asking_or_ignoring_makes_a_member_known(void **state)
{
    (void)state;
    open_body("{\"version\":3,\"there\":1,\"null\":null}");

    form_ignore(&form, "version");
    form_ignore(&form, "created_at");
    assert_true(form_has(&form, "there"));
    assert_false(form_has(&form, "null"));
    assert_false(form_has(&form, "absent"));
    form_close(&form);

    assert_int_equal(faults.count, 0);
}

static void a_form_has_more_until_each_of_its_members_was_asked_for(void **state)
{
    (void)state;

    open_body("{}");
    assert_false(form_has_more(&form));

    open_body("{\"a\":1,\"b\":null}");
    assert_true(form_has_more(&form));
    form_ignore(&form, "absent");
    form_ignore(&form, "a");
    form_ignore(&form, "a");
    assert_true(form_has_more(&form));
    form_ignore(&form, "b");
    assert_false(form_has_more(&form));
}

static void a_plain_form_has_more_until_each_of_its_members_was_asked_for(void **state)
{
    (void)state;
    struct members members;
    const bool is_plain = members_parse(&members, TEXT("{\"a\":1,\"b\":null}"));

    assert_true(is_plain);
    form_open_members(&form, &members, "", &faults);
    assert_true(form_has_more(&form));
    form_ignore(&form, "absent");
    form_ignore(&form, "a");
    form_ignore(&form, "a");
    assert_true(form_has_more(&form));
    form_ignore(&form, "b");
    assert_false(form_has_more(&form));
}

static void a_text_and_an_integer_are_told_from_other_values(void **state)
{
    (void)state;

    open_body("{\"text\":\"5\",\"number\":5,\"null\":null,\"list\":[],\"half\":0.5}");

    assert_true(form_has_text(&form, "text"));
    assert_false(form_has_text(&form, "number"));
    assert_false(form_has_text(&form, "null"));
    assert_false(form_has_text(&form, "list"));
    assert_false(form_has_text(&form, "absent"));
    assert_true(form_has_integer(&form, "number"));
    assert_false(form_has_integer(&form, "text"));
    assert_false(form_has_integer(&form, "null"));
    assert_false(form_has_integer(&form, "half"));
    assert_false(form_has_more(&form));
}

static void a_member_asked_for_again_takes_no_room(void **state)
{
    (void)state;
    open_body("{\"x\":1}");

    for (int i = 0; i < 2 * FORM_MEMBERS_MAX; i++)
        assert_true(form_has(&form, "x"));
    form_close(&form);

    assert_int_equal(faults.count, 0);
}

static void a_fault_of_the_caller_lies_at_a_member_or_at_the_object(void **state)
{
    (void)state;
    open_body("{}");

    form_fault(&form, "burst", "must be at least %d", 4);
    form_fault(&form, NULL, "%s", "needs user_id or ip");

    assert_fault(0, "/in/burst", "must be at least 4");
    assert_fault(1, "/in", "needs user_id or ip");
}

static void a_textual_form_reads_words_as_values(void **state)
{
    (void)state;
    int64_t limit = 0;
    bool yes = false;
    bool no = true;
    int64_t number = 0;
    open_body("{\"limit\":\"12\",\"yes\":\"true\",\"no\":\"false\",\"number\":9}");
    form.kind = FORM_TEXTUAL;

    assert_true(form_integer(&form, "limit", FORM_REQUIRED, 1, 1000, &limit));
    assert_true(form_integer(&form, "number", FORM_REQUIRED, 1, 1000, &number));
    assert_true(form_bool(&form, "yes", FORM_REQUIRED, &yes));
    assert_true(form_bool(&form, "no", FORM_REQUIRED, &no));

    assert_int_equal(faults.count, 0);
    assert_int_equal(limit, 12);
    assert_int_equal(number, 9);
    assert_true(yes);
    assert_false(no);
}

static void a_textual_form_takes_no_other_words(void **state)
{
    (void)state;
    static const char *const bodies[] = {"{\"x\":\"\"}",
                                         "{\"x\":\"12a\"}",
                                         "{\"x\":\"1e3\"}",
                                         "{\"x\":\"TRUE\"}",
                                         "{\"x\":\"0\"}",
                                         "{\"x\":[]}",
                                         "{\"x\":\"9223372036854775808\"}"};

    for (size_t i = 0; i < ARRAY_COUNT(bodies); i++) {
        int64_t limit = 7;
        bool yes = true;
        open_body(bodies[i]);
        form.kind = FORM_TEXTUAL;
        assert_false(form_integer(&form, "x", FORM_OPTIONAL, 1, 1000, &limit));
        assert_false(form_bool(&form, "x", FORM_OPTIONAL, &yes));
        assert_fault(0, "/in/x", "must be an integer from 1 to 1000");
        assert_fault(1, "/in/x", "must be true or false");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(valid_members_are_read_without_a_fault, end),
        cmocka_unit_test_teardown(only_an_object_is_a_form, end),
        cmocka_unit_test_teardown(an_absent_optional_member_keeps_the_default, end),
        cmocka_unit_test_teardown(an_absent_required_member_is_a_fault_and_so_is_null, end),
        cmocka_unit_test_teardown(a_text_is_measured_in_bytes, end),
        cmocka_unit_test_teardown(bounds_that_are_equal_are_told_as_one_number, end),
        cmocka_unit_test_teardown(what_is_no_integer_in_range_is_a_fault, end),
        cmocka_unit_test_teardown(an_integer_too_large_is_the_only_fault_of_its_document, end),
        cmocka_unit_test_teardown(an_integer_may_have_a_fraction_of_zero_or_an_exponent, end),
        cmocka_unit_test_teardown(the_widest_range_takes_every_integer, end),
        cmocka_unit_test_teardown(a_boolean_is_true_or_false, end),
        cmocka_unit_test_teardown(a_choice_is_one_of_its_words, end),
        cmocka_unit_test_teardown(a_long_list_of_words_is_cut, end),
        cmocka_unit_test_teardown(an_array_has_a_number_of_values, end),
        cmocka_unit_test_teardown(unknown_members_are_faults, end),
        cmocka_unit_test_teardown(a_member_known_by_another_name_is_told_its_own, end),
        cmocka_unit_test_teardown(unknown_members_past_the_last_fault_are_counted, end),
        cmocka_unit_test_teardown(asking_or_ignoring_makes_a_member_known, end),
        cmocka_unit_test_teardown(a_form_has_more_until_each_of_its_members_was_asked_for, end),
        cmocka_unit_test_teardown(a_plain_form_has_more_until_each_of_its_members_was_asked_for,
                                  end),
        cmocka_unit_test_teardown(a_text_and_an_integer_are_told_from_other_values, end),
        cmocka_unit_test_teardown(a_member_asked_for_again_takes_no_room, end),
        cmocka_unit_test_teardown(a_fault_of_the_caller_lies_at_a_member_or_at_the_object, end),
        cmocka_unit_test_teardown(a_textual_form_reads_words_as_values, end),
        cmocka_unit_test_teardown(a_textual_form_takes_no_other_words, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
