/* SPDX-License-Identifier: MIT */
#include "limit/terms.h"

#include "limit/algorithm.h"
#include "reading.h"
#include "support/cmocka.h"

/* All places of a rule that terms may change or must leave. */
static const struct limit limits[] = {
    {.name = "org-tokens", .set = 1, .quota = 500, .window_us = 60, .burst = 500, .id = 7},
    {.name = "log",
     .algorithm = ALGORITHM_SLIDING_WINDOW_LOG,
     .quota = 100,
     .window_us = 60,
     .burst = 100,
     .id = 8},
    {.name = "bucket",
     .algorithm = ALGORITHM_TOKEN_BUCKET,
     .quota = 20,
     .window_us = 60,
     .burst = 20,
     .id = 9},
    {.name = "deep",
     .algorithm = ALGORITHM_LEAKY_BUCKET,
     .quota = 20,
     .window_us = 60,
     .burst = 50,
     .id = 10},
};
static const struct by *const sets[] = {NULL, NULL};
static const struct rule rule = {.use = RULE_CANDIDATE,
                                 .is_plain = true,
                                 .limit_count = ARRAY_COUNT(limits),
                                 .limits = limits,
                                 .set_count = 2,
                                 .sets = sets,
                                 .common_set = -1};

typedef bool read_fn(struct form *form, struct arena *arena, struct terms *terms);

static bool read_with(read_fn *read, const char *json, struct terms *terms)
{
    struct form form;

    reading_begin(&form, json, "/checks/3");
    bool good = read(&form, &arena, terms);

    form_close(&form);
    return good;
}

static bool read_terms(const char *json, struct terms *terms)
{
    return read_with(terms_read, json, terms);
}

static struct terms terms_of(const char *json)
{
    struct terms terms;

    if (!read_terms(json, &terms) || faults.count > 0)
        fail_msg("%s: %s %s", json, faults.at[0].pointer, faults.at[0].detail);
    return terms;
}

static void assert_fault(const char *json, const char *pointer, const char *detail)
{
    struct terms terms;

    if (read_terms(json, &terms))
        fail_msg("%s was accepted", json);
    reading_expect_fault(pointer, detail);
}

static void assert_cannot_apply(const char *json, const char *pointer, const char *detail)
{
    const struct terms terms = terms_of(json);

    assert_null(terms_apply(&terms, &rule, "/checks/3", &faults, &arena));
    reading_expect_fault(pointer, detail);
    assert_null(terms_apply(&terms, &rule, "/checks/3", NULL, &arena));
    assert_int_equal(faults.count, 1);
}

static const struct limit *limit_under(const char *json, size_t which)
{
    const struct terms terms = terms_of(json);
    const struct rule *effective = terms_apply(&terms, &rule, "", &faults, &arena);

    assert_non_null(effective);
    assert_int_equal(faults.count, 0);
    return &effective->limits[which];
}

static void a_check_that_says_nothing_has_no_terms(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "{}",
        "{\"priority\":\"normal\",\"partial\":false,\"limit_overrides\":{}}",
        "{\"priority\":null,\"partial\":null,\"limit_overrides\":null}",
    };

    for (size_t i = 0; i < ARRAY_COUNT(bodies); i++) {
        const struct terms terms = terms_of(bodies[i]);

        assert_false(terms.is_low);
        assert_false(terms.is_partial);
        assert_int_equal(terms.override_count, 0);
        assert_ptr_equal(terms_apply(&terms, &rule, "", NULL, &arena), &rule);
    }
}

static void each_term_is_read_by_itself(void **state)
{
    (void)state;

    assert_true(terms_of("{\"priority\":\"low\"}").is_low);
    assert_false(terms_of("{\"priority\":\"low\"}").is_partial);
    assert_true(terms_of("{\"partial\":true}").is_partial);
    assert_false(terms_of("{\"partial\":true}").is_low);
    assert_int_equal(terms_of("{\"limit_overrides\":{\"a\":0}}").override_count, 1);
}

static void overrides_are_in_the_order_of_their_names(void **state)
{
    (void)state;
    const struct terms terms =
        terms_of("{\"limit_overrides\":{\"deep\":3,\"log\":0,\"bucket\":9007199254740991}}");

    assert_int_equal(terms.override_count, 3);
    assert_string_equal(terms.overrides[0].limit.at, "bucket");
    assert_int_equal(terms.overrides[0].quota, INT64_C(9007199254740991));
    assert_string_equal(terms.overrides[1].limit.at, "deep");
    assert_int_equal(terms.overrides[1].quota, 3);
    assert_string_equal(terms.overrides[2].limit.at, "log");
    assert_int_equal(terms.overrides[2].quota, 0);
}

static void terms_that_cannot_be_are_refused(void **state)
{
    (void)state;

    assert_fault("{\"priority\":\"high\"}", "/checks/3/priority", "must be one of normal, low");
    assert_fault("{\"partial\":1}", "/checks/3/partial", "must be true or false");
    assert_fault("{\"limit_overrides\":[]}", "/checks/3/limit_overrides", "must be an object");
    assert_fault("{\"limit_overrides\":{\"a\":-1}}", "/checks/3/limit_overrides/a",
                 "must be an integer from 0 to 9007199254740991");
    assert_fault("{\"limit_overrides\":{\"a\":null}}", "/checks/3/limit_overrides/a",
                 "is required");
    assert_fault("{\"limit_overrides\":{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,"
                 "\"h\":1,\"i\":1}}",
                 "/checks/3/limit_overrides", "must have at most 8 limits");
}

static void a_name_that_no_limit_can_have_is_refused(void **state)
{
    (void)state;
    static const char detail[] =
        "must have another name: it must be 1 to 32 letters, digits and _ . : / -";

    assert_fault("{\"limit_overrides\":{\"\":1}}", "/checks/3/limit_overrides/", detail);
    assert_fault("{\"limit_overrides\":{\"a b\":1}}", "/checks/3/limit_overrides/a b", detail);
    assert_fault("{\"limit_overrides\":{\"abcdefghabcdefghabcdefghabcdefghi\":1}}",
                 "/checks/3/limit_overrides/abcdefghabcdefghabcdefghabcdefghi", detail);
    assert_int_equal(
        terms_of("{\"limit_overrides\":{\"abcdefghabcdefghabcdefghabcdefgh\":1}}").override_count,
        1);
}

static void an_override_changes_the_quota_and_nothing_else(void **state)
{
    (void)state;
    const struct terms terms = terms_of("{\"limit_overrides\":{\"org-tokens\":9000000}}");

    const struct rule *effective = terms_apply(&terms, &rule, "", &faults, &arena);

    assert_non_null(effective);
    assert_int_equal(limits[0].quota, 500);
    assert_int_equal(effective->limits[0].quota, 9000000);
    assert_int_equal(effective->limits[0].burst, 9000000);
    struct limit changed = effective->limits[0];
    changed.quota = changed.burst = 500;
    assert_memory_equal(&changed, &limits[0], sizeof(changed));
    assert_memory_equal(&effective->limits[1], &limits[1], 3 * sizeof(limits[0]));
    assert_int_equal(effective->use, RULE_CANDIDATE);
    assert_true(effective->is_plain);
    assert_int_equal(effective->limit_count, 4);
    assert_int_equal(effective->set_count, 2);
    assert_ptr_equal(effective->sets, sets);
    assert_int_equal(effective->common_set, -1);
}

static void a_bucket_has_the_quota_as_its_burst_only_if_the_policy_says_no_other(void **state)
{
    (void)state;
    const char *json = "{\"limit_overrides\":{\"bucket\":7,\"deep\":7}}";

    assert_int_equal(limit_under(json, 2)->quota, 7);
    assert_int_equal(limit_under(json, 2)->burst, 7);
    assert_int_equal(limit_under(json, 3)->quota, 7);
    assert_int_equal(limit_under(json, 3)->burst, 50);
}

static void an_override_of_0_lets_nothing_pass(void **state)
{
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(limits); i++) {
        char json[80];

        snprintf(json, sizeof(json), "{\"limit_overrides\":{\"%s\":0}}", limits[i].name);
        assert_int_equal(limit_capacity(limit_under(json, i)), 0);
    }
}

static void a_quota_is_held_to_what_its_algorithm_can_have(void **state)
{
    (void)state;

    assert_int_equal(
        limit_under("{\"limit_overrides\":{\"org-tokens\":9007199254740991}}", 0)->quota,
        INT64_C(9007199254740991));
    assert_int_equal(limit_under("{\"limit_overrides\":{\"log\":10000}}", 1)->quota, 10000);
    assert_cannot_apply("{\"limit_overrides\":{\"log\":10001}}", "/checks/3/limit_overrides/log",
                        "must be an integer from 0 to 10000");
    assert_cannot_apply("{\"limit_overrides\":{\"bucket\":1000000001}}",
                        "/checks/3/limit_overrides/bucket",
                        "must be an integer from 0 to 1000000000");
}

static void an_unknown_name_is_told_the_nearest_one_or_all(void **state)
{
    (void)state;

    assert_cannot_apply("{\"limit_overrides\":{\"org-token\":1,\"log\":2}}",
                        "/checks/3/limit_overrides/org-token",
                        "must be a limit of the policy; did you mean \"org-tokens\"?");
    assert_cannot_apply("{\"limit_overrides\":{\"a/b\":1}}", "/checks/3/limit_overrides/a~1b",
                        "must be a limit of the policy: \"org-tokens\", \"log\", \"bucket\", "
                        "\"deep\"");
}

static void every_override_that_does_not_fit_has_a_fault(void **state)
{
    (void)state;
    const struct terms terms =
        terms_of("{\"limit_overrides\":{\"log\":10001,\"nobody\":1,\"deep\":1}}");

    assert_null(terms_apply(&terms, &rule, "", &faults, &arena));
    assert_int_equal(faults.count, 2);
    assert_string_equal(faults.at[0].pointer, "/limit_overrides/log");
    assert_string_equal(faults.at[1].pointer, "/limit_overrides/nobody");
}

static void misfits_past_the_last_fault_are_counted(void **state)
{
    (void)state;
    const struct terms terms =
        terms_of("{\"limit_overrides\":{\"log\":10001,\"nobody\":1,\"nothing\":1}}");

    faults_begin(&faults, 1);
    assert_null(terms_apply(&terms, &rule, "", &faults, &arena));

    assert_int_equal(faults.count, 3);
    assert_int_equal(faults_kept(&faults), 1);
    assert_string_equal(faults.at[0].pointer, "/limit_overrides/log");
    assert_string_equal(faults.at[1].pointer, "");
}

static void a_charge_has_all_terms_but_that_a_part_is_enough(void **state)
{
    (void)state;
    struct terms terms;

    assert_true(read_with(terms_read_charge,
                          "{\"limit_overrides\":{\"log\":5},\"priority\":\"low\"}", &terms));
    assert_int_equal(faults.count, 0);
    assert_int_equal(terms.override_count, 1);
    assert_true(terms.is_low);
    assert_true(read_with(terms_read_charge, "{\"partial\":true}", &terms));
    assert_int_equal(faults.count, 1);
    assert_string_equal(faults.at[0].pointer, "/checks/3/partial");
    assert_false(terms.is_partial);
}

/* Eight names of 32 bytes are longer than a fault's detail. */
static void long_names_are_cut(void **state)
{
    (void)state;
    struct limit many[LIMITS_MAX] = {0};
    const struct rule wide = {.limit_count = LIMITS_MAX, .limits = many};
    const struct terms terms = terms_of("{\"limit_overrides\":{\"x\":1}}");

    for (size_t i = 0; i < LIMITS_MAX; i++)
        memset(many[i].name, 'a' + (int)i, LIMIT_NAME_BYTES_MAX);
    assert_null(terms_apply(&terms, &wide, "", &faults, &arena));

    assert_int_equal(strlen(faults.at[0].detail), sizeof(faults.at[0].detail) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_check_that_says_nothing_has_no_terms),
        cmocka_unit_test(each_term_is_read_by_itself),
        cmocka_unit_test(overrides_are_in_the_order_of_their_names),
        cmocka_unit_test(terms_that_cannot_be_are_refused),
        cmocka_unit_test(a_name_that_no_limit_can_have_is_refused),
        cmocka_unit_test(an_override_changes_the_quota_and_nothing_else),
        cmocka_unit_test(a_bucket_has_the_quota_as_its_burst_only_if_the_policy_says_no_other),
        cmocka_unit_test(an_override_of_0_lets_nothing_pass),
        cmocka_unit_test(a_quota_is_held_to_what_its_algorithm_can_have),
        cmocka_unit_test(an_unknown_name_is_told_the_nearest_one_or_all),
        cmocka_unit_test(every_override_that_does_not_fit_has_a_fault),
        cmocka_unit_test(misfits_past_the_last_fault_are_counted),
        cmocka_unit_test(a_charge_has_all_terms_but_that_a_part_is_enough),
        cmocka_unit_test(long_names_are_cut),
    };

    return cmocka_run_group_tests(tests, NULL, reading_end);
}
