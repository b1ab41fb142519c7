/* SPDX-License-Identifier: MIT
 *
 * What each algorithm promises over long stretches of time, which no single answer shows. The
 * engines are the memory engine and the script, and the clock is an argument. What all algorithms
 * promise is in test_invariants.c.
 *
 * SLUICE_TEST_SEED replays a run. */
#include "counted.h"

#include "support/random.h"

#define HISTORIES 5
#define MINUTE    60

/* An answer says when its fixed window ends. So charges with the same end are of the same
 * window. */
static void fixed_window_gives_at_most_its_limit_until_its_end(void **state)
{
    random_begin(random_seed());
    for (int history = 0; history < HISTORIES; history++) {
        struct limit limit = counted_random_limit(ALGORITHM_FIXED_WINDOW);
        struct counted window = counted_of(*state, limit);
        struct charges charges;
        int64_t end_us = 0;
        int64_t used = 0;

        charges_make(&window, &charges);

        for (size_t i = 0; i < charges.count; i++) {
            const struct charge *charge = &charges.at[i];

            if (charge->at_us >= end_us) {
                end_us = charge->at_us + limit.window_us;
                used = 0;
            }
            used += charge->cost;
            assert_int_equal(charge->at_us + charge->outcome.reset_us, end_us);
            assert_in_range(used, 1, limit.quota);
            assert_int_equal(charge->outcome.remaining, limit.quota - used);
        }
    }
}

static void fixed_window_gives_at_most_twice_its_limit_in_any_interval_of_its_length(void **state)
{
    random_begin(random_seed());
    for (int history = 0; history < HISTORIES; history++) {
        struct limit limit = counted_random_limit(ALGORITHM_FIXED_WINDOW);
        struct counted window = counted_of(*state, limit);
        struct charges charges;

        charges_make(&window, &charges);

        assert_in_range(charges_most_within(&charges, limit.window_us), 1, 2 * limit.quota);
    }
}

/* The bound is tight: one unit is lost, because a window starts at its first charge. */
static void fixed_window_gives_its_limit_on_either_side_of_a_border(void **state)
{
    struct limit limit = counted_limit(ALGORITHM_FIXED_WINDOW, 10, MINUTE, 10);
    struct counted window = counted_of(*state, limit);
    int64_t border_us = COUNTED_WALL_US + MINUTE * SECOND;

    assert_true(counted_take(&window, COUNTED_WALL_US, 1));
    for (int i = 0; i < 9; i++)
        assert_true(counted_take(&window, border_us - 1, 1));
    assert_false(counted_take(&window, border_us - 1, 1));
    for (int i = 0; i < 10; i++)
        assert_true(counted_take(&window, border_us, 1));
    assert_false(counted_take(&window, border_us, 1));
}

static void sliding_window_never_reaches_twice_the_limit(void **state)
{
    random_begin(random_seed());
    for (int history = 0; history < HISTORIES; history++) {
        struct limit limit = counted_random_limit(ALGORITHM_SLIDING_WINDOW);
        struct counted window = counted_of(*state, limit);
        struct charges charges;

        charges_make(&window, &charges);

        assert_in_range(charges_most_within(&charges, limit.window_us - 1), 1, 2 * limit.quota - 1);
    }
}

/* For the charges themselves: previous * (1 - elapsed) + current + cost <= limit. So one aligned
 * window never has more than the limit. */
static void sliding_window_decides_by_its_formula(void **state)
{
    random_begin(random_seed());
    for (int history = 0; history < HISTORIES; history++) {
        struct limit limit = counted_random_limit(ALGORITHM_SLIDING_WINDOW);
        struct counted window = counted_of(*state, limit);
        int64_t now_us = COUNTED_WALL_US;
        int64_t number = now_us / limit.window_us;
        int64_t previous = 0;
        int64_t current = 0;

        for (int check = 0; check < 2 * CHARGES_MAX; check++) {
            int64_t cost = counted_random_cost(&window);

            now_us += counted_random_step(&window);
            int64_t its_number = now_us / limit.window_us;
            if (its_number != number) {
                previous = its_number == number + 1 ? current : 0;
                current = 0;
                number = its_number;
            }
            int64_t left_us = limit.window_us - now_us % limit.window_us;
            int64_t room = limit.quota - current - cost;
            bool fits = previous * left_us <= room * limit.window_us;

            assert_int_equal(counted_take(&window, now_us, cost), fits);
            current += fits ? cost : 0;
            assert_in_range(current, 0, limit.quota);
        }
    }
}

/* Almost twice the limit: so the limit itself is not the bound. */
static void sliding_window_gives_almost_twice_its_limit_around_a_border(void **state)
{
    struct limit limit = counted_limit(ALGORITHM_SLIDING_WINDOW, 10, MINUTE, 10);
    struct counted window = counted_of(*state, limit);
    int64_t border_us = (COUNTED_WALL_US / limit.window_us + 1) * limit.window_us;

    assert_true(counted_take(&window, border_us - 1, 10));
    assert_false(counted_take(&window, border_us, 1));
    assert_true(counted_take(&window, border_us + limit.window_us - 1, 9));
    assert_false(counted_take(&window, border_us + limit.window_us - 1, 1));
}

static void bucket_gives_at_most_burst_and_refill(const struct counted_engine *engine,
                                                  enum algorithm_id algorithm)
{
    random_begin(random_seed());
    for (int history = 0; history < HISTORIES; history++) {
        struct limit limit = counted_random_limit(algorithm);
        struct counted bucket = counted_of(engine, limit);
        struct charges charges;

        charges_make(&bucket, &charges);

        for (size_t first = 0; first < charges.count; first++) {
            int64_t sum = 0;

            for (size_t last = first; last < charges.count; last++) {
                int64_t length_us = charges.at[last].at_us - charges.at[first].at_us;

                sum += charges.at[last].cost;
                assert_true((sum - limit.burst) * limit.window_us <= limit.quota * length_us);
            }
        }
    }
}

static void token_bucket_gives_at_most_burst_and_refill_in_any_interval(void **state)
{
    bucket_gives_at_most_burst_and_refill(*state, ALGORITHM_TOKEN_BUCKET);
}

static void leaky_bucket_gives_at_most_burst_and_drain_in_any_interval(void **state)
{
    bucket_gives_at_most_burst_and_refill(*state, ALGORITHM_LEAKY_BUCKET);
}

static void token_bucket_starts_full_and_never_holds_more_than_its_burst(void **state)
{
    struct counted bucket = counted_of(*state, counted_limit(ALGORITHM_TOKEN_BUCKET, 7, 60, 20));
    int64_t now_us = COUNTED_WALL_US;

    assert_true(counted_take(&bucket, now_us, 20));
    for (int64_t idle_us = 172 * SECOND; idle_us < 1000000000 * SECOND; idle_us *= 10) {
        now_us += idle_us;
        assert_true(counted_take(&bucket, now_us, 20));
        assert_false(counted_take(&bucket, now_us, 1));
    }
}

static void token_bucket_polled_faster_than_it_refills_does_not_starve(void **state)
{
    struct counted bucket = counted_of(*state, counted_limit(ALGORITHM_TOKEN_BUCKET, 1, 3, 10));
    int64_t allowed = 0;

    for (int64_t at_us = 0; at_us <= 60 * SECOND; at_us += SECOND / 10)
        allowed += counted_take(&bucket, COUNTED_WALL_US + at_us, 1);

    assert_int_equal(allowed, 10 + 20);
}

/* A turn is the check's time plus its delay: GCRA's theoretical arrival time, which never
 * decreases. It is rounded up to a microsecond. So two turns may be nearer than the rate, by less
 * than a microsecond. */
static void leaky_bucket_turns_come_no_closer_than_its_rate(void **state)
{
    random_begin(random_seed());
    for (int history = 0; history < HISTORIES; history++) {
        struct limit limit = counted_random_limit(ALGORITHM_LEAKY_BUCKET);
        struct counted bucket = counted_of(*state, limit);
        struct charges charges;

        charges_make(&bucket, &charges);

        for (size_t i = 1; i < charges.count; i++) {
            const struct charge *before = &charges.at[i - 1];
            int64_t turn_us = charges.at[i].at_us + charges.at[i].outcome.delay_us;
            int64_t turn_before_us = before->at_us + before->outcome.delay_us;
            int64_t apart_us = before->cost * limit.window_us / limit.quota;

            assert_true(turn_us - turn_before_us >= apart_us);
        }
    }
}

static void leaky_bucket_lets_one_in_per_interval_after_its_burst(void **state)
{
    struct counted bucket = counted_of(*state, counted_limit(ALGORITHM_LEAKY_BUCKET, 4, 60, 6));

    for (int i = 0; i < 6; i++)
        assert_true(counted_take(&bucket, COUNTED_WALL_US, 1));

    for (int64_t at_us = 0; at_us <= 300 * SECOND; at_us += SECOND / 2) {
        bool is_turn = at_us > 0 && at_us % (15 * SECOND) == 0;

        assert_int_equal(counted_take(&bucket, COUNTED_WALL_US + at_us, 1), is_turn);
    }
}

/* One per second with a burst of five. redis-cell, the reference of GCRA in Redis, gives these
 * answers to the same checks. */
static void leaky_bucket_answers_as_redis_cell(void **state)
{
    enum { NEVER = -1 };
    static const struct {
        int64_t at_ms;
        int64_t cost;
        bool allowed;
        int64_t remaining;
        int64_t reset_ms;
        int64_t retry_ms;
    } rows[] = {
        {0, 6, false, 5, 0, NEVER},   {0, 1, true, 4, 1000, 0},    {0, 1, true, 3, 2000, 0},
        {0, 1, true, 2, 3000, 0},     {0, 1, true, 1, 4000, 0},    {0, 1, true, 0, 5000, 0},
        {0, 1, false, 0, 5000, 1000}, {3000, 1, true, 2, 3000, 0}, {3100, 1, true, 1, 3900, 0},
        {4000, 1, true, 1, 4000, 0},  {8000, 1, true, 4, 1000, 0}, {9500, 1, true, 4, 1000, 0},
        {9500, 0, true, 4, 1000, 0},  {9500, 2, true, 2, 3000, 0}, {9500, 5, false, 2, 3000, 3000},
    };
    struct counted bucket = counted_of(*state, counted_limit(ALGORITHM_LEAKY_BUCKET, 1, 1, 5));
    const struct limit_outcome *outcome = &bucket.outcome.at[0];

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        int64_t now_us = COUNTED_WALL_US + rows[i].at_ms * 1000;

        assert_int_equal(counted_take(&bucket, now_us, rows[i].cost), rows[i].allowed);
        assert_int_equal(outcome->remaining, rows[i].remaining);
        assert_int_equal(outcome->reset_us, rows[i].reset_ms * 1000);
        assert_int_equal(outcome->never, rows[i].retry_ms == NEVER);
        if (!outcome->never)
            assert_int_equal(outcome->retry_us, rows[i].retry_ms * 1000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixed_window_gives_at_most_its_limit_until_its_end),
        cmocka_unit_test(fixed_window_gives_at_most_twice_its_limit_in_any_interval_of_its_length),
        cmocka_unit_test(fixed_window_gives_its_limit_on_either_side_of_a_border),
        cmocka_unit_test(sliding_window_never_reaches_twice_the_limit),
        cmocka_unit_test(sliding_window_decides_by_its_formula),
        cmocka_unit_test(sliding_window_gives_almost_twice_its_limit_around_a_border),
        cmocka_unit_test(token_bucket_gives_at_most_burst_and_refill_in_any_interval),
        cmocka_unit_test(token_bucket_starts_full_and_never_holds_more_than_its_burst),
        cmocka_unit_test(token_bucket_polled_faster_than_it_refills_does_not_starve),
        cmocka_unit_test(leaky_bucket_gives_at_most_burst_and_drain_in_any_interval),
        cmocka_unit_test(leaky_bucket_turns_come_no_closer_than_its_rate),
        cmocka_unit_test(leaky_bucket_lets_one_in_per_interval_after_its_burst),
        cmocka_unit_test(leaky_bucket_answers_as_redis_cell),
    };

    return counted_run_tests(tests, ARRAY_COUNT(tests));
}
