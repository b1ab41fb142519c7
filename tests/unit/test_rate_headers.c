/* SPDX-License-Identifier: MIT */
#include "limit/rate_headers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/duration.h"
#include "limit/period.h"

#define SECOND SECOND_US
#define WALL   INT64_C(1763735373123457)

static struct arena arena;

static struct policy policy = {
    .rule.limit_count = 1,
    .rule.limits =
        (const struct limit[]){
            {.name = "default", .quota = 10, .window_us = 60 * SECOND, .burst = 10},
            {.name = "day",
             .algorithm = ALGORITHM_TOKEN_BUCKET,
             .quota = 1000,
             .window_us = 86400 * SECOND,
             .burst = 1500},
        },
};

static const struct terms no_terms;
static const struct question question = {
    .policy = &policy, .rule = &policy.rule, .terms = &no_terms};

static struct verdict verdict_on(size_t count, struct limit_outcome first,
                                 struct limit_outcome second)
{
    struct outcome outcome = {.status = TAKE_DONE,
                              .allowed = first.allowed && (count == 1 || second.allowed),
                              .count = count,
                              .at = {first, second}};
    struct verdict verdict;

    policy.rule.limit_count = count;
    policy.rate_limit_policy = rate_headers_policy(&policy.rule, &arena);
    verdict_from_outcome(&question, &outcome, false, &verdict);
    return verdict;
}

/* `must` has one "Name: value" line per header. */
static void assert_headers(const struct verdict *verdict, enum rate_headers_style style,
                           const char *must)
{
    struct rate_header headers[RATE_HEADERS_MAX];
    char is[1024] = "";
    size_t length = 0;

    size_t count = rate_headers_write(verdict, style, WALL, &arena, headers);
    assert_in_range(count, 0, RATE_HEADERS_MAX);
    for (size_t i = 0; i < count; i++)
        length += (size_t)snprintf(is + length, sizeof(is) - length, "%s: %s\n", headers[i].name,
                                   headers[i].value);
    assert_string_equal(is, must);
}

static void an_allowed_check_shows_the_limit(void **state)
{
    (void)state;
    struct verdict verdict = verdict_on(
        1, (struct limit_outcome){.allowed = true, .remaining = 9, .reset_us = 59 * SECOND + 1},
        (struct limit_outcome){0});

    assert_headers(&verdict, RATE_HEADERS_DELTA,
                   "RateLimit-Policy: \"default\";q=10;w=60\n"
                   "RateLimit: \"default\";r=9;t=60\n"
                   "X-RateLimit-Limit: 10\n"
                   "X-RateLimit-Remaining: 9\n"
                   "X-RateLimit-Reset: 60\n");
}

static void a_limit_overridden_for_the_check_is_the_one_that_is_shown(void **state)
{
    (void)state;
    const struct limit_override override = {TEXT("default"), 25};
    const struct terms terms = {.override_count = 1, .overrides = &override};
    const struct outcome outcome = {.status = TAKE_DONE,
                                    .allowed = true,
                                    .count = 2,
                                    .at = {{.allowed = true, .remaining = 9, .reset_us = SECOND},
                                           {.allowed = true, .remaining = 1000}}};
    struct faults faults = {0};
    struct verdict verdict;

    policy.rule.limit_count = 2;
    policy.rate_limit_policy = rate_headers_policy(&policy.rule, &arena);
    const struct question asked = {
        .policy = &policy,
        .rule = terms_apply(&terms, &policy.rule, "", &faults, &arena),
        .terms = &terms,
    };
    verdict_from_outcome(&asked, &outcome, false, &verdict);

    assert_headers(&verdict, RATE_HEADERS_DELTA,
                   "RateLimit-Policy: \"default\";q=25;w=60, "
                   "\"day\";q=1000;w=86400;sluice-burst=1500\n"
                   "RateLimit: \"default\";r=9;t=1, \"day\";r=1000;t=0\n"
                   "X-RateLimit-Limit: 25\n"
                   "X-RateLimit-Remaining: 9\n"
                   "X-RateLimit-Reset: 1\n");
}

static void a_limit_by_periods_has_their_unit_and_no_window(void **state)
{
    (void)state;
    static struct period month = {.unit = PERIOD_MONTH};
    static const struct limit limits[] = {
        {.name = "bill",
         .quota = 9,
         .window_us = 33 * DAY_S * SECOND,
         .burst = 9,
         .counts = "tokens",
         .period = &month},
        {.name = "minute", .quota = 10, .window_us = 60 * SECOND, .burst = 10},
    };
    const struct rule rule = {.limit_count = 2, .limits = limits};

    const struct text field = rate_headers_policy(&rule, &arena);

    assert_true(text_equal(field, TEXT("\"bill\";q=9;qu=\"tokens\";sluice-period=\"month\", "
                                       "\"minute\";q=10;w=60")));
}

static void a_denial_adds_retry_after_rounded_up(void **state)
{
    (void)state;
    struct verdict verdict = verdict_on(
        1, (struct limit_outcome){.reset_us = 2 * SECOND + 1, .retry_us = 2 * SECOND + 1},
        (struct limit_outcome){0});

    assert_headers(&verdict, RATE_HEADERS_DELTA,
                   "RateLimit-Policy: \"default\";q=10;w=60\n"
                   "RateLimit: \"default\";r=0;t=3\n"
                   "X-RateLimit-Limit: 10\n"
                   "X-RateLimit-Remaining: 0\n"
                   "X-RateLimit-Reset: 3\n"
                   "Retry-After: 3\n");
}

static void every_limit_is_in_the_list_and_the_tightest_in_the_x_fields(void **state)
{
    (void)state;
    struct verdict verdict = verdict_on(
        2, (struct limit_outcome){.allowed = true, .remaining = 9, .reset_us = 60 * SECOND},
        (struct limit_outcome){.allowed = true, .remaining = 700, .reset_us = 69120 * SECOND});

    assert_headers(&verdict, RATE_HEADERS_DELTA,
                   "RateLimit-Policy: \"default\";q=10;w=60, "
                   "\"day\";q=1000;w=86400;sluice-burst=1500\n"
                   "RateLimit: \"default\";r=9;t=60, \"day\";r=700;t=69120\n"
                   "X-RateLimit-Limit: 1500\n"
                   "X-RateLimit-Remaining: 700\n"
                   "X-RateLimit-Reset: 69120\n");
}

static void the_window_of_a_denying_bucket_ends_with_retry_after(void **state)
{
    (void)state;
    struct verdict verdict = verdict_on(
        2, (struct limit_outcome){.allowed = true, .remaining = 9, .reset_us = 60 * SECOND},
        (struct limit_outcome){.reset_us = 129600 * SECOND, .retry_us = 86400000});

    assert_headers(&verdict, RATE_HEADERS_OFF,
                   "RateLimit-Policy: \"default\";q=10;w=60, "
                   "\"day\";q=1000;w=86400;sluice-burst=1500\n"
                   "RateLimit: \"default\";r=9;t=60, \"day\";r=0;t=87\n"
                   "Retry-After: 87\n");
}

static void the_epoch_style_rounds_the_moment_up(void **state)
{
    (void)state;
    struct verdict verdict =
        verdict_on(1, (struct limit_outcome){.allowed = true, .remaining = 9, .reset_us = SECOND},
                   (struct limit_outcome){0});

    assert_headers(&verdict, RATE_HEADERS_EPOCH,
                   "RateLimit-Policy: \"default\";q=10;w=60\n"
                   "RateLimit: \"default\";r=9;t=1\n"
                   "X-RateLimit-Limit: 10\n"
                   "X-RateLimit-Remaining: 9\n"
                   "X-RateLimit-Reset: 1763735375\n");
}

static void a_cost_that_never_passes_has_no_retry_after(void **state)
{
    (void)state;
    struct verdict verdict = verdict_on(1, (struct limit_outcome){.never = true, .remaining = 10},
                                        (struct limit_outcome){0});

    assert_headers(&verdict, RATE_HEADERS_OFF,
                   "RateLimit-Policy: \"default\";q=10;w=60\n"
                   "RateLimit: \"default\";r=10;t=0\n");
}

static void without_counters_there_is_at_most_retry_after(void **state)
{
    (void)state;
    struct verdict verdict;

    verdict_from_inactive(&question, &verdict);
    assert_headers(&verdict, RATE_HEADERS_DELTA, "");

    policy.on_store_error = ON_STORE_ERROR_DENY;
    verdict_from_failure(&question, TAKE_DOWN, &verdict);
    assert_headers(&verdict, RATE_HEADERS_DELTA, "Retry-After: 1\n");
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
        cmocka_unit_test(an_allowed_check_shows_the_limit),
        cmocka_unit_test(a_limit_overridden_for_the_check_is_the_one_that_is_shown),
        cmocka_unit_test(a_limit_by_periods_has_their_unit_and_no_window),
        cmocka_unit_test(a_denial_adds_retry_after_rounded_up),
        cmocka_unit_test(every_limit_is_in_the_list_and_the_tightest_in_the_x_fields),
        cmocka_unit_test(the_window_of_a_denying_bucket_ends_with_retry_after),
        cmocka_unit_test(the_epoch_style_rounds_the_moment_up),
        cmocka_unit_test(a_cost_that_never_passes_has_no_retry_after),
        cmocka_unit_test(without_counters_there_is_at_most_retry_after),
    };

    return cmocka_run_group_tests(tests, NULL, end);
}
