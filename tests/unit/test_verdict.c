/* SPDX-License-Identifier: MIT */
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
/* As subjects_read() sorts them. */
static const struct subject known[] = {
    {{"ip", 2}, {"192.0.2.1", 9}}, {{"org", 3}, {"acme", 4}}, {{"user", 4}, {"ada", 3}}};
static struct subjects subjects;

static struct limit limits[3];
static struct policy policy;
static struct terms terms;
static struct question question;
static struct verdict verdict;

static struct limit limit_of(const char *name, enum algorithm_id algorithm, int64_t quota)
{
    struct limit limit = {
        .algorithm = algorithm, .quota = quota, .window_us = 60 * SECOND, .burst = quota};

    snprintf(limit.name, sizeof(limit.name), "%s", name);
    return limit;
}

static struct limit_outcome allowed(int64_t remaining, int64_t reset_us)
{
    return (struct limit_outcome){.allowed = true, .remaining = remaining, .reset_us = reset_us};
}

static struct limit_outcome denied(int64_t remaining, int64_t reset_us, int64_t retry_us)
{
    return (struct limit_outcome){
        .remaining = remaining, .reset_us = reset_us, .retry_us = retry_us};
}

static const struct limit_outcome never = {.never = true, .remaining = 10};

/* The policy has one limit of 10 per minute, or three limits. */
static int begin(void **state)
{
    (void)state;
    subjects = (struct subjects){.count = ARRAY_COUNT(known), .at = known};
    limits[0] = limit_of("default", ALGORITHM_FIXED_WINDOW, 10);
    limits[1] = limit_of("b", ALGORITHM_TOKEN_BUCKET, 100);
    limits[2] = limit_of("c", ALGORITHM_FIXED_WINDOW, 1000);
    policy = (struct policy){
        .version = 3,
        .is_active = true,
        .identity.role = TEXT("gold"),
        .rule = {.is_plain = true, .limit_count = 1, .limits = limits},
    };
    terms = (struct terms){0};
    question = (struct question){.policy = &policy, .rule = &policy.rule, .terms = &terms};
    return 0;
}

static void decide_one(struct limit_outcome one)
{
    struct outcome outcome = {.status = TAKE_DONE, .allowed = one.allowed, .count = 1, .at = {one}};

    policy.rule.limit_count = 1;
    verdict_from_outcome(&question, &outcome, false, &verdict);
}

static void decide_three(struct limit_outcome a, struct limit_outcome b, struct limit_outcome c)
{
    struct outcome outcome = {.status = TAKE_DONE,
                              .allowed = a.allowed && b.allowed && c.allowed,
                              .count = 3,
                              .at = {a, b, c}};

    policy.rule.limit_count = 3;
    verdict_from_outcome(&question, &outcome, false, &verdict);
}

static const char *body(void)
{
    struct buffer buffer;
    struct writer writer;

    buffer_init(&buffer, &arena, 64);
    writer_init(&writer, &buffer);
    writer_begin_object(&writer, NULL);
    verdict_write(&verdict, text_of("/a"), text_of("gold"), &subjects, &writer);
    writer_end_object(&writer);
    return buffer_string(&buffer);
}

static void assert_body(const char *must)
{
    assert_string_equal(body(), must);
}

static void an_allowed_check_has_no_reason(void **state)
{
    (void)state;

    decide_one(allowed(9, 60 * SECOND));

    assert_true(verdict.allowed);
    assert_false(verdict.can_retry);
    assert_body("{\"allowed\":true,\"limit\":10,\"remaining\":9,\"reset_in\":60,"
                "\"retry_after\":null,\"reason\":null,\"route_key\":\"/a\",\"role\":\"gold\","
                "\"algorithm\":\"fixed_window\",\"policy_version\":3,\"retry_after_ms\":null}");
}

static void a_role_that_is_not_the_policy_s_is_told_which_one_is(void **state)
{
    (void)state;
    policy.identity.role = TEXT(POLICY_ROLE_DEFAULT);

    decide_one(allowed(9, 60 * SECOND));

    assert_body("{\"allowed\":true,\"limit\":10,\"remaining\":9,\"reset_in\":60,"
                "\"retry_after\":null,\"reason\":null,\"route_key\":\"/a\",\"role\":\"gold\","
                "\"role_matched\":\"default\",\"algorithm\":\"fixed_window\","
                "\"policy_version\":3,\"retry_after_ms\":null}");
}

static void a_denied_check_says_when_to_come_back(void **state)
{
    (void)state;

    decide_one(denied(0, 59 * SECOND + 1, 59 * SECOND + 1));

    assert_false(verdict.allowed);
    assert_body("{\"allowed\":false,\"limit\":10,\"remaining\":0,\"reset_in\":60,"
                "\"retry_after\":60,\"reason\":\"Rate limit exceeded\",\"route_key\":\"/a\","
                "\"role\":\"gold\",\"algorithm\":\"fixed_window\",\"policy_version\":3,"
                "\"retry_after_ms\":59001}");
}

static void times_are_rounded_up(void **state)
{
    (void)state;
    const struct {
        int64_t us, ms, s;
    } cases[] = {{1, 1, 1},
                 {1000, 1, 1},
                 {1001, 2, 1},
                 {SECOND, 1000, 1},
                 {SECOND + 1, 1001, 2},
                 {INT64_C(9007199254740991), INT64_C(9007199254741), INT64_C(9007199255)}};

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        decide_one(denied(0, cases[i].us, cases[i].us));

        assert_int_equal(verdict.retry_ms, cases[i].ms);
        assert_int_equal(verdict.retry_s, cases[i].s);
        assert_int_equal(verdict.reset_s, cases[i].s);
    }
    assert_int_equal(verdict_seconds(0), 0);
}

static void a_cost_that_never_passes_has_no_retry(void **state)
{
    (void)state;

    decide_one(never);

    assert_false(verdict.allowed);
    assert_false(verdict.can_retry);
    assert_string_equal(verdict.reason, "Cost exceeds the limit");
}

static void shadow_mode_lets_pass_and_says_what_it_would_have_done(void **state)
{
    (void)state;
    policy.mode = POLICY_SHADOW;

    decide_one(denied(0, SECOND, SECOND));

    assert_true(verdict.would_deny);
    assert_body("{\"allowed\":true,\"limit\":10,\"remaining\":0,\"reset_in\":1,"
                "\"retry_after\":null,\"reason\":\"Rate limit exceeded (shadow)\","
                "\"route_key\":\"/a\",\"role\":\"gold\",\"algorithm\":\"fixed_window\","
                "\"policy_version\":3,\"retry_after_ms\":null,\"shadow\":true}");

    decide_one(never);
    assert_true(verdict.allowed);
    assert_string_equal(verdict.reason, "Cost exceeds the limit (shadow)");

    decide_one(allowed(9, SECOND));
    assert_false(verdict.would_deny);
    assert_null(verdict.reason);
}

static void the_local_fallback_is_told(void **state)
{
    (void)state;
    struct outcome outcome = {
        .status = TAKE_DONE, .allowed = true, .count = 1, .at = {allowed(9, SECOND)}};

    verdict_from_outcome(&question, &outcome, true, &verdict);

    assert_true(verdict.degraded);
    assert_body("{\"allowed\":true,\"limit\":10,\"remaining\":9,\"reset_in\":1,"
                "\"retry_after\":null,\"reason\":null,\"route_key\":\"/a\",\"role\":\"gold\","
                "\"algorithm\":\"fixed_window\",\"policy_version\":3,\"retry_after_ms\":null,"
                "\"degraded\":true}");
}

static void the_tightest_of_several_limits_is_on_top(void **state)
{
    (void)state;

    decide_three(allowed(5, SECOND), allowed(40, 2 * SECOND), allowed(999, 3 * SECOND));
    assert_int_equal(verdict.tightest, 1);

    decide_three(denied(0, SECOND, SECOND), allowed(0, 9 * SECOND),
                 denied(0, 2 * SECOND, 2 * SECOND));
    assert_int_equal(verdict.tightest, 2);
    assert_int_equal(verdict.retry_s, 2);

    decide_three(denied(0, SECOND, SECOND), never, denied(0, 2 * SECOND, 2 * SECOND));
    assert_int_equal(verdict.tightest, 1);
    assert_false(verdict.can_retry);

    limits[1].quota = limits[1].burst = 0;
    decide_three(allowed(0, SECOND), allowed(0, 0), allowed(0, SECOND));
    assert_int_equal(verdict.tightest, 1);
    assert_int_equal(verdict.limit, 0);
}

static void shares_of_the_largest_limits_are_compared_exactly(void **state)
{
    (void)state;
    limits[0].quota = limits[0].burst = LIMIT_COST_MAX;
    limits[2].quota = limits[2].burst = LIMIT_COST_MAX - 1;

    decide_three(allowed(LIMIT_COST_MAX - 2, SECOND), allowed(100, 0),
                 allowed(LIMIT_COST_MAX - 2, SECOND));
    assert_int_equal(verdict.tightest, 0);

    decide_three(allowed(LIMIT_COST_MAX, SECOND), allowed(100, 0),
                 allowed(LIMIT_COST_MAX - 2, SECOND));
    assert_int_equal(verdict.tightest, 2);
}

static void several_limits_are_listed(void **state)
{
    (void)state;

    decide_three(allowed(5, SECOND), denied(1, 2 * SECOND, SECOND + 1), never);

    assert_body("{\"allowed\":false,\"limit\":1000,\"remaining\":10,\"reset_in\":0,"
                "\"retry_after\":null,\"reason\":\"Cost exceeds the limit\",\"route_key\":\"/a\","
                "\"role\":\"gold\",\"algorithm\":\"fixed_window\",\"policy_version\":3,"
                "\"retry_after_ms\":null,\"limits\":["
                "{\"name\":\"default\",\"allowed\":true,\"limit\":10,\"remaining\":5,"
                "\"reset_in\":1,\"retry_after\":null,\"algorithm\":\"fixed_window\"},"
                "{\"name\":\"b\",\"allowed\":false,\"limit\":100,\"remaining\":1,"
                "\"reset_in\":2,\"retry_after\":2,\"algorithm\":\"token_bucket\"},"
                "{\"name\":\"c\",\"allowed\":false,\"limit\":1000,\"remaining\":10,"
                "\"reset_in\":0,\"retry_after\":null,\"algorithm\":\"fixed_window\"}]}");
}

/* Three limits by three sets of subjects. */
static void count_by_sets(void)
{
    static const struct by org_and_user = {.count = 2, .names = {{"org", 3}, {"user", 4}}};
    static const struct by nobody = {.count = 0};
    static const struct by *const sets[] = {&org_and_user, NULL, &nobody};

    policy.rule.is_plain = false;
    policy.rule.sets = sets;
    policy.rule.set_count = ARRAY_COUNT(sets);
    for (size_t i = 0; i < ARRAY_COUNT(limits); i++)
        limits[i].set = (uint8_t)i;
    limits[2].counts = "tokens";
}

static void by_whom_and_what_each_limit_counts_is_told(void **state)
{
    (void)state;
    count_by_sets();

    decide_three(allowed(5, SECOND), allowed(90, 2 * SECOND), allowed(999, SECOND));

    assert_body("{\"allowed\":true,\"limit\":10,\"remaining\":5,\"reset_in\":1,"
                "\"retry_after\":null,\"reason\":null,\"route_key\":\"/a\","
                "\"role\":\"gold\",\"algorithm\":\"fixed_window\",\"policy_version\":3,"
                "\"retry_after_ms\":null,\"limits\":["
                "{\"name\":\"default\",\"by\":{\"org\":\"acme\",\"user\":\"ada\"},"
                "\"counts\":\"requests\",\"allowed\":true,\"limit\":10,\"remaining\":5,"
                "\"reset_in\":1,\"retry_after\":null,\"algorithm\":\"fixed_window\"},"
                "{\"name\":\"b\",\"by\":{\"user\":\"ada\"},"
                "\"counts\":\"requests\",\"allowed\":true,\"limit\":100,\"remaining\":90,"
                "\"reset_in\":2,\"retry_after\":null,\"algorithm\":\"token_bucket\"},"
                "{\"name\":\"c\",\"by\":{},"
                "\"counts\":\"tokens\",\"allowed\":true,\"limit\":1000,\"remaining\":999,"
                "\"reset_in\":1,\"retry_after\":null,\"algorithm\":\"fixed_window\"}]}");
}

static void without_a_user_a_limit_that_does_not_say_counts_by_ip(void **state)
{
    (void)state;
    count_by_sets();
    limits[0].set = 1;
    subjects.count = 1;

    decide_one(allowed(9, SECOND));

    assert_body("{\"allowed\":true,\"limit\":10,\"remaining\":9,\"reset_in\":1,"
                "\"retry_after\":null,\"reason\":null,\"route_key\":\"/a\","
                "\"role\":\"gold\",\"algorithm\":\"fixed_window\",\"policy_version\":3,"
                "\"retry_after_ms\":null,\"limits\":["
                "{\"name\":\"default\",\"by\":{\"ip\":\"192.0.2.1\"},"
                "\"counts\":\"requests\",\"allowed\":true,\"limit\":10,\"remaining\":9,"
                "\"reset_in\":1,\"retry_after\":null,\"algorithm\":\"fixed_window\"}]}");
}

static void a_denial_names_the_limits_that_deny(void **state)
{
    (void)state;
    count_by_sets();

    decide_three(denied(0, SECOND, SECOND), allowed(90, 2 * SECOND), never);
    assert_non_null(strstr(body(), "}],\"denied_by\":[\"default\",\"c\"]}"));

    policy.mode = POLICY_SHADOW;
    decide_three(allowed(1, SECOND), denied(0, SECOND, SECOND), allowed(1, SECOND));
    assert_true(verdict.allowed);
    assert_non_null(strstr(body(), "}],\"denied_by\":[\"b\"],\"shadow\":true}"));
}

static void what_was_not_decided_needs_no_subjects(void **state)
{
    (void)state;
    count_by_sets();
    subjects.count = 0;

    verdict_from_inactive(&question, &verdict);

    assert_null(strstr(body(), "limits"));
    assert_null(strstr(body(), "denied_by"));
}

static void the_longest_delay_of_a_queue_is_told(void **state)
{
    (void)state;
    struct limit_outcome queued = allowed(5, SECOND);
    queued.delay_us = 1500001;

    decide_three(allowed(5, SECOND), queued, allowed(5, SECOND));

    assert_int_equal(verdict.delay_ms, 1501);
}

static void after_a_wait_all_times_are_what_is_left_of_them(void **state)
{
    (void)state;
    struct limit_outcome queued = allowed(5, 3 * SECOND);
    queued.delay_us = 1500001;
    decide_three(allowed(5, SECOND), queued, allowed(1000, 0));

    verdict_wait(&verdict, SECOND);
    assert_int_equal(verdict.delay_ms, 501);
    assert_int_equal(verdict.tightest, 1);
    assert_int_equal(verdict.reset_s, 2);
    assert_int_equal(verdict.outcome.at[0].reset_us, 0);

    verdict_wait(&verdict, SECOND);
    assert_int_equal(verdict.delay_ms, 0);
    assert_int_equal(verdict.reset_s, 1);
}

static void a_store_failure_allows_or_denies_as_the_policy_says(void **state)
{
    (void)state;
    policy.on_store_error = ON_STORE_ERROR_ALLOW;

    verdict_from_failure(&question, TAKE_LATE, &verdict);
    assert_body("{\"allowed\":true,\"limit\":null,\"remaining\":null,\"reset_in\":null,"
                "\"retry_after\":null,\"reason\":\"Rate limit store unavailable\","
                "\"route_key\":\"/a\",\"role\":\"gold\",\"algorithm\":\"fixed_window\","
                "\"policy_version\":3,\"retry_after_ms\":null,\"degraded\":true}");

    policy.on_store_error = ON_STORE_ERROR_DENY;
    verdict_from_failure(&question, TAKE_DOWN, &verdict);
    assert_int_equal(verdict.outcome.status, TAKE_DOWN);
    assert_body("{\"allowed\":false,\"limit\":null,\"remaining\":null,\"reset_in\":null,"
                "\"retry_after\":1,\"reason\":\"Rate limit store unavailable\","
                "\"route_key\":\"/a\",\"role\":\"gold\",\"algorithm\":\"fixed_window\","
                "\"policy_version\":3,\"retry_after_ms\":1000,\"degraded\":true}");
}

static void a_store_failure_never_denies_in_shadow_mode(void **state)
{
    (void)state;
    policy.on_store_error = ON_STORE_ERROR_DENY;
    policy.mode = POLICY_SHADOW;

    verdict_from_failure(&question, TAKE_BROKEN, &verdict);

    assert_true(verdict.allowed);
    assert_true(verdict.would_deny);
    assert_false(verdict.can_retry);
    assert_string_equal(verdict.reason, "Rate limit store unavailable (shadow)");
}

static void an_inactive_policy_always_allows(void **state)
{
    (void)state;
    policy.is_active = false;

    verdict_from_inactive(&question, &verdict);

    assert_body("{\"allowed\":true,\"limit\":null,\"remaining\":null,\"reset_in\":null,"
                "\"retry_after\":null,\"reason\":\"Rate limiting disabled for this policy\","
                "\"route_key\":\"/a\",\"role\":\"gold\",\"algorithm\":\"fixed_window\","
                "\"policy_version\":3,\"retry_after_ms\":null}");
}

static int end(void **state)
{
    (void)state;
    arena_close(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_allowed_check_has_no_reason, begin),
        cmocka_unit_test_setup(a_role_that_is_not_the_policy_s_is_told_which_one_is, begin),
        cmocka_unit_test_setup(a_denied_check_says_when_to_come_back, begin),
        cmocka_unit_test_setup(times_are_rounded_up, begin),
        cmocka_unit_test_setup(a_cost_that_never_passes_has_no_retry, begin),
        cmocka_unit_test_setup(shadow_mode_lets_pass_and_says_what_it_would_have_done, begin),
        cmocka_unit_test_setup(the_local_fallback_is_told, begin),
        cmocka_unit_test_setup(the_tightest_of_several_limits_is_on_top, begin),
        cmocka_unit_test_setup(shares_of_the_largest_limits_are_compared_exactly, begin),
        cmocka_unit_test_setup(several_limits_are_listed, begin),
        cmocka_unit_test_setup(by_whom_and_what_each_limit_counts_is_told, begin),
        cmocka_unit_test_setup(without_a_user_a_limit_that_does_not_say_counts_by_ip, begin),
        cmocka_unit_test_setup(a_denial_names_the_limits_that_deny, begin),
        cmocka_unit_test_setup(what_was_not_decided_needs_no_subjects, begin),
        cmocka_unit_test_setup(the_longest_delay_of_a_queue_is_told, begin),
        cmocka_unit_test_setup(after_a_wait_all_times_are_what_is_left_of_them, begin),
        cmocka_unit_test_setup(a_store_failure_allows_or_denies_as_the_policy_says, begin),
        cmocka_unit_test_setup(a_store_failure_never_denies_in_shadow_mode, begin),
        cmocka_unit_test_setup(an_inactive_policy_always_allows, begin),
    };

    return cmocka_run_group_tests(tests, NULL, end);
}
