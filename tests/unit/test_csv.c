/* SPDX-License-Identifier: MIT */
#include "base/arena.h"
#include "base/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void expect_field(struct text text, const char *expected)
{
    struct arena arena = {0};
    struct buffer buffer;
    struct csv csv;

    buffer_init(&buffer, &arena, 16);
    csv_init(&csv, &buffer);
    csv_text(&csv, text);
    assert_string_equal(buffer_string(&buffer), expected);
    arena_close(&arena);
}

static void rows_have_commas_between_fields_and_end_with_cr_lf(void **state)
{
    struct arena arena = {0};
    struct buffer buffer;
    struct csv csv;

    (void)state;
    buffer_init(&buffer, &arena, 1);
    csv_init(&csv, &buffer);
    csv_text(&csv, TEXT("a"));
    csv_integer(&csv, -7);
    csv_skip(&csv, 2);
    csv_text(&csv, TEXT("b"));
    csv_end_row(&csv);
    csv_skip(&csv, 2);
    csv_end_row(&csv);

    assert_string_equal(buffer_string(&buffer), "a,-7,,,b\r\n,\r\n");
    arena_close(&arena);
}

static void what_separates_is_quoted(void **state)
{
    (void)state;
    expect_field(TEXT("/a"), "/a");
    expect_field(TEXT("caf\xc3\xa9"), "caf\xc3\xa9");
    expect_field(TEXT("a,b"), "\"a,b\"");
    expect_field(TEXT("a;b"), "\"a;b\"");
    expect_field(TEXT("a\"b"), "\"a\"\"b\"");
    expect_field(TEXT("a\r\nb"), "\"a\r\nb\"");
    expect_field(TEXT(" a"), "\" a\"");
    expect_field(TEXT(""), "");
    expect_field((struct text){0}, "");
}

static void no_text_is_run_as_a_formula(void **state)
{
    (void)state;
    expect_field(TEXT("=1+1"), "'=1+1");
    expect_field(TEXT("+1"), "'+1");
    expect_field(TEXT("-1"), "'-1");
    expect_field(TEXT("@SUM(A1)"), "'@SUM(A1)");
    expect_field(TEXT("\t=1"), "\"'\t'=1\"");
    expect_field(TEXT("\r=1"), "\"'\r'=1\"");
    expect_field(TEXT("=HYPERLINK(\"x\",\"y\")"), "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\"");
    expect_field(TEXT("'=1"), "''=1");
    expect_field(TEXT("1=1"), "1=1");
}

/* Quotes mean nothing there unless they are at the beginning of a field. So a semicolon, a tab or
 * the end of a line begins a field or a row of its own. */
static void no_part_of_a_text_is_run_where_something_else_separates(void **state)
{
    (void)state;
    expect_field(TEXT("/a;=1"), "\"/a;'=1\"");
    expect_field(TEXT("/a\n=1"), "\"/a\n'=1\"");
    expect_field(TEXT("/a\r\n@x"), "\"/a\r\n'@x\"");
    expect_field(TEXT("/a\t+1;-1"), "\"/a\t'+1;'-1\"");
    expect_field(TEXT("/a;'=1"), "\"/a;''=1\"");
    expect_field(TEXT("/a;\"=1"), "\"/a;'\"\"=1\"");
    expect_field(TEXT("a;b\tc"), "\"a;b\tc\"");
    expect_field(TEXT("/a,=1"), "\"/a,=1\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_have_commas_between_fields_and_end_with_cr_lf),
        cmocka_unit_test(what_separates_is_quoted),
        cmocka_unit_test(no_text_is_run_as_a_formula),
        cmocka_unit_test(no_part_of_a_text_is_run_where_something_else_separates),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
