/* SPDX-License-Identifier: MIT */
#include "store/breaker.h"

#include "support/cmocka.h"

#define NOW_US INT64_C(1000000)

static struct breaker opened_breaker(void)
{
    struct breaker breaker = {0};

    for (int i = 0; i < BREAKER_FAILURES; i++)
        breaker_failed(&breaker, NOW_US);
    return breaker;
}

static void stays_closed_below_the_number_of_failures(void **state)
{
    struct breaker breaker = {0};
    (void)state;

    for (int i = 0; i < BREAKER_FAILURES - 1; i++)
        breaker_failed(&breaker, NOW_US);

    assert_false(breaker_is_open(&breaker));
    assert_true(breaker_allows(&breaker, NOW_US));
    assert_true(breaker_allows(&breaker, NOW_US));
}

static void a_success_between_failures_starts_the_count_again(void **state)
{
    struct breaker breaker = {0};
    (void)state;

    for (int i = 0; i < 10 * BREAKER_FAILURES; i++) {
        if (i % (BREAKER_FAILURES - 1) == 0)
            breaker_succeeded(&breaker);
        breaker_failed(&breaker, NOW_US);
    }

    assert_false(breaker_is_open(&breaker));
}

static void opens_after_failures_in_a_row(void **state)
{
    struct breaker breaker = opened_breaker();
    (void)state;

    assert_true(breaker_is_open(&breaker));
    assert_false(breaker_allows(&breaker, NOW_US));
    assert_false(breaker_allows(&breaker, NOW_US + BREAKER_WAIT_MIN_US - 1));
}

static void lets_one_probe_through_after_the_wait(void **state)
{
    struct breaker breaker = opened_breaker();
    const int64_t later_us = NOW_US + BREAKER_WAIT_MAX_US;
    (void)state;

    const bool would_allow = breaker_would_allow(&breaker, later_us);
    const bool first = breaker_allows(&breaker, later_us);
    const bool would_allow_another = breaker_would_allow(&breaker, later_us);
    const bool second = breaker_allows(&breaker, later_us + BREAKER_WAIT_MAX_US);

    assert_true(would_allow);
    assert_true(first);
    assert_false(would_allow_another);
    assert_false(second);
}

static void a_probe_that_succeeds_closes_it(void **state)
{
    struct breaker breaker = opened_breaker();
    (void)state;
    assert_true(breaker_allows(&breaker, NOW_US + BREAKER_WAIT_MAX_US));

    breaker_succeeded(&breaker);

    assert_false(breaker_is_open(&breaker));
    assert_true(breaker_allows(&breaker, NOW_US));
    assert_true(breaker_allows(&breaker, NOW_US));
}

static void a_probe_that_fails_leads_to_another_wait_and_probe(void **state)
{
    struct breaker breaker = opened_breaker();
    const int64_t probe_us = NOW_US + BREAKER_WAIT_MAX_US;
    (void)state;
    assert_true(breaker_allows(&breaker, probe_us));

    breaker_failed(&breaker, probe_us);

    assert_true(breaker_is_open(&breaker));
    assert_false(breaker_allows(&breaker, probe_us + BREAKER_WAIT_MIN_US - 1));
    assert_true(breaker_allows(&breaker, probe_us + BREAKER_WAIT_MAX_US));
}

static void waits_are_jittered_within_their_bounds(void **state)
{
    int64_t shortest_us = INT64_MAX;
    int64_t longest_us = 0;
    (void)state;

    for (int i = 0; i < 1000; i++) {
        const int64_t wait_us = opened_breaker().probe_at_us - NOW_US;
        shortest_us = wait_us < shortest_us ? wait_us : shortest_us;
        longest_us = wait_us > longest_us ? wait_us : longest_us;
    }

    assert_in_range(shortest_us, BREAKER_WAIT_MIN_US, 2 * BREAKER_WAIT_MIN_US);
    assert_in_range(longest_us, BREAKER_WAIT_MAX_US - BREAKER_WAIT_MIN_US, BREAKER_WAIT_MAX_US);
}

static void failures_without_end_do_not_overflow(void **state)
{
    struct breaker breaker = opened_breaker();
    (void)state;

    for (int i = 0; i < 1000; i++)
        breaker_failed(&breaker, NOW_US);

    assert_int_equal(breaker.failures_in_row, BREAKER_FAILURES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stays_closed_below_the_number_of_failures),
        cmocka_unit_test(a_success_between_failures_starts_the_count_again),
        cmocka_unit_test(opens_after_failures_in_a_row),
        cmocka_unit_test(lets_one_probe_through_after_the_wait),
        cmocka_unit_test(a_probe_that_succeeds_closes_it),
        cmocka_unit_test(a_probe_that_fails_leads_to_another_wait_and_probe),
        cmocka_unit_test(waits_are_jittered_within_their_bounds),
        cmocka_unit_test(failures_without_end_do_not_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
