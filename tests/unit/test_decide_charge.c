/* SPDX-License-Identifier: MIT
 *
 * decide_charge() and decide_part(): what the state is afterwards, and how long it is kept. What is
 * answered is in tests/vectors/. */
#include "limit/algorithm.h"

#include "base/duration.h"
#include "limit/charge_log.h"
#include "state_copy.h"
#include "support/cmocka.h"
#include "support/random.h"

#define SECOND    SECOND_US
#define NOW_US    INT64_C(1763735340000000) /* where a minute begins */
#define HISTORIES 200
#define STEPS     60
#define UNITS_MAX 20

/* A minute for 10. */
static struct limit minute_of(enum algorithm_id algorithm)
{
    return (struct limit){.algorithm = algorithm, .quota = 10, .window_us = MINUTE_US, .burst = 10};
}

/* Returns how long the state is kept. */
static int64_t charge(const struct limit *limit, struct limit_state *state, int64_t now_us,
                      int64_t cost, struct limit_outcome *outcome)
{
    struct outcome charged = {0};
    int64_t keep_us;

    decide_charge(limit, 1, state, now_us, &cost, &charged, &keep_us);
    assert_int_equal(charged.status, TAKE_DONE);
    assert_int_equal(charged.count, 1);
    assert_true(charged.allowed && charged.at[0].allowed && !charged.at[0].never);
    assert_int_equal(charged.at[0].retry_us, 0);
    assert_int_equal(charged.at[0].delay_us, 0);
    *outcome = charged.at[0];
    return keep_us;
}

/* Returns whether all of them allow. */
static bool take(const struct limit *limit, struct limit_state *state, int64_t now_us, int64_t cost,
                 struct limit_outcome *outcome)
{
    struct outcome taken;
    int64_t keep_us;

    decide(limit, 1, state, now_us, &cost, &taken, &keep_us);
    *outcome = taken.at[0];
    return taken.allowed;
}

static void what_a_charge_leaves_is_kept_until_nothing_is_used(void **state)
{
    (void)state;

    for (enum algorithm_id id = 0; id < ALGORITHM_COUNT; id++) {
        const struct limit limit = minute_of(id);
        struct limit_state kept = {0};
        struct limit_outcome outcome;

        const int64_t keep_us = charge(&limit, &kept, NOW_US, 15, &outcome);

        assert_int_equal(keep_us, outcome.reset_us);
        assert_true(keep_us >= MINUTE_US);
        state_close(&limit, &kept);
    }
}

static void a_charge_that_changes_nothing_is_not_kept(void **state)
{
    (void)state;

    for (enum algorithm_id id = 0; id < ALGORITHM_COUNT; id++) {
        const struct limit limit = minute_of(id);
        struct limit_state kept = {0};
        struct limit_outcome outcome;

        assert_int_equal(charge(&limit, &kept, NOW_US, 0, &outcome), 0);
        assert_int_equal(charge(&limit, &kept, NOW_US, -7, &outcome), 0);
        assert_int_equal(charge(&limit, &kept, NOW_US, LIMIT_COST_MAX, &outcome) > 0, true);
        assert_int_equal(charge(&limit, &kept, NOW_US, 1, &outcome), 0);
        assert_int_equal(charge(&limit, &kept, NOW_US, LIMIT_COST_MAX, &outcome), 0);
        state_close(&limit, &kept);
    }
}

/* Else the store would still have what was given back. */
static void a_state_of_which_nothing_is_used_is_kept_for_a_moment(void **state)
{
    (void)state;

    for (enum algorithm_id id = 0; id < ALGORITHM_COUNT; id++) {
        const struct limit limit = minute_of(id);
        struct limit_state kept = {0};
        struct limit_outcome outcome;

        (void)charge(&limit, &kept, NOW_US, 15, &outcome);
        const int64_t keep_us = charge(&limit, &kept, NOW_US, -15, &outcome);

        assert_int_equal(outcome.remaining, 10);
        assert_int_equal(keep_us, id == ALGORITHM_FIXED_WINDOW ? MINUTE_US : 1);
        state_close(&limit, &kept);
    }
}

static void a_charge_moves_what_comes_from_the_future(void **state)
{
    (void)state;

    for (enum algorithm_id id = 0; id < ALGORITHM_COUNT; id++) {
        const struct limit limit = minute_of(id);
        struct limit_state kept = {0};
        struct limit_outcome outcome;

        (void)charge(&limit, &kept, NOW_US + 600 * SECOND, 4, &outcome);
        const int64_t keep_us = charge(&limit, &kept, NOW_US, 0, &outcome);

        assert_int_equal(outcome.remaining, 6);
        assert_int_equal(keep_us, outcome.reset_us);
        assert_in_range(keep_us, 1, 2 * MINUTE_US);
        state_close(&limit, &kept);
    }
}

static void a_state_that_is_impossible_counts_as_never_seen_for_a_charge_too(void **state)
{
    (void)state;

    for (enum algorithm_id id = 0; id < ALGORITHM_COUNT; id++) {
        const struct limit limit = minute_of(id);
        struct limit_state kept = {.number = {-1, -1, -1}};
        const int64_t cost = 3;
        struct outcome outcome = {0};
        int64_t keep_us;

        if (algorithm_of(id)->state_numbers == 0)
            continue;
        decide_charge(&limit, 1, &kept, NOW_US, &cost, &outcome, &keep_us);

        assert_int_equal(outcome.refused, 1);
        assert_int_equal(outcome.at[0].remaining, 7);
    }
}

/* A later decision finds what the charge has left. */
static void the_most_that_can_be_charged_is_a_good_state(void **state)
{
    (void)state;

    for (enum algorithm_id id = 0; id < ALGORITHM_COUNT; id++) {
        const struct limit limit = minute_of(id);
        struct limit_state kept = {0};
        struct limit_outcome outcome;

        (void)charge(&limit, &kept, NOW_US, LIMIT_COST_MAX, &outcome);
        assert_false(take(&limit, &kept, NOW_US + 1, 1, &outcome));
        assert_int_equal(outcome.remaining, 0);
        (void)charge(&limit, &kept, NOW_US + 1, -LIMIT_COST_MAX, &outcome);

        assert_true(take(&limit, &kept, NOW_US + 1, 10, &outcome));
        state_close(&limit, &kept);
    }
}

static void a_log_past_its_limit_does_not_get_longer(void **state)
{
    (void)state;
    const struct limit limit = minute_of(ALGORITHM_SLIDING_WINDOW_LOG);
    struct limit_state kept = {0};
    struct limit_outcome outcome;

    for (int64_t i = 0; i < 100; i++)
        (void)charge(&limit, &kept, NOW_US + i, 1, &outcome);

    assert_int_equal(charge_log_count(kept.logged.log), 10);
    assert_int_equal(charge_log_total(kept.logged.log), 100);
    state_close(&limit, &kept);
}

/* All sizes, both signs. */
static int64_t random_charge(void)
{
    const int64_t cost =
        random_one_in(2) ? random_below(UNITS_MAX) : random_of_any_size(LIMIT_COST_MAX);

    return random_one_in(2) ? -cost : cost;
}

static struct limit random_minute(void)
{
    struct limit limit = minute_of((enum algorithm_id)random_below(ALGORITHM_COUNT));

    limit.quota = random_below(UNITS_MAX);
    limit.burst = algorithm_of(limit.algorithm)->has_burst ? random_below(UNITS_MAX) : limit.quota;
    return limit;
}

/* The part fits, and one unit more does not. */
static void a_part_is_the_most_that_fits(void **state)
{
    (void)state;

    random_begin(random_seed());
    for (int history = 0; history < HISTORIES; history++) {
        const struct limit limit = random_minute();
        struct limit_state kept = {0};
        int64_t now_us = NOW_US;

        for (int step = 0; step < STEPS; step++) {
            struct limit_outcome outcome;

            now_us += random_below(MINUTE_US / 4);
            (void)charge(&limit, &kept, now_us, random_below(INT64_C(2) * UNITS_MAX) - UNITS_MAX,
                         &outcome);
            const int64_t cost = 1 + random_below(INT64_C(2) * UNITS_MAX);
            const int64_t part = decide_part(&limit, 1, &kept, now_us, cost);

            assert_in_range(part, 1, cost);
            for (int64_t more = 0; more <= 1; more++) {
                struct limit_state copy = state_copy(&limit, &kept);
                const bool is_allowed = take(&limit, &copy, now_us, part + more, &outcome);

                if (more == 0)
                    assert_true(is_allowed || part == 1);
                else if (part < cost)
                    assert_false(is_allowed);
                state_close(&limit, &copy);
            }
        }
        state_close(&limit, &kept);
    }
}

static void a_part_is_what_fits_all_limits(void **state)
{
    (void)state;
    struct limit limits[] = {minute_of(ALGORITHM_TOKEN_BUCKET), minute_of(ALGORITHM_FIXED_WINDOW)};
    struct limit_state states[ARRAY_COUNT(limits)] = {0};
    struct limit_outcome outcome;

    (void)charge(&limits[0], &states[0], NOW_US, 3, &outcome);
    (void)charge(&limits[1], &states[1], NOW_US, 5, &outcome);

    assert_int_equal(decide_part(limits, 2, states, NOW_US, LIMIT_COST_MAX), 5);
    assert_int_equal(decide_part(limits, 2, states, NOW_US, 4), 4);
    (void)charge(&limits[0], &states[0], NOW_US, 9, &outcome);
    assert_int_equal(decide_part(limits, 2, states, NOW_US, 4), 1); /* which they deny */
    assert_int_equal(decide_part(limits, 2, states, NOW_US, 0), 0);
}

/* Whatever is charged or given back: the next decision does not refuse the state, the numbers stay
 * within what a log, a store and an answer can hold, and no wait is longer than allowed. */
static void any_charges_leave_a_good_state(void **state)
{
    (void)state;

    random_begin(random_seed());
    for (int history = 0; history < HISTORIES * ALGORITHM_COUNT; history++) {
        const struct limit limit = random_minute();
        const bool is_bucket = algorithm_of(limit.algorithm)->has_burst;
        struct limit_state kept = {0};
        int64_t now_us = NOW_US;

        for (int step = 0; step < STEPS; step++) {
            const int64_t cost = random_charge();
            struct outcome outcome = {0};
            int64_t keep_us;

            now_us += random_below(MINUTE_US);
            if (random_one_in(3))
                decide(&limit, 1, &kept, now_us, &(int64_t){llabs(cost)}, &outcome, &keep_us);
            else
                decide_charge(&limit, 1, &kept, now_us, &cost, &outcome, &keep_us);

            const struct limit_outcome *at = &outcome.at[0];
            assert_int_equal(outcome.refused, 0);
            assert_in_range(at->remaining, 0, limit_capacity(&limit));
            assert_in_range(at->reset_us, 0, is_bucket ? LIMIT_TIME_US_MAX : 2 * MINUTE_US);
            assert_in_range(at->retry_us, 0, at->reset_us);
            assert_true(at->allowed || at->never || at->retry_us > 0);
            assert_true(keep_us == 0 || keep_us == at->reset_us || keep_us == 1);
        }
        state_close(&limit, &kept);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_charge_leaves_is_kept_until_nothing_is_used),
        cmocka_unit_test(a_charge_that_changes_nothing_is_not_kept),
        cmocka_unit_test(a_state_of_which_nothing_is_used_is_kept_for_a_moment),
        cmocka_unit_test(a_charge_moves_what_comes_from_the_future),
        cmocka_unit_test(a_state_that_is_impossible_counts_as_never_seen_for_a_charge_too),
        cmocka_unit_test(the_most_that_can_be_charged_is_a_good_state),
        cmocka_unit_test(a_log_past_its_limit_does_not_get_longer),
        cmocka_unit_test(a_part_is_the_most_that_fits),
        cmocka_unit_test(a_part_is_what_fits_all_limits),
        cmocka_unit_test(any_charges_leave_a_good_state),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
