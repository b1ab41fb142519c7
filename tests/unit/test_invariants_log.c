/* SPDX-License-Identifier: MIT
 *
 * What the exact sliding window promises besides, in the memory engine and in the script; the clock
 * is an argument. What all algorithms promise is in test_invariants.c. That a denial is not stored
 * is in test_take_script.c.
 *
 * SLUICE_TEST_SEED replays a run. */
#include "counted.h"

#include "support/random.h"

#define HISTORIES 5

static struct counted log_new(const struct counted_engine *engine, int64_t quota, int64_t seconds)
{
    return counted_of(engine, counted_limit(ALGORITHM_SLIDING_WINDOW_LOG, quota, seconds, quota));
}

/* A charge counts in [t, t + W). So an interval is W - 1 long if both of its ends are included. */
static void sliding_window_log_holds_its_limit_in_every_interval(void **state)
{
    random_begin(random_seed());
    for (int history = 0; history < HISTORIES; history++) {
        struct limit limit = counted_random_limit(ALGORITHM_SLIDING_WINDOW_LOG);
        struct counted window = counted_of(*state, limit);
        struct charges charges;

        charges_make(&window, &charges);

        assert_in_range(charges_most_within(&charges, limit.window_us - 1), 1, limit.quota);
    }
}

/* And it allows whatever there is room for. */
static void sliding_window_log_decides_by_the_charges_of_the_last_window(void **state)
{
    random_begin(random_seed());
    for (int history = 0; history < HISTORIES; history++) {
        struct limit limit = counted_random_limit(ALGORITHM_SLIDING_WINDOW_LOG);
        struct counted window = counted_of(*state, limit);
        struct charges charges = {0};
        int64_t now_us = COUNTED_WALL_US;

        while (charges.count < CHARGES_MAX) {
            int64_t cost = counted_random_cost(&window);
            int64_t used = 0;

            now_us += counted_random_step(&window);
            for (size_t i = 0; i < charges.count; i++)
                used += now_us - charges.at[i].at_us < limit.window_us ? charges.at[i].cost : 0;
            bool fits = used + cost <= limit.quota;
            assert_int_equal(counted_take(&window, now_us, cost), fits);
            assert_int_equal(window.outcome.at[0].remaining,
                             limit.quota - used - (fits ? cost : 0));
            if (fits)
                charges.at[charges.count++] = (struct charge){.at_us = now_us, .cost = cost};
        }
    }
}

static void sliding_window_log_forgets_a_charge_exactly_a_window_later(void **state)
{
    struct counted window = log_new(*state, 2, 60);
    int64_t first_us = COUNTED_WALL_US;
    int64_t second_us = COUNTED_WALL_US + 7;

    assert_true(counted_take(&window, first_us, 1));
    assert_true(counted_take(&window, second_us, 1));

    assert_false(counted_take(&window, first_us + 60 * SECOND - 1, 1));
    assert_int_equal(window.outcome.at[0].retry_us, 1);
    assert_true(counted_take(&window, first_us + 60 * SECOND, 1));
    assert_false(counted_take(&window, second_us + 60 * SECOND - 1, 1));
    assert_true(counted_take(&window, second_us + 60 * SECOND, 1));
    assert_false(counted_take(&window, first_us + 120 * SECOND - 1, 1));
}

static void sliding_window_log_counts_charges_of_one_instant_apart(void **state)
{
    struct counted window = log_new(*state, 5, 60);

    for (int left = 4; left >= 0; left--) {
        assert_true(counted_take(&window, COUNTED_WALL_US, 1));
        assert_int_equal(window.outcome.at[0].remaining, left);
    }

    assert_false(counted_take(&window, COUNTED_WALL_US, 1));
    assert_int_equal(window.outcome.at[0].retry_us, 60 * SECOND);
}

/* No extra charges pass at a border: the second burst of a window fails as a whole. */
static void sliding_window_log_has_no_border(void **state)
{
    struct counted window = log_new(*state, 10, 60);
    int64_t border_us = (COUNTED_WALL_US / (60 * SECOND) + 1) * 60 * SECOND;

    assert_true(counted_take(&window, border_us - 1, 10));
    for (int64_t at_us = border_us; at_us < border_us + 60 * SECOND - 1; at_us += SECOND)
        assert_false(counted_take(&window, at_us, 1));
    assert_true(counted_take(&window, border_us + 60 * SECOND - 1, 10));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sliding_window_log_holds_its_limit_in_every_interval),
        cmocka_unit_test(sliding_window_log_decides_by_the_charges_of_the_last_window),
        cmocka_unit_test(sliding_window_log_forgets_a_charge_exactly_a_window_later),
        cmocka_unit_test(sliding_window_log_counts_charges_of_one_instant_apart),
        cmocka_unit_test(sliding_window_log_has_no_border),
    };

    return counted_run_tests(tests, ARRAY_COUNT(tests));
}
