/* SPDX-License-Identifier: MIT
 *
 * What tests/vectors/ cannot say: what the state is after a decision, and how long it is kept. */
#include "limit/algorithm.h"

#include "base/duration.h"
#include "state_copy.h"
#include "support/cmocka.h"
#include "support/random.h"

#include <math.h>
#include <sodium.h>

#define SECOND       SECOND_US
#define RANDOM_CASES 1000

/* A subject with one limit, and its time. */
struct history {
    struct limit limit;
    struct limit_state state;
    int64_t now_us;
};

static struct limit window_of(int64_t quota, int64_t seconds)
{
    return (struct limit){.name = "window",
                          .algorithm = ALGORITHM_FIXED_WINDOW,
                          .quota = quota,
                          .window_us = seconds * SECOND,
                          .burst = quota};
}

static struct limit bucket_of(int64_t quota, int64_t seconds, int64_t burst)
{
    return (struct limit){.name = "bucket",
                          .algorithm = ALGORITHM_TOKEN_BUCKET,
                          .quota = quota,
                          .window_us = seconds * SECOND,
                          .burst = burst};
}

static struct limit sliding_of(int64_t quota, int64_t seconds)
{
    struct limit limit = window_of(quota, seconds);

    limit.algorithm = ALGORITHM_SLIDING_WINDOW;
    return limit;
}

/* decide(), with one cost for all limits. */
static void decide_alike(const struct limit limits[], size_t count, struct limit_state states[],
                         int64_t now_us, int64_t cost, struct outcome *outcome, int64_t keep_us[])
{
    int64_t costs[LIMITS_MAX];

    for (size_t i = 0; i < count; i++)
        costs[i] = cost;
    decide(limits, count, states, now_us, costs, outcome, keep_us);
}

static void the_table_and_the_names_agree(void **state)
{
    (void)state;

    for (int i = 0; i < ALGORITHM_COUNT; i++) {
        const struct algorithm *algorithm = algorithm_of((enum algorithm_id)i);

        assert_string_equal(algorithm->name, algorithm_names[i]);
        assert_in_range(algorithm->state_numbers, 0, LIMIT_STATE_NUMBERS);
        assert_int_equal(algorithm->state == STATE_LOG, algorithm->state_numbers == 0);
        assert_non_null(algorithm->decide);
    }
    assert_null(algorithm_names[ALGORITHM_COUNT]);
}

static void the_capacity_is_the_burst(void **state)
{
    (void)state;
    struct limit window = window_of(10, 60);
    struct limit bucket = bucket_of(10, 60, 25);
    struct limit nothing = bucket_of(0, 60, 25);

    assert_int_equal(limit_capacity(&window), 10);
    assert_int_equal(limit_capacity(&bucket), 25);
    assert_int_equal(limit_capacity(&nothing), 0);
}

static void a_denial_leaves_every_state_as_it_was(void **state)
{
    (void)state;
    struct limit limits[] = {bucket_of(10, 60, 10), window_of(2, 60), bucket_of(9, 60, 9)};
    struct limit_state states[3] = {0};
    struct limit_state before[3];
    struct outcome outcome;
    int64_t keep_us[3] = {0};

    decide_alike(limits, 3, states, SECOND, 2, &outcome, keep_us);
    assert_true(outcome.allowed);
    memcpy(before, states, sizeof(before));
    memset(keep_us, 0, sizeof(keep_us));

    decide_alike(limits, 3, states, 2 * SECOND, 1, &outcome, keep_us);

    assert_false(outcome.allowed);
    assert_true(outcome.at[0].allowed);
    assert_int_equal(outcome.at[0].remaining, 8);
    assert_false(outcome.at[1].allowed);
    assert_true(outcome.at[2].allowed);
    assert_memory_equal(states, before, sizeof(before));
    for (size_t i = 0; i < ARRAY_COUNT(keep_us); i++)
        assert_int_equal(keep_us[i], 0);
}

static void a_look_leaves_every_state_as_it_was(void **state)
{
    (void)state;
    struct limit limits[] = {bucket_of(10, 60, 10), window_of(5, 60)};
    struct limit_state states[2] = {0};
    struct limit_state before[2];
    struct outcome outcome;
    int64_t keep_us[3] = {0};

    decide_alike(limits, 2, states, SECOND, 5, &outcome, keep_us);
    memcpy(before, states, sizeof(before));
    memset(keep_us, 0, sizeof(keep_us));

    decide_alike(limits, 2, states, 8 * SECOND, 0, &outcome, keep_us);

    assert_true(outcome.allowed);
    assert_int_equal(outcome.at[0].remaining, 6);
    assert_int_equal(outcome.at[1].remaining, 0);
    assert_memory_equal(states, before, sizeof(before));
    for (size_t i = 0; i < ARRAY_COUNT(keep_us); i++)
        assert_int_equal(keep_us[i], 0);
}

static void each_state_is_kept_as_long_as_it_says_something(void **state)
{
    (void)state;
    struct limit limits[] = {window_of(5, 60), bucket_of(1, 100, 5), window_of(5, 10)};
    struct limit_state states[3] = {0};
    struct outcome outcome;
    int64_t keep_us[3] = {0};

    decide_alike(limits, 3, states, SECOND, 2, &outcome, keep_us);

    assert_int_equal(keep_us[0], 60 * SECOND);
    assert_int_equal(keep_us[1], 200 * SECOND);
    assert_int_equal(keep_us[2], 10 * SECOND);
}

static void what_comes_from_the_future_is_kept_from_now_on(void **state)
{
    (void)state;
    struct limit limits[] = {window_of(5, 60), bucket_of(5, 60, 5)};
    struct limit_state states[2] = {0};
    struct outcome outcome;
    int64_t keep_us[2];

    decide_alike(limits, 2, states, 4000 * SECOND, 3, &outcome, keep_us);
    for (int64_t cost = 0; cost <= 3; cost += 3) { /* a look, and after it a denial */
        decide_alike(limits, 2, states, (90 + cost) * SECOND, cost, &outcome, keep_us);
        assert_int_equal(outcome.at[0].remaining, 2);
        assert_int_equal(keep_us[0], cost == 0 ? 60 * SECOND : 0);
        assert_int_equal(keep_us[1], cost == 0 ? 36 * SECOND : 0);
    }
    assert_true(states[0].number[0] == 90e6 && states[1].number[1] == 90e6);
}

/* An attacker, a flipped bit or another version may have left these. Each value replaces each
 * number of a state that is otherwise good. */
static void a_state_that_no_limit_explains_counts_as_never_seen(void **state)
{
    (void)state;
    const double poison[] = {NAN, INFINITY, -INFINITY, -1, 0.5, 1e300, 9007199254740992.0};
    const double now = 1763735370e6;
    const struct limit_state good[ALGORITHM_COUNT] = {
        [ALGORITHM_FIXED_WINDOW] = {.number = {now, 3}},
        [ALGORITHM_SLIDING_WINDOW] = {.number = {now - 30e6, 0, 3}},
        [ALGORITHM_TOKEN_BUCKET] = {.number = {3 * 60e6, now}},
        [ALGORITHM_LEAKY_BUCKET] = {.number = {3 * 60e6, now}},
    };

    for (int id = 0; id < ALGORITHM_COUNT; id++) {
        struct limit limit = bucket_of(5, 60, 5);

        limit.algorithm = (enum algorithm_id)id;
        for (size_t n = 0; n < algorithm_of(limit.algorithm)->state_numbers; n++) {
            for (size_t i = 0; i < ARRAY_COUNT(poison); i++) {
                struct limit_state stored = good[id];
                struct outcome outcome;
                int64_t keep_us;

                decide_alike(&limit, 1, &stored, (int64_t)now, 0, &outcome, &keep_us);
                assert_int_equal(outcome.refused, 0);
                assert_int_equal(outcome.at[0].remaining, 2);
                stored.number[n] = poison[i];
                if (limit.algorithm >= ALGORITHM_TOKEN_BUCKET && n == 0 && i >= 6)
                    continue; /* a debt like others */
                decide_alike(&limit, 1, &stored, (int64_t)now, 1, &outcome, &keep_us);
                assert_int_equal(outcome.refused, 1);
                assert_int_equal(outcome.at[0].remaining, 4);
                assert_int_equal(keep_us, outcome.at[0].reset_us);
            }
        }
    }
}

/* The Lua script writes the window's start just as it computes it. */
static void a_start_of_minus_zero_is_kept_as_zero(void **state)
{
    (void)state;
    struct limit limit = sliding_of(10, 60);
    struct limit_state stored = {.number = {-0.0, 0, 3}};
    struct outcome outcome;
    int64_t keep_us;

    decide_alike(&limit, 1, &stored, 0, 1, &outcome, &keep_us);

    assert_int_equal(outcome.at[0].remaining, 6);
    assert_false(signbit(stored.number[0]));
}

static void numbers_stay_finite_at_the_largest_of_everything(void **state)
{
    (void)state;
    struct limit bucket = bucket_of(1, LIMIT_WINDOW_S_MAX, LIMIT_QUOTA_MAX);
    struct limit_state kept = {0};
    struct outcome outcome;
    int64_t keep_us = 0;

    decide_alike(&bucket, 1, &kept, LIMIT_COST_MAX, LIMIT_QUOTA_MAX, &outcome, &keep_us);
    assert_true(outcome.allowed);
    assert_int_equal(outcome.at[0].reset_us, LIMIT_COST_MAX);
    assert_int_equal(keep_us, LIMIT_COST_MAX);

    decide_alike(&bucket, 1, &kept, 0, LIMIT_QUOTA_MAX, &outcome, &keep_us);
    assert_false(outcome.allowed);
    assert_int_equal(outcome.at[0].remaining, 0);
    assert_int_equal(outcome.at[0].retry_us, LIMIT_COST_MAX);
}

static struct limit_outcome history_take(struct history *history, int64_t cost, int64_t *keep_us)
{
    struct outcome outcome;

    decide_alike(&history->limit, 1, &history->state, history->now_us, cost, &outcome, keep_us);
    return outcome.at[0];
}

/* Time passes, the limit may change, and something may be charged. */
static void history_go_on(struct history *history)
{
    int64_t keep_us = 0;

    history->now_us += (int64_t)rand() % history->limit.window_us / (1 + rand() % 8);
    if (rand() % 16 == 0)
        history->limit.burst = history->limit.quota = rand() % 1000;
    (void)history_take(history, rand() % (history->limit.burst + 2), &keep_us);
}

/* At most a thousand in at most a day, so the arithmetic is exact. */
static struct history history_random(enum algorithm_id algorithm)
{
    struct history history = {
        .limit = {.algorithm = algorithm,
                  .quota = rand() % (1 << (rand() % 11)),
                  .window_us = SECOND * (1 + rand() % (1 << (rand() % 17)))},
        .now_us = rand() % 2 == 0 ? 0 : INT64_C(1763735373123457),
    };

    history.limit.burst = history.limit.quota;
    if (algorithm_of(algorithm)->has_burst && rand() % 2 == 0)
        history.limit.burst = rand() % 1000;
    for (int steps = rand() % 20; steps > 0; steps--)
        history_go_on(&history);
    return history;
}

/* What `cost` would get after that wait, if nothing else is charged in between. */
static struct limit_outcome history_later(const struct history *history, int64_t wait_us,
                                          int64_t cost)
{
    struct history later = *history;
    int64_t keep_us = 0;

    later.state = state_copy(&history->limit, &history->state);
    later.now_us += wait_us;
    struct limit_outcome outcome = history_take(&later, cost, &keep_us);
    state_close(&later.limit, &later.state);
    return outcome;
}

static void history_end(struct history *history)
{
    state_close(&history->limit, &history->state);
}

static void a_denial_tells_the_least_wait(enum algorithm_id algorithm)
{
    for (int denials = 0; denials < RANDOM_CASES;) {
        struct history history = history_random(algorithm);
        int64_t cost = rand() % (history.limit.burst + 1);
        struct limit_outcome denied = history_later(&history, 0, cost);

        if (!denied.allowed && !denied.never) {
            denials++;
            assert_true(denied.retry_us > 0);
            assert_true(history_later(&history, denied.retry_us, cost).allowed);
            assert_false(history_later(&history, denied.retry_us - 1, cost).allowed);
        }
        history_end(&history);
    }
}

static void a_state_that_need_not_be_kept_says_nothing(enum algorithm_id algorithm)
{
    for (int charges = 0; charges < RANDOM_CASES;) {
        struct history history = history_random(algorithm);
        int64_t keep_us = 0;

        if (history_take(&history, 1 + rand() % (history.limit.burst + 1), &keep_us).allowed) {
            struct limit_outcome after = history_later(&history, keep_us, 0);

            charges++;
            assert_true(after.allowed);
            assert_int_equal(after.remaining, limit_capacity(&history.limit));
            assert_int_equal(after.reset_us, 0);
        }
        history_end(&history);
    }
}

/* But one unit more is denied. */
static void what_fits_is_allowed(enum algorithm_id algorithm)
{
    for (int i = 0; i < RANDOM_CASES; i++) {
        struct history history = history_random(algorithm);
        int64_t cost = rand() % (2 * history.limit.burst + 2);
        int64_t fits = decide_what_fits(&history.limit, &history.state, history.now_us, cost);

        assert_in_range(fits, 0, cost);
        if (fits > 0)
            assert_true(history_later(&history, 0, fits).allowed);
        if (fits < cost)
            assert_false(history_later(&history, 0, fits + 1).allowed);
        history_end(&history);
    }
}

static void what_fits_beside_what_is_used_is_allowed(void **state)
{
    (void)state;

    srand((unsigned)random_seed());
    for (int i = 0; i < ALGORITHM_COUNT; i++)
        what_fits_is_allowed((enum algorithm_id)i);
}

static void a_denial_of_each_algorithm_tells_the_least_wait(void **state)
{
    (void)state;

    srand((unsigned)random_seed());
    for (int i = 0; i < ALGORITHM_COUNT; i++)
        a_denial_tells_the_least_wait((enum algorithm_id)i);
}

static void a_state_of_each_algorithm_is_kept_until_it_says_nothing(void **state)
{
    (void)state;

    srand((unsigned)random_seed());
    for (int i = 0; i < ALGORITHM_COUNT; i++)
        a_state_that_need_not_be_kept_says_nothing((enum algorithm_id)i);
}

static void a_sliding_window_is_kept_for_two_windows_at_most(void **state)
{
    (void)state;
    struct limit sliding = sliding_of(10, 60);
    struct limit_state kept = {0};
    struct outcome outcome;
    int64_t keep_us = 0;

    decide_alike(&sliding, 1, &kept, 60 * SECOND, 4, &outcome, &keep_us);
    assert_int_equal(keep_us, 120 * SECOND);

    decide_alike(&sliding, 1, &kept, 150 * SECOND, 4, &outcome, &keep_us);
    assert_int_equal(keep_us, 90 * SECOND);
}

/* The second charge is let in behind the first. */
static bool is_delayed(enum algorithm_id algorithm)
{
    struct history history = {.limit = bucket_of(10, 60, 10), .now_us = SECOND};
    struct limit_outcome second;
    int64_t keep_us = 0;

    history.limit.algorithm = algorithm;
    (void)history_take(&history, 1, &keep_us);
    second = history_take(&history, 1, &keep_us);
    history_end(&history);
    return second.delay_us > 0;
}

static void the_table_knows_which_algorithms_delay(void **state)
{
    (void)state;

    for (int i = 0; i < ALGORITHM_COUNT; i++) {
        const enum algorithm_id id = (enum algorithm_id)i;

        assert_int_equal(algorithm_of(id)->has_delay, is_delayed(id));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_and_the_names_agree),
        cmocka_unit_test(the_table_knows_which_algorithms_delay),
        cmocka_unit_test(the_capacity_is_the_burst),
        cmocka_unit_test(a_denial_leaves_every_state_as_it_was),
        cmocka_unit_test(a_look_leaves_every_state_as_it_was),
        cmocka_unit_test(each_state_is_kept_as_long_as_it_says_something),
        cmocka_unit_test(what_comes_from_the_future_is_kept_from_now_on),
        cmocka_unit_test(a_sliding_window_is_kept_for_two_windows_at_most),
        cmocka_unit_test(what_fits_beside_what_is_used_is_allowed),
        cmocka_unit_test(a_denial_of_each_algorithm_tells_the_least_wait),
        cmocka_unit_test(a_state_of_each_algorithm_is_kept_until_it_says_nothing),
        cmocka_unit_test(a_state_that_no_limit_explains_counts_as_never_seen),
        cmocka_unit_test(a_start_of_minus_zero_is_kept_as_zero),
        cmocka_unit_test(numbers_stay_finite_at_the_largest_of_everything),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
