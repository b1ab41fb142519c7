/* SPDX-License-Identifier: MIT
 *
 * Invariant G5: what an answer says of the future comes true, for every algorithm. The engines are
 * the memory engine and the script, and the clock is an argument.
 *
 * SLUICE_TEST_SEED replays a run. */
#include "counted.h"

#include "support/random.h"

#define HISTORIES      20 /* per algorithm */
#define HISTORY_CHECKS 40
#define DENIALS        1000

/* Waits as callers are told to, in whole milliseconds, rounded up. Returns how many denials were
 * cured by waiting. */
static int waits_try(struct counted *counted)
{
    const struct limit_outcome *outcome = &counted->outcome.at[0];
    int64_t now_us = COUNTED_WALL_US;
    int denials = 0;

    for (int i = 0; i < HISTORY_CHECKS; i++) {
        int64_t cost = counted_random_cost(counted);

        now_us += counted_random_step(counted);
        if (counted_take(counted, now_us, cost) || outcome->retry_us < 3000)
            continue;
        int64_t retry_us = (outcome->retry_us + 999) / 1000 * 1000;
        assert_false(counted_take(counted, now_us + retry_us - 2000, cost));
        assert_true(counted_take(counted, now_us + retry_us, cost));
        now_us += retry_us;
        denials++;
    }
    return denials;
}

static void g5_the_wait_told_is_enough_and_two_milliseconds_less_is_not(void **state)
{
    random_begin(random_seed());
    for (enum algorithm_id algorithm = 0; algorithm < ALGORITHM_COUNT; algorithm++) {
        int denials = 0;

        while (denials < DENIALS) {
            struct counted counted = counted_of(*state, counted_random_limit(algorithm));

            denials += waits_try(&counted);
        }
    }
}

static void g5_what_remains_can_be_taken_and_no_more(void **state)
{
    random_begin(random_seed());
    for (int history = 0; history < HISTORIES * ALGORITHM_COUNT; history++) {
        struct limit limit = counted_random_limit((enum algorithm_id)(history % ALGORITHM_COUNT));
        struct counted counted = counted_of(*state, limit);
        int64_t now_us = COUNTED_WALL_US;

        for (int i = 0; i < HISTORY_CHECKS; i++) {
            now_us += counted_random_step(&counted);
            (void)counted_take(&counted, now_us, counted_random_cost(&counted));
            int64_t remaining = counted.outcome.at[0].remaining;

            assert_in_range(remaining, 0, limit_capacity(&limit));
            assert_false(counted_take(&counted, now_us, remaining + 1));
            assert_int_equal(counted.outcome.at[0].remaining, remaining);
            if (random_one_in(3)) {
                assert_true(counted_take(&counted, now_us, remaining));
                assert_int_equal(counted.outcome.at[0].remaining, 0);
            }
        }
    }
}

static void g5_the_reset_told_is_when_all_is_there_again(void **state)
{
    random_begin(random_seed());
    for (int history = 0; history < HISTORIES * ALGORITHM_COUNT; history++) {
        struct limit limit = counted_random_limit((enum algorithm_id)(history % ALGORITHM_COUNT));
        struct counted counted = counted_of(*state, limit);
        const struct limit_outcome *outcome = &counted.outcome.at[0];
        int64_t now_us = COUNTED_WALL_US;

        for (int i = 0; i < HISTORY_CHECKS / 2; i++) {
            for (int64_t checks = random_below(4); checks > 0; checks--)
                (void)counted_take(&counted, now_us += counted_random_step(&counted),
                                   counted_random_cost(&counted));
            assert_true(counted_take(&counted, now_us, counted_random_cost(&counted)) ||
                        outcome->reset_us > 0);
            now_us += outcome->reset_us;

            assert_true(counted_take(&counted, now_us - 1, 0));
            assert_int_equal(outcome->reset_us, 1);
            assert_true(counted_take(&counted, now_us, 0));
            assert_int_equal(outcome->reset_us, 0);
            assert_int_equal(outcome->remaining, limit_capacity(&limit));
        }
    }
}

static void g5_the_end_told_of_a_fixed_window_stands_still(void **state)
{
    struct counted window = counted_of(*state, counted_limit(ALGORITHM_FIXED_WINDOW, 5, 60, 5));
    const struct limit_outcome *outcome = &window.outcome.at[0];

    for (int64_t at_us = 0; at_us < 60 * SECOND; at_us += SECOND / 2 + 1) {
        (void)counted_take(&window, COUNTED_WALL_US + at_us, at_us / SECOND % 3);

        if (at_us > SECOND)
            assert_int_equal(at_us + outcome->reset_us, 61 * SECOND + 2);
    }

    assert_false(counted_take(&window, COUNTED_WALL_US + 61 * SECOND + 1, 1));
    assert_true(counted_take(&window, COUNTED_WALL_US + 61 * SECOND + 2, 5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(g5_the_wait_told_is_enough_and_two_milliseconds_less_is_not),
        cmocka_unit_test(g5_what_remains_can_be_taken_and_no_more),
        cmocka_unit_test(g5_the_reset_told_is_when_all_is_there_again),
        cmocka_unit_test(g5_the_end_told_of_a_fixed_window_stands_still),
    };

    return counted_run_tests(tests, ARRAY_COUNT(tests));
}
