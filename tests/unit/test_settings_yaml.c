/* SPDX-License-Identifier: MIT
 *
 * YAML text to JSON values, and the YAML that is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../src/app/settings_parts.h"

static void assert_refused(struct text yaml, const char *message)
{
    struct error error = {0};
    json_t *lines = json_object();

    assert_null(settings_yaml_parse(yaml, lines, &error));
    json_decref(lines);
    assert_string_equal(error.message, message);
}

static void plain_scalars_are_typed_by_the_core_schema_and_quoted_ones_are_text(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        const char *json;
    } cases[] = {
        {"# nothing", "{}"},
        {"[~, null, NULL, Null, ]", "[null,null,null,null]"},
        {"[true, True, TRUE, false]", "[true,true,true,false]"},
        {"[yes, on, off, n]", "[\"yes\",\"on\",\"off\",\"n\"]"},
        {"[7, -7, +7, 007, 0o17, 0x1F]", "[7,-7,7,7,15,31]"},
        {"[0x0x5, 0x-5, 1_000, 0o8]", "[\"0x0x5\",\"0x-5\",\"1_000\",\"0o8\"]"},
        {"[9223372036854775807, 9223372036854775808]",
         "[9223372036854775807,9.2233720368547758e18]"},
        {"[1.5, .5, 1e3, 6.0e1, +2., 5e-1]", "[1.5,0.5,1000,60,2,0.5]"},
        {"[1.2.3, 1e, 1e999, .inf, nan, infinity, 127.0.0.1:80]",
         "[\"1.2.3\",\"1e\",\"1e999\",\".inf\",\"nan\",\"infinity\",\"127.0.0.1:80\"]"},
        {"['7', \"true\", 'null', '']", "[\"7\",\"true\",\"null\",\"\"]"},
        {"a: |\n  x\n  y\nb: {c: [1]}\nd:", "{\"a\":\"x\\ny\\n\",\"b\":{\"c\":[1]},\"d\":null}"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct error error = {0};
        json_t *value = settings_yaml_parse(text_of(cases[i].yaml), NULL, &error);
        assert_string_equal(error.message, "");
        char *json = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS);

        assert_string_equal(json, cases[i].json);
        free(json);
        json_decref(value);
    }
}

static void hostile_or_broken_text_is_refused_with_line_and_column(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        const char *message;
    } cases[] = {
        {"workers: 1\nworkers: 2\n",
         "line 2, column 1: workers is there twice; line 1 has it, too"},
        {"workers:\n\t- 1\n",
         "line 2, column 1: a tab is here; YAML takes spaces alone at the beginning of a line"},
        {"a: &a [x, x]\nb: [*a, *a]\n",
         "line 1, column 4: anchors (&) and tags (!) are not supported; a value that begins with "
         "such a character must be in quotes"},
        {"b: *a\n", "line 1, column 4: an unquoted * begins an alias, which is not supported; "
                    "write the value in quotes, as in \"*\""},
        {"workers: !!int \"1\"\n", "line 1, column 10: anchors (&) and tags (!) are not supported; "
                                   "a value that begins with such a character must be in quotes"},
        {"? [a, b]\n: c\n", "line 1, column 3: a key must be a plain word"},
        {"workers: 1\n---\nworkers: 2\n",
         "line 2, column 1: a second document begins; only one is allowed"},
        {"data_dir: \"a\\0b\"\n", "line 1, column 11: a text must be UTF-8 without NUL"},
        {"\"a\\0b\": 1\n", "line 1, column 1: a key must be UTF-8 without NUL"},
        {"workers: [1\n", "line 1, column 10: the [ here has no ]; write one, or put a value that "
                          "begins with [ in quotes"},
        {"data_dir: \xff\n", "line 1: must be UTF-8 without control characters"},
        {"[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]\n", "line 1, column 17: nested too deep"},
        {"a: {b: 1", "line 1, column 4: the { here has no }; write one, or put a value that begins "
                     "with { in quotes"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_refused(text_of(cases[i].yaml), cases[i].message);
}

/* Scanning stops where the nesting does: a parser that went on would need a stack per bracket. */
static void endless_nesting_is_refused_where_the_bound_is_passed(void **state)
{
    (void)state;
    size_t length = SETTINGS_FILE_BYTES_MAX;
    char *brackets = malloc(length);
    assert_non_null(brackets);
    memset(brackets, '[', length);

    assert_refused((struct text){brackets, length}, "line 1, column 17: nested too deep");
    free(brackets);
}

static void nesting_up_to_the_bound_is_taken(void **state)
{
    (void)state;
    struct error error = {0};

    json_t *value = settings_yaml_parse(TEXT("[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]"), NULL, &error);

    assert_string_equal(error.message, "");
    assert_non_null(value);
    json_decref(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_scalars_are_typed_by_the_core_schema_and_quoted_ones_are_text),
        cmocka_unit_test(hostile_or_broken_text_is_refused_with_line_and_column),
        cmocka_unit_test(endless_nesting_is_refused_where_the_bound_is_passed),
        cmocka_unit_test(nesting_up_to_the_bound_is_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
