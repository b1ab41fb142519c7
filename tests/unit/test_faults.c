/* SPDX-License-Identifier: MIT */
#include "base/faults.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void a_fault_names_its_place(void **state)
{
    (void)state;
    struct faults faults = {0};

    faults_add(&faults, "/limits/2", "window_seconds", "must be at least %d", 1);
    faults_add(&faults, "/limits/2", NULL, "must be an object");
    faults_add(&faults, "", "", "is not a known member");

    assert_int_equal(faults.count, 3);
    assert_string_equal(faults.at[0].pointer, "/limits/2/window_seconds");
    assert_string_equal(faults.at[0].detail, "must be at least 1");
    assert_string_equal(faults.at[1].pointer, "/limits/2");
    assert_string_equal(faults.at[2].pointer, "/");
}

static void a_fault_of_an_unknown_member_names_the_one_that_was_meant(void **state)
{
    (void)state;
    struct faults faults = {0};

    faults_add_unknown(&faults, "", "lisen", "listen");
    faults_add_unknown(&faults, "", "colour", NULL);
    faults_add(&faults, "", "listen", "must be a text");

    assert_true(faults.at[0].is_unknown);
    assert_string_equal(faults.at[0].meant, "listen");
    assert_string_equal(faults.at[0].detail, "is not a known member; did you mean listen?");
    assert_true(faults.at[1].is_unknown);
    assert_null(faults.at[1].meant);
    assert_string_equal(faults.at[1].detail, "is not a known member");
    assert_false(faults.at[2].is_unknown);
}

static void a_fault_of_a_query_names_the_parameter_as_it_is(void **state)
{
    (void)state;
    struct faults faults = {0};

    faults_add(&faults, NULL, "~a/b", "must be at least %d", 1);
    faults_add(&faults, NULL, NULL, "has a parameter without a name");
    faults_add(&faults, "", "a", "must be an object");

    assert_true(faults.at[0].is_parameter);
    assert_string_equal(faults.at[0].pointer, "~a/b");
    assert_true(faults.at[1].is_parameter);
    assert_string_equal(faults.at[1].pointer, "");
    assert_false(faults.at[2].is_parameter);
}

static void tilde_and_slash_are_escaped_in_a_member(void **state)
{
    (void)state;
    struct faults faults = {0};

    faults_add(&faults, "/a~1b", "~/~1", "%s", "");

    assert_string_equal(faults.at[0].pointer, "/a~1b/~0~1~01");
}

static void faults_past_the_last_are_counted_not_kept(void **state)
{
    (void)state;
    struct faults faults = {0};

    for (int i = 0; i < FAULTS_MAX + 5; i++)
        faults_add(&faults, "", "x", "fault %d", i);

    assert_int_equal(faults.count, FAULTS_MAX + 5);
    assert_string_equal(faults.at[FAULTS_MAX - 1].detail, "fault 15");
}

static void as_many_faults_are_kept_as_may_be(void **state)
{
    (void)state;
    struct faults faults;
    memset(&faults, 0xff, sizeof(faults));

    faults_begin(&faults, 3);
    assert_int_equal(faults_kept(&faults), 0);
    faults_add(&faults, "", "a", "is wrong");
    faults_add_type(&faults, "", "b", FAULT_BOOL, "");
    assert_false(faults_skip(&faults));
    assert_int_equal(faults.count, 2);
    faults_add_unknown(&faults, "", "c", NULL);
    const struct faults full = faults;
    assert_true(faults_skip(&faults));
    faults_add(&faults, "", "d", "is wrong");
    faults_add_type(&faults, "", "e", FAULT_BOOL, "");
    faults_add_unknown(&faults, "", "f", "a");

    assert_int_equal(faults.count, 7);
    assert_int_equal(faults_kept(&faults), 3);
    assert_int_equal(faults_bytes(&faults), faults_bytes(&full));
    assert_memory_equal(faults.at, full.at, sizeof(faults.at));
    faults_begin(&faults, FAULTS_MAX);
    for (int i = 0; i < FAULTS_MAX + 1; i++)
        faults_add(&faults, "", "x", "fault %d", i);
    assert_int_equal(faults_kept(&faults), FAULTS_MAX);
}

static void long_texts_are_cut_between_escapes(void **state)
{
    (void)state;
    struct faults faults = {0};
    char member[500];
    memset(member, '/', sizeof(member) - 1);
    member[sizeof(member) - 1] = '\0';

    faults_add(&faults, "", member, "%s", member);
    faults_add(&faults, "a", member, "%s", member);
    faults_add(&faults, member, member, "%s", "x");

    const struct fault *even = &faults.at[0];
    const struct fault *odd = &faults.at[1];
    assert_int_equal(strlen(even->detail), sizeof(even->detail) - 1);
    assert_int_equal(strlen(even->pointer), sizeof(even->pointer) - 1);
    assert_int_equal(strlen(odd->pointer), sizeof(odd->pointer) - 2);
    assert_int_equal(odd->pointer[strlen(odd->pointer) - 1], '1');
    assert_int_equal(strlen(faults.at[2].pointer), sizeof(even->pointer) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fault_names_its_place),
        cmocka_unit_test(a_fault_of_an_unknown_member_names_the_one_that_was_meant),
        cmocka_unit_test(a_fault_of_a_query_names_the_parameter_as_it_is),
        cmocka_unit_test(tilde_and_slash_are_escaped_in_a_member),
        cmocka_unit_test(faults_past_the_last_are_counted_not_kept),
        cmocka_unit_test(as_many_faults_are_kept_as_may_be),
        cmocka_unit_test(long_texts_are_cut_between_escapes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
