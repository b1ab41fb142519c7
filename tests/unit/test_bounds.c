/* SPDX-License-Identifier: MIT
 *
 * What the algorithms promise over whole stretches of time, which no single answer shows: how much
 * an interval may take at most, and that nothing is lost or gained on the way.
 *
 * SLUICE_TEST_SEED replays a run. */
#include "limit/algorithm.h"

#include "support/cmocka.h"
#include "support/random.h"

#include <sodium.h>

#define SECOND           INT64_C(1000000)
#define INTERVAL_CHARGES 1000

/* One limit and its state, without a store. */
struct counted {
    struct limit limit;
    struct limit_state state;
};

/* What was charged, in the order of time. */
struct charges {
    size_t count;
    int64_t at_us[INTERVAL_CHARGES];
    int64_t cost[INTERVAL_CHARGES];
};

static struct counted counted_of(enum algorithm_id algorithm, int64_t quota, int64_t seconds,
                                 int64_t burst)
{
    return (struct counted){
        .limit = {.algorithm = algorithm,
                  .quota = quota,
                  .window_us = seconds * SECOND,
                  .burst = burst},
    };
}

static bool counted_take(struct counted *counted, int64_t now_us, int64_t cost)
{
    struct outcome outcome;
    int64_t keep_us;

    decide(&counted->limit, 1, &counted->state, now_us, cost, &outcome, &keep_us);
    return outcome.allowed;
}

/* Asks at random times, more than is granted, until there are enough charges. */
static void charges_make(struct counted *counted, struct charges *charges)
{
    const struct limit *limit = &counted->limit;
    int64_t now_us = 0;

    random_begin(random_seed());
    charges->count = 0;
    while (charges->count < INTERVAL_CHARGES) {
        int64_t cost = 1 + random_below(limit->burst);

        now_us += random_below(random_one_in(50) ? 3 * limit->window_us : limit->window_us / 10);
        if (!counted_take(counted, now_us, cost))
            continue;
        charges->at_us[charges->count] = now_us;
        charges->cost[charges->count++] = cost;
    }
}

/* The most that was charged within `length_us`, both ends included. */
static int64_t most_within(const struct charges *charges, int64_t length_us)
{
    int64_t most = 0;
    int64_t sum = 0;
    size_t first = 0;

    for (size_t last = 0; last < charges->count; last++) {
        sum += charges->cost[last];
        for (; charges->at_us[last] - charges->at_us[first] > length_us; first++)
            sum -= charges->cost[first];
        most = sum > most ? sum : most;
    }
    return most;
}

/* At each step a token and a third come back, and all whole ones are taken. */
static void a_million_charges_lose_no_third_of_a_token(void **state)
{
    (void)state;
    struct counted bucket = counted_of(ALGORITHM_TOKEN_BUCKET, 4, 3, 10);
    int64_t steps = 1000000;
    int64_t allowed = 0;

    for (int64_t i = 0; i < steps; i++) {
        while (counted_take(&bucket, i * SECOND, 1))
            allowed++;
    }

    assert_int_equal(allowed, 10 + (steps - 1) * 4 / 3);
}

static void a_bucket_polled_faster_than_it_refills_does_not_starve(void **state)
{
    (void)state;
    struct counted bucket = counted_of(ALGORITHM_TOKEN_BUCKET, 1, 3, 10);
    int64_t allowed = 0;

    for (int64_t at_us = 0; at_us <= 60 * SECOND; at_us += SECOND / 10)
        allowed += counted_take(&bucket, at_us, 1);

    assert_int_equal(allowed, 10 + 20);
}

static void no_interval_takes_more_from_a_bucket_than_burst_and_refill(void **state)
{
    enum algorithm_id algorithm = *(const enum algorithm_id *)*state;
    struct counted bucket = counted_of(algorithm, 7, 60, 20);
    struct charges charges;

    charges_make(&bucket, &charges);

    for (size_t first = 0; first < charges.count; first++) {
        int64_t sum = 0;

        for (size_t last = first; last < charges.count; last++) {
            int64_t length_us = charges.at_us[last] - charges.at_us[first];

            sum += charges.cost[last];
            assert_true((sum - 20) * bucket.limit.window_us <= 7 * length_us);
        }
    }
}

static void no_interval_takes_more_than_twice_from_a_fixed_window(void **state)
{
    (void)state;
    struct counted window = counted_of(ALGORITHM_FIXED_WINDOW, 10, 60, 10);
    struct charges charges;

    charges_make(&window, &charges);

    assert_in_range(most_within(&charges, window.limit.window_us), 10, 20);
}

static void a_fixed_window_gives_its_quota_and_around_a_border_twice_that(void **state)
{
    (void)state;
    struct counted window = counted_of(ALGORITHM_FIXED_WINDOW, 10, 60, 10);

    assert_true(counted_take(&window, 0, 1));
    assert_true(counted_take(&window, 60 * SECOND - 1, 9));
    assert_false(counted_take(&window, 60 * SECOND - 1, 1));
    assert_true(counted_take(&window, 60 * SECOND, 10));
    assert_false(counted_take(&window, 60 * SECOND, 1));
}

static void a_sliding_window_gives_its_quota_and_no_interval_takes_twice_that(void **state)
{
    (void)state;
    struct counted window = counted_of(ALGORITHM_SLIDING_WINDOW, 10, 60, 10);
    struct charges charges;
    int64_t number = 0;
    int64_t in_window = 0;
    int64_t most_in_window = 0;

    charges_make(&window, &charges);

    for (size_t i = 0; i < charges.count; i++) {
        int64_t its_number = charges.at_us[i] / window.limit.window_us;

        in_window = its_number == number ? in_window + charges.cost[i] : charges.cost[i];
        number = its_number;
        most_in_window = in_window > most_in_window ? in_window : most_in_window;
    }
    assert_int_equal(most_in_window, 10);
    assert_in_range(most_within(&charges, window.limit.window_us), 10, 19);
}

/* The bound is tight: this is as near to twice the quota as there is. */
static void around_a_border_a_sliding_window_gives_almost_twice_its_quota(void **state)
{
    (void)state;
    struct counted window = counted_of(ALGORITHM_SLIDING_WINDOW, 10, 60, 10);

    assert_true(counted_take(&window, 60 * SECOND - 1, 10));
    assert_false(counted_take(&window, 60 * SECOND, 1));
    assert_true(counted_take(&window, 2 * 60 * SECOND - 1, 9));
    assert_false(counted_take(&window, 2 * 60 * SECOND - 1, 1));
}
int main(void)
{
    static enum algorithm_id token_bucket = ALGORITHM_TOKEN_BUCKET;
    static enum algorithm_id leaky_bucket = ALGORITHM_LEAKY_BUCKET;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_million_charges_lose_no_third_of_a_token),
        cmocka_unit_test(a_bucket_polled_faster_than_it_refills_does_not_starve),
        cmocka_unit_test_prestate(no_interval_takes_more_from_a_bucket_than_burst_and_refill,
                                  &token_bucket),
        cmocka_unit_test_prestate(no_interval_takes_more_from_a_bucket_than_burst_and_refill,
                                  &leaky_bucket),
        cmocka_unit_test(no_interval_takes_more_than_twice_from_a_fixed_window),
        cmocka_unit_test(a_fixed_window_gives_its_quota_and_around_a_border_twice_that),
        cmocka_unit_test(a_sliding_window_gives_its_quota_and_no_interval_takes_twice_that),
        cmocka_unit_test(around_a_border_a_sliding_window_gives_almost_twice_its_quota),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
