/* SPDX-License-Identifier: MIT */
#include "base/named_integers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/document.h"

#define COUNT_MAX 3

static struct named_integer at[COUNT_MAX];
static struct faults faults;

static const char *name_fault(struct text name)
{
    return text_equal(name, TEXT("bad")) ? "is a bad name" : NULL;
}

/* Returns how many there are. What is read before is let go of. */
static size_t read_from(const char *json)
{
    static const struct named_integers rules = {
        .member = "sizes",
        .called = "sizes",
        .count_max = COUNT_MAX,
        .min = -2,
        .max = 9,
        .name_fault = name_fault,
    };
    static json_t *body;
    struct error error = {0};
    struct form form;

    json_decref(body);
    body = json == NULL ? NULL : document_parse(text_of(json), &error);
    if (body == NULL)
        return 0;
    faults.count = 0;
    assert_true(form_open(&form, body, "/in", &faults));
    const size_t count = named_integers_read(&form, &rules, at);

    form_close(&form);
    return count;
}

static void assert_fault(const char *json, const char *pointer, const char *detail)
{
    (void)read_from(json);
    assert_int_equal(faults.count, 1);
    assert_string_equal(faults.at[0].pointer, pointer);
    assert_string_equal(faults.at[0].detail, detail);
}

static void they_come_in_the_order_of_their_names(void **state)
{
    (void)state;

    assert_int_equal(read_from("{\"sizes\":{\"c\":-2,\"a\":9,\"ab\":0}}"), 3);
    assert_int_equal(faults.count, 0);
    assert_string_equal(at[0].name.at, "a");
    assert_int_equal(at[0].value, 9);
    assert_string_equal(at[1].name.at, "ab");
    assert_int_equal(at[1].value, 0);
    assert_string_equal(at[2].name.at, "c");
    assert_int_equal(at[2].value, -2);
}

static void a_member_that_is_absent_or_empty_has_none(void **state)
{
    static const char *const bodies[] = {"{}", "{\"sizes\":null}", "{\"sizes\":{}}"};

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(bodies); i++) {
        assert_int_equal(read_from(bodies[i]), 0);
        assert_int_equal(faults.count, 0);
    }
}

static void what_may_not_be_there_is_told_with_its_place(void **state)
{
    static const char range[] = "must be an integer from -2 to 9";

    (void)state;
    assert_fault("{\"sizes\":[]}", "/in/sizes", "must be an object");
    assert_fault("{\"sizes\":{\"a\":1,\"b\":1,\"c\":1,\"d\":1}}", "/in/sizes",
                 "must have at most 3 sizes");
    assert_fault("{\"sizes\":{\"bad\":1}}", "/in/sizes/bad", "is a bad name");
    assert_fault("{\"sizes\":{\"a\":-3}}", "/in/sizes/a", range);
    assert_fault("{\"sizes\":{\"a\":10}}", "/in/sizes/a", range);
    assert_fault("{\"sizes\":{\"a\":null}}", "/in/sizes/a", "is required");
}

static void the_rest_is_read_beside_a_fault(void **state)
{
    (void)state;

    assert_int_equal(read_from("{\"sizes\":{\"bad\":1,\"b\":2,\"c\":10}}"), 1);
    assert_int_equal(faults.count, 2);
    assert_string_equal(at[0].name.at, "b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_come_in_the_order_of_their_names),
        cmocka_unit_test(a_member_that_is_absent_or_empty_has_none),
        cmocka_unit_test(what_may_not_be_there_is_told_with_its_place),
        cmocka_unit_test(the_rest_is_read_beside_a_fault),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);

    (void)read_from(NULL);
    return failed;
}
