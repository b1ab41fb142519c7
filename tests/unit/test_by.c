/* SPDX-License-Identifier: MIT */
#include "limit/by.h"

#include "reading.h"
#include "support/cmocka.h"

/* `by` is the member's value in JSON; NULL: it is not there. */
static const struct by *read_by(const char *by)
{
    char text[512] = "{}";
    struct form form;

    if (by != NULL)
        (void)snprintf(text, sizeof(text), "{\"by\":%s}", by);
    reading_begin(&form, text, "/limits/0");
    const struct by *read = by_read(&form, &arena);
    form_close(&form);
    reading_let_go(); /* the result has its own copies of the names */
    return read;
}

/* Reads `by`, and writes it again as a member. */
static const char *written(const char *by)
{
    struct buffer buffer;
    struct writer writer;

    buffer_init(&buffer, &arena, 64);
    writer_init(&writer, &buffer);
    writer_begin_object(&writer, NULL);
    by_write(read_by(by), &writer);
    writer_end_object(&writer);
    assert_int_equal(faults.count, 0);
    return buffer_string(&buffer);
}

static void assert_fault(const char *by, const char *detail)
{
    assert_null(read_by(by));
    reading_expect_fault("/limits/0/by", detail);
}

static void names_are_sorted_and_one_is_written_as_a_text(void **state)
{
    (void)state;

    assert_string_equal(written("\"org\""), "{\"by\":\"org\"}");
    assert_string_equal(written("[\"org\"]"), "{\"by\":\"org\"}");
    assert_string_equal(written("[\"user\",\"ip\",\"team\",\"org\"]"),
                        "{\"by\":[\"ip\",\"org\",\"team\",\"user\"]}");
    assert_string_equal(written("[]"), "{\"by\":[]}");
}

static void what_is_not_given_is_not_written(void **state)
{
    (void)state;

    assert_string_equal(written(NULL), "{}");
    assert_string_equal(written("null"), "{}");
}

static void names_end_with_a_nul(void **state)
{
    (void)state;

    const struct by *by = read_by("[\"b\",\"a\"]");

    assert_string_equal(by->names[0].at, "a");
    assert_string_equal(by->names[1].at, "b");
}

static void what_is_no_list_of_names_is_refused(void **state)
{
    (void)state;
    const char *shape = "must be the name of a subject, or a list of 0 to 4 names";
    const char *word = "names a subject: each name must be 1 to 32 of a-z, 0-9 and _, and begin "
                       "with a letter";

    assert_fault("7", shape);
    assert_fault("{\"org\":\"acme\"}", shape);
    assert_fault("[\"a\",\"b\",\"c\",\"d\",\"e\"]", shape);
    assert_fault("\"\"", word);
    assert_fault("\"Org\"", word);
    assert_fault("[\"org\",7]", word);
    assert_fault("[\"org\",null]", word);
    assert_fault("[[\"org\"]]", word);
    assert_fault("[\"org\",\"user\",\"org\"]", "must name `org` once");
}

static void equal_is_what_has_the_same_names(void **state)
{
    (void)state;
    const struct by *pool = read_by("[]");
    const struct by *org = read_by("\"org\"");
    const struct by *user = read_by("\"user\"");
    const struct by *both = read_by("[\"org\",\"user\"]");

    assert_true(by_equal(NULL, NULL));
    assert_true(by_equal(both, read_by("[\"user\",\"org\"]")));
    assert_true(by_equal(pool, read_by("[]")));
    assert_false(by_equal(NULL, pool));
    assert_false(by_equal(pool, NULL));
    assert_false(by_equal(org, user));
    assert_false(by_equal(org, both));
}

static void a_name_is_found_where_it_is(void **state)
{
    (void)state;
    const struct by *both = read_by("[\"org\",\"user\"]");

    assert_true(by_has(both, TEXT("org")));
    assert_true(by_has(both, TEXT("user")));
    assert_false(by_has(both, TEXT("use")));
    assert_false(by_has(read_by("[]"), TEXT("org")));
    assert_false(by_has(NULL, TEXT("user")));
}

static void who_does_not_say_counts_by_user_and_else_by_ip(void **state)
{
    (void)state;
    const struct by *pool = read_by("[]");

    assert_true(by_equal(by_resolve(NULL, true), read_by("\"user\"")));
    assert_true(by_equal(by_resolve(NULL, false), read_by("\"ip\"")));
    assert_ptr_equal(by_resolve(pool, true), pool);
    assert_ptr_equal(by_resolve(pool, false), pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_sorted_and_one_is_written_as_a_text),
        cmocka_unit_test(what_is_not_given_is_not_written),
        cmocka_unit_test(names_end_with_a_nul),
        cmocka_unit_test(what_is_no_list_of_names_is_refused),
        cmocka_unit_test(equal_is_what_has_the_same_names),
        cmocka_unit_test(a_name_is_found_where_it_is),
        cmocka_unit_test(who_does_not_say_counts_by_user_and_else_by_ip),
    };

    return cmocka_run_group_tests(tests, NULL, reading_end);
}
