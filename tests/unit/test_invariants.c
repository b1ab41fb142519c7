/* SPDX-License-Identifier: MIT
 *
 * The invariants G1 to G11, which every limiter keeps, whatever its algorithm. They are tested by
 * name, in the memory engine and in the script, and the clock is an argument.
 *
 * Elsewhere: G5, what callers are told to wait for, in test_invariants_hints.c. What each algorithm
 * promises besides, in test_invariants_algorithms.c. G10 with the clock of Redis, in
 * test_take_script.c. What needs many callers at once, HTTP or several processes, such as G9 and
 * G12, in tests/system/test_invariants_*.c.
 *
 * SLUICE_TEST_SEED replays a run. */
#include "base/duration.h"
#include "counted.h"
#include "limit/subjects.h"
#include "store/store_memory.h"
#include "support/random.h"

#define HISTORIES          20 /* per algorithm */
#define HISTORY_CHECKS     40
#define HISTORY_STEPS_BACK 5
#define YEAR_US            (YEAR_S * SECOND_US)

static void outcomes_equal(const struct limit_outcome *a, const struct limit_outcome *b);

static void g1_of_many_checks_exactly_the_limit_pass(void **state)
{
    for (enum algorithm_id algorithm = 0; algorithm < ALGORITHM_COUNT; algorithm++) {
        struct counted counted = counted_of(*state, counted_limit(algorithm, 50, 3600, 50));
        int allowed = 0;

        for (int i = 0; i < 200; i++)
            allowed += counted_take(&counted, COUNTED_WALL_US, 1);

        assert_int_equal(allowed, 50);
    }
}

static void g2_remaining_counts_down_without_gap_or_repeat(void **state)
{
    for (enum algorithm_id algorithm = 0; algorithm < ALGORITHM_COUNT; algorithm++) {
        struct counted counted = counted_of(*state, counted_limit(algorithm, 50, 3600, 50));

        for (int left = 49; left >= 0; left--) {
            assert_true(counted_take(&counted, COUNTED_WALL_US, 1));
            assert_int_equal(counted.outcome.at[0].remaining, left);
        }

        assert_false(counted_take(&counted, COUNTED_WALL_US, 1));
        assert_int_equal(counted.outcome.at[0].remaining, 0);
    }
}

/* After a denial, a subject's state is always that of a twin that did not ask. */
static void g3_denials_are_free(void **state)
{
    random_begin(random_seed());
    for (int history = 0; history < HISTORIES * ALGORITHM_COUNT; history++) {
        struct limit limit = counted_random_limit((enum algorithm_id)(history % ALGORITHM_COUNT));
        struct counted asks = counted_of(*state, limit);
        struct counted twin = counted_of(*state, limit);
        int64_t now_us = COUNTED_WALL_US;

        for (int i = 0; i < HISTORY_CHECKS; i++) {
            int64_t cost = 1 + random_below(limit_capacity(&limit) + 3);

            now_us += counted_random_step(&asks);
            if (counted_take(&asks, now_us, cost))
                assert_true(counted_take(&twin, now_us, cost));
            assert_true(counted_take(&asks, now_us, 0));
            assert_true(counted_take(&twin, now_us, 0));
            outcomes_equal(&asks.outcome.at[0], &twin.outcome.at[0]);
        }
    }
}

/* Each limit has the state of a twin that is alone, and that is charged only when all limits
 * allow. */
static void g4_several_limits_are_charged_all_or_none(void **state)
{
    random_begin(random_seed());
    for (int history = 0; history < HISTORIES; history++) {
        struct limit limits[LIMITS_MAX];
        struct counted twins[LIMITS_MAX];
        size_t count = 2 + (size_t)random_below(LIMITS_MAX - 1);
        int64_t now_us = COUNTED_WALL_US;

        for (size_t i = 0; i < count; i++) {
            limits[i] = counted_random_limit((enum algorithm_id)random_below(ALGORITHM_COUNT));
            twins[i] = counted_of(*state, limits[i]);
        }
        struct counted counted = counted_new(*state, limits, count);
        for (int check = 0; check < HISTORY_CHECKS; check++) {
            int64_t cost = 1 + random_below(4);

            now_us += counted_random_step(&counted);
            bool allowed = counted_take(&counted, now_us, cost);
            bool all_allow = true;
            for (size_t i = 0; i < count; i++)
                all_allow = all_allow && counted.outcome.at[i].allowed;
            assert_int_equal(allowed, all_allow);
            assert_true(counted_take(&counted, now_us, 0));
            for (size_t i = 0; i < count; i++) {
                if (allowed)
                    assert_true(counted_take(&twins[i], now_us, cost));
                assert_true(counted_take(&twins[i], now_us, 0));
                outcomes_equal(&counted.outcome.at[i], &twins[i].outcome.at[0]);
            }
        }
    }
}

static void g6_a_cost_of_zero_only_looks(void **state)
{
    for (enum algorithm_id algorithm = 0; algorithm < ALGORITHM_COUNT; algorithm++) {
        struct counted counted = counted_of(*state, counted_limit(algorithm, 5, 60, 5));

        for (int i = 0; i < 100; i++) {
            assert_true(counted_take(&counted, COUNTED_WALL_US + i, 0));
            assert_int_equal(counted.outcome.at[0].remaining, 5);
            assert_int_equal(counted.outcome.at[0].reset_us, 0);
        }

        assert_true(counted_take(&counted, COUNTED_WALL_US + 100, 5));
        assert_true(counted_take(&counted, COUNTED_WALL_US + 100, 0));
    }
}

static void g6_a_cost_beyond_the_limit_never_passes_and_charges_nothing(void **state)
{
    static const int64_t costs[] = {
        6,
        (INT64_C(1) << 31) - 1,
        (INT64_C(1) << 31),
        (INT64_C(1) << 31) + 1,
        (INT64_C(1) << 32) - 1,
        (INT64_C(1) << 32),
        (INT64_C(1) << 32) + 1,
        LIMIT_COST_MAX - 1,
        LIMIT_COST_MAX,
    };

    for (enum algorithm_id algorithm = 0; algorithm < ALGORITHM_COUNT; algorithm++) {
        struct counted counted = counted_of(*state, counted_limit(algorithm, 5, 60, 5));

        assert_true(counted_take(&counted, COUNTED_WALL_US, 2));
        for (size_t i = 0; i < ARRAY_COUNT(costs); i++) {
            assert_false(counted_take(&counted, COUNTED_WALL_US, costs[i]));
            assert_true(counted.outcome.at[0].never);
            assert_int_equal(counted.outcome.at[0].retry_us, 0);
            assert_int_equal(counted.outcome.at[0].remaining, 3);
        }
        assert_true(counted_take(&counted, COUNTED_WALL_US, 3));
    }
}

static void g7_a_limit_of_zero_always_denies(void **state)
{
    static const struct {
        int64_t quota;
        int64_t burst;
    } limits[] = {{0, 0}, {0, 5}, {5, 0}};

    for (enum algorithm_id algorithm = 0; algorithm < ALGORITHM_COUNT; algorithm++) {
        for (size_t i = 0; i < ARRAY_COUNT(limits); i++) {
            struct limit limit = counted_limit(algorithm, limits[i].quota, 1, limits[i].burst);
            struct counted counted = counted_of(*state, limit);

            if (limit_capacity(&limit) > 0)
                continue; /* an algorithm without a burst */
            for (int64_t cost = 1; cost <= LIMIT_COST_MAX / 7; cost *= 7) {
                assert_false(counted_take(&counted, COUNTED_WALL_US + cost, cost));
                assert_true(counted.outcome.at[0].never);
            }
            assert_true(counted_take(&counted, COUNTED_WALL_US + YEAR_US, 0));
            assert_int_equal(counted.outcome.at[0].remaining, 0);
        }
    }
}

static void g8_app_policy_subject_and_limit_name_counters_injectively(void **state)
{
#define NAME(app, kind, name, policy, limit_id)                                                    \
    {                                                                                              \
        TEXT(app), {TEXT(kind), TEXT(name)}, policy, limit_id                                      \
    }
    const struct {
        struct text app;
        struct subject subject;
        uint64_t policy_id;
        uint64_t limit_id;
    } names[] = {
        NAME("a_b", "user", "c", 1, 1),      NAME("a", "user", "b_c", 1, 1),
        NAME("a:", "user", "b", 1, 1),       NAME("a", "user", ":b", 1, 1),
        NAME("", "user", "ab", 1, 1),        NAME("ab", "user", "", 1, 1),
        NAME("a", "user", "b", 1, 1),        NAME("a", "ip", "b", 1, 1),
        NAME("a", "user", "b", 2, 1),        NAME("a", "user", "b", 1, 2),
        NAME("a", "user", "b", 0x10, 1),     NAME("a", "user", "b", 1, 0x10),
        NAME("a", "user", "b\0c", 1, 1),     NAME("a", "user", "b\0", 1, 1),
        NAME("a\0", "user", "b", 1, 1),      NAME("a", "user", "\0b", 1, 1),
        NAME("{a}", "user", "b", 1, 1),      NAME("a", "user", "{b}", 1, 1),
        NAME("a", "ip", "192.0.2.1", 1, 1),  NAME("a", "user", "192.0.2.1", 1, 1),
        NAME("a", "user", "b:1", 1, 1),      NAME("a", "user", "b:1:1", 1, 1),
        NAME("a", "user", "b\r\nDEL", 1, 1), NAME("a", "user", "b*", 1, 1),
    };
#undef NAME
    struct counted counted = counted_of(*state, counted_limit(ALGORITHM_FIXED_WINDOW, 1, 60, 1));
    struct digest_key key;

    memcpy(key.bytes, counted.set.bytes, sizeof(key.bytes));
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        const struct subjects subjects = {.count = 1, .at = &names[i].subject};

        counted.set = subjects_digest(&key, names[i].app, &subjects, (struct text){0});
        counted.policy_id = names[i].policy_id;
        counted.limits[0].id = names[i].limit_id << 8;

        assert_true(counted_take(&counted, COUNTED_WALL_US, 1));
        assert_false(counted_take(&counted, COUNTED_WALL_US, 1));
    }
}

static int64_t taken_at_once(struct counted *counted, int64_t now_us)
{
    int64_t taken = 0;

    while (counted_take(counted, now_us, 1))
        taken++;
    return taken;
}

/* The use counts as if it were new, for as long as the algorithm says, and no longer. Only in a
 * sliding window the share of the previous window may be smaller then. */
static void g10_a_clock_put_back_gives_nothing_away_and_takes_no_more(void **state)
{
    random_begin(random_seed());
    for (int history = 0; history < HISTORIES * ALGORITHM_COUNT; history++) {
        struct limit limit = counted_random_limit((enum algorithm_id)(history % ALGORITHM_COUNT));
        struct counted counted = counted_of(*state, limit);
        int64_t now_us = COUNTED_WALL_US;

        for (int i = 0; i < HISTORY_STEPS_BACK; i++) {
            (void)taken_at_once(&counted, now_us);
            now_us -= limit.window_us + STORE_MEMORY_SKEW_US + 1 + random_of_any_size(YEAR_US);
            (void)counted_take(&counted, now_us, 0); /* a look moves it, as a denial does */
            assert_in_range(taken_at_once(&counted, now_us), 0,
                            limit.algorithm == ALGORITHM_SLIDING_WINDOW ? limit.quota : 0);
            int64_t retry_us = counted.outcome.at[0].retry_us;

            assert_in_range(retry_us, 1, 2 * limit.window_us);
            assert_false(counted_take(&counted, now_us + retry_us - 1, 1));
            now_us += retry_us;
            assert_true(counted_take(&counted, now_us, 1));
        }
    }
}

static void g10_a_leap_of_the_clock_gives_the_limit_once(void **state)
{
    for (enum algorithm_id algorithm = 0; algorithm < ALGORITHM_COUNT; algorithm++) {
        struct counted counted = counted_of(*state, counted_limit(algorithm, 7, 60, 9));
        int64_t capacity = limit_capacity(&counted.limits[0]);

        for (int64_t at_us = 0; at_us < 100 * YEAR_US; at_us += 10 * YEAR_US) {
            int64_t allowed = 0;

            while (counted_take(&counted, at_us, 1))
                allowed++;
            assert_int_equal(allowed, capacity);
        }
    }
}

/* At each step a third of a token comes back, and a whole token is asked for. */
static void g11_no_third_of_a_token_is_ever_lost(void **state)
{
    const struct counted_engine *engine = *state;
    int64_t steps = engine->takes_in_seconds;

    for (enum algorithm_id algorithm = 0; algorithm < ALGORITHM_COUNT; algorithm++) {
        struct counted bucket = counted_of(engine, counted_limit(algorithm, 1, 3, 2));
        int64_t allowed = 0;

        if (!algorithm_of(algorithm)->has_burst)
            continue; /* its counters never grow by fractions */
        for (int64_t i = 0; i < steps; i++)
            allowed += counted_take(&bucket, COUNTED_WALL_US + i * SECOND, 1);
        assert_int_equal(allowed, 2 + (steps - 1) / 3);
    }
}

static void outcomes_equal(const struct limit_outcome *a, const struct limit_outcome *b)
{
    assert_int_equal(a->allowed, b->allowed);
    assert_int_equal(a->never, b->never);
    assert_int_equal(a->remaining, b->remaining);
    assert_int_equal(a->reset_us, b->reset_us);
    assert_int_equal(a->retry_us, b->retry_us);
    assert_int_equal(a->delay_us, b->delay_us);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(g1_of_many_checks_exactly_the_limit_pass),
        cmocka_unit_test(g2_remaining_counts_down_without_gap_or_repeat),
        cmocka_unit_test(g3_denials_are_free),
        cmocka_unit_test(g4_several_limits_are_charged_all_or_none),
        cmocka_unit_test(g6_a_cost_of_zero_only_looks),
        cmocka_unit_test(g6_a_cost_beyond_the_limit_never_passes_and_charges_nothing),
        cmocka_unit_test(g7_a_limit_of_zero_always_denies),
        cmocka_unit_test(g8_app_policy_subject_and_limit_name_counters_injectively),
        cmocka_unit_test(g10_a_clock_put_back_gives_nothing_away_and_takes_no_more),
        cmocka_unit_test(g10_a_leap_of_the_clock_gives_the_limit_once),
        cmocka_unit_test(g11_no_third_of_a_token_is_ever_lost),
    };

    return counted_run_tests(tests, ARRAY_COUNT(tests));
}
