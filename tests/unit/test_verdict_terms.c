/* SPDX-License-Identifier: MIT
 *
 * Verdicts on checks that have terms, and on charges. */
#include "limit/verdict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/duration.h"
#include "limit/subjects.h"

#define SECOND SECOND_US

static struct arena arena;
static struct limit limits[2];
static struct policy policy;
static struct terms terms;
static struct question question;
static struct verdict verdict;

/* Of 500 a check of low priority must leave 100. */
static int begin(void **state)
{
    (void)state;
    limits[0] = (struct limit){.name = "default",
                               .quota = 500,
                               .window_us = 60 * SECOND,
                               .burst = 500,
                               .headroom = {.amount = 20, .is_percent = true}};
    limits[1] =
        (struct limit){.name = "other", .quota = 1000, .window_us = 60 * SECOND, .burst = 1000};
    policy = (struct policy){
        .version = 3,
        .is_active = true,
        .identity.role = TEXT("gold"),
        .rule = {.is_plain = true, .limit_count = 1, .limits = limits},
    };
    terms = (struct terms){0};
    question =
        (struct question){.policy = &policy, .rule = &policy.rule, .terms = &terms, .cost = 300};
    return 0;
}

static const struct limit_outcome some_left = {
    .allowed = true, .remaining = 7, .reset_us = 60 * SECOND};
static const struct limit_outcome nothing_left = {.reset_us = 60 * SECOND, .retry_us = 60 * SECOND};
static const struct limit_outcome never = {.never = true, .remaining = 400, .reset_us = 0};

static struct outcome outcome_of(struct limit_outcome first, int64_t granted)
{
    return (struct outcome){.status = TAKE_DONE,
                            .allowed = first.allowed,
                            .count = 1,
                            .granted = granted,
                            .at = {first}};
}

static void decide_one(struct limit_outcome first, int64_t granted)
{
    const struct outcome outcome = outcome_of(first, granted);

    verdict_from_outcome(&question, &outcome, false, &verdict);
}

static void assert_body(const char *must)
{
    static const struct subjects subjects;
    struct buffer buffer;
    struct writer writer;

    buffer_init(&buffer, &arena, 64);
    writer_init(&writer, &buffer);
    writer_begin_object(&writer, NULL);
    verdict_write(&verdict, text_of("/a"), text_of("gold"), &subjects, &writer);
    writer_end_object(&writer);
    assert_string_equal(buffer_string(&buffer), must);
}

static void what_is_granted_is_told_if_a_part_is_enough(void **state)
{
    (void)state;
    terms.is_partial = true;

    decide_one(some_left, 120);

    assert_true(verdict.allowed);
    assert_int_equal(verdict.granted, 120);
    assert_body("{\"allowed\":true,\"granted\":120,\"limit\":500,\"remaining\":7,\"reset_in\":60,"
                "\"retry_after\":null,\"reason\":null,\"route_key\":\"/a\",\"role\":\"gold\","
                "\"algorithm\":\"fixed_window\",\"policy_version\":3,\"retry_after_ms\":null}");
}

static void without_partial_nothing_is_told_of_it(void **state)
{
    (void)state;

    decide_one(some_left, 120);

    assert_false(verdict.is_partial);
    assert_body("{\"allowed\":true,\"limit\":500,\"remaining\":7,\"reset_in\":60,"
                "\"retry_after\":null,\"reason\":null,\"route_key\":\"/a\",\"role\":\"gold\","
                "\"algorithm\":\"fixed_window\",\"policy_version\":3,\"retry_after_ms\":null}");
}

static void a_look_is_allowed_and_granted_nothing(void **state)
{
    (void)state;
    terms.is_partial = true;
    question.cost = 0;

    decide_one(some_left, 0);

    assert_true(verdict.allowed);
    assert_int_equal(verdict.granted, 0);
}

static void a_denial_grants_nothing_and_tells_the_wait(void **state)
{
    (void)state;
    terms.is_partial = true;

    decide_one(nothing_left, 0);

    assert_body("{\"allowed\":false,\"granted\":0,\"limit\":500,\"remaining\":0,\"reset_in\":60,"
                "\"retry_after\":60,\"reason\":\"Rate limit exceeded\",\"route_key\":\"/a\","
                "\"role\":\"gold\",\"algorithm\":\"fixed_window\",\"policy_version\":3,"
                "\"retry_after_ms\":60000}");
}

static void shadow_mode_grants_the_cost(void **state)
{
    (void)state;
    terms.is_partial = true;
    policy.mode = POLICY_SHADOW;

    decide_one(some_left, 120);
    assert_int_equal(verdict.granted, 300);
    assert_false(verdict.would_deny);
    assert_int_equal(verdict.outcome.granted, 120);

    decide_one(nothing_left, 0);
    assert_true(verdict.allowed);
    assert_int_equal(verdict.granted, 300);
    assert_true(verdict.would_deny);
}

static void a_candidate_grants_as_if_it_were_enforced(void **state)
{
    (void)state;
    struct outcome outcome = outcome_of(some_left, 120);
    terms.is_partial = true;
    policy.mode = POLICY_SHADOW;

    verdict_from_candidate(&question, &outcome, &verdict);
    assert_int_equal(verdict.granted, 120);

    outcome = outcome_of(nothing_left, 0);
    verdict_from_candidate(&question, &outcome, &verdict);
    assert_false(verdict.allowed);
    assert_int_equal(verdict.granted, 0);
}

static void without_counters_all_is_granted_or_nothing(void **state)
{
    (void)state;
    terms.is_partial = true;

    verdict_from_inactive(&question, &verdict);
    assert_true(verdict.is_partial);
    assert_int_equal(verdict.granted, 300);

    policy.on_store_error = ON_STORE_ERROR_ALLOW;
    verdict_from_failure(&question, TAKE_LATE, &verdict);
    assert_true(verdict.is_partial);
    assert_int_equal(verdict.granted, 300);

    policy.on_store_error = ON_STORE_ERROR_DENY;
    verdict_from_failure(&question, TAKE_LATE, &verdict);
    assert_true(verdict.is_partial);
    assert_int_equal(verdict.granted, 0);

    policy.mode = POLICY_SHADOW;
    verdict_from_failure(&question, TAKE_LATE, &verdict);
    assert_true(verdict.allowed);
    assert_int_equal(verdict.granted, 300);
}

static void a_low_check_is_told_that_its_priority_may_be_the_reason(void **state)
{
    (void)state;
    terms.is_low = true;

    decide_one(nothing_left, 0);
    assert_string_equal(verdict.reason, "Rate limit exceeded for low priority");
    assert_int_equal(verdict.limit, 500);
    assert_int_equal(verdict.retry_s, 60);

    decide_one(never, 0);
    assert_string_equal(verdict.reason, "Cost exceeds the limit for low priority");
    assert_false(verdict.can_retry);
    assert_int_equal(verdict.remaining, 400);

    policy.mode = POLICY_SHADOW;
    decide_one(nothing_left, 0);
    assert_string_equal(verdict.reason, "Rate limit exceeded for low priority (shadow)");
    decide_one(never, 0);
    assert_string_equal(verdict.reason, "Cost exceeds the limit for low priority (shadow)");
}

static void a_low_check_has_no_reason_of_its_own_where_the_limit_has_no_headroom(void **state)
{
    (void)state;
    const struct outcome outcome = {
        .status = TAKE_DONE, .count = 2, .at = {some_left, nothing_left}};
    terms.is_low = true;
    policy.rule.limit_count = 2;

    verdict_from_outcome(&question, &outcome, false, &verdict);

    assert_int_equal(verdict.tightest, 1);
    assert_string_equal(verdict.reason, "Rate limit exceeded");
}

static void a_check_of_normal_priority_has_the_ordinary_reasons(void **state)
{
    (void)state;

    decide_one(nothing_left, 0);
    assert_string_equal(verdict.reason, "Rate limit exceeded");

    decide_one(never, 0);
    assert_string_equal(verdict.reason, "Cost exceeds the limit");
}

static void an_overridden_limit_is_the_one_that_is_shown(void **state)
{
    (void)state;
    const struct limit_override override = {TEXT("default"), 9000};
    struct faults faults = {0};
    terms.override_count = 1;
    terms.overrides = &override;
    question.rule = terms_apply(&terms, &policy.rule, "", &faults, &arena);

    decide_one((struct limit_outcome){.allowed = true, .remaining = 8700, .reset_us = SECOND}, 0);

    assert_ptr_equal(verdict.rule, question.rule);
    assert_int_equal(verdict.limit, 9000);
    assert_body("{\"allowed\":true,\"limit\":9000,\"remaining\":8700,\"reset_in\":1,"
                "\"retry_after\":null,\"reason\":null,\"route_key\":\"/a\",\"role\":\"gold\","
                "\"algorithm\":\"fixed_window\",\"policy_version\":3,\"retry_after_ms\":null}");
}

static void a_charge_is_allowed_and_tells_the_state_after_it(void **state)
{
    (void)state;
    const struct limit_outcome overdrawn = {
        .allowed = true, .remaining = 0, .reset_us = 60 * SECOND};
    const struct outcome outcome = outcome_of(overdrawn, 0);

    verdict_from_charge(&question, &outcome, true, &verdict);

    assert_body("{\"allowed\":true,\"limit\":500,\"remaining\":0,\"reset_in\":60,"
                "\"retry_after\":null,\"reason\":null,\"route_key\":\"/a\",\"role\":\"gold\","
                "\"algorithm\":\"fixed_window\",\"policy_version\":3,\"retry_after_ms\":null,"
                "\"degraded\":true}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_is_granted_is_told_if_a_part_is_enough, begin),
        cmocka_unit_test_setup(without_partial_nothing_is_told_of_it, begin),
        cmocka_unit_test_setup(a_look_is_allowed_and_granted_nothing, begin),
        cmocka_unit_test_setup(a_denial_grants_nothing_and_tells_the_wait, begin),
        cmocka_unit_test_setup(shadow_mode_grants_the_cost, begin),
        cmocka_unit_test_setup(a_candidate_grants_as_if_it_were_enforced, begin),
        cmocka_unit_test_setup(without_counters_all_is_granted_or_nothing, begin),
        cmocka_unit_test_setup(a_low_check_is_told_that_its_priority_may_be_the_reason, begin),
        cmocka_unit_test_setup(a_low_check_has_no_reason_of_its_own_where_the_limit_has_no_headroom,
                               begin),
        cmocka_unit_test_setup(a_check_of_normal_priority_has_the_ordinary_reasons, begin),
        cmocka_unit_test_setup(an_overridden_limit_is_the_one_that_is_shown, begin),
        cmocka_unit_test_setup(a_charge_is_allowed_and_tells_the_state_after_it, begin),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    arena_close(&arena);
    return failed;
}
