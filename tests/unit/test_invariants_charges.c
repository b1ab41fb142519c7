/* SPDX-License-Identifier: MIT
 *
 * What every limiter promises when costs are charged after the fact, given back, or granted in
 * part. The engines are the memory engine and the scripts, and the clock is an argument. What holds
 * without charges is in test_invariants.c.
 *
 * SLUICE_TEST_SEED replays a run. */
#include "counted.h"

#include "limit/calendar.h"
#include "support/random.h"
#include "support/same_outcome.h"

#define HISTORIES      20 /* per algorithm */
#define HISTORY_CHECKS 40
#define UNITS_MAX      15
#define DENIALS        200

static struct counted random_counted(const struct counted_engine *engine, int history)
{
    return counted_of(engine, counted_random_limit((enum algorithm_id)(history % ALGORITHM_COUNT)));
}

/* Some units, charged or given back. */
static int64_t random_charge(void)
{
    return random_below(INT64_C(2) * UNITS_MAX) - UNITS_MAX;
}

/* Looks at both, which must have the same counters. */
static void counted_equal(struct counted *a, struct counted *b, int64_t now_us)
{
    (void)counted_take(a, now_us, 0);
    (void)counted_take(b, now_us, 0);
    outcomes_equal(&a->outcome, &b->outcome);
}

/* At one time, so nothing is paid off or forgotten. */
static void charges_add_up_and_what_is_used_stays_within_its_bounds(void **state)
{
    static const int64_t large[] = {LIMIT_COST_MAX, -LIMIT_COST_MAX};

    random_begin(random_seed());
    for (int history = 0; history < HISTORIES * ALGORITHM_COUNT; history++) {
        struct counted counted = random_counted(*state, history);
        const int64_t capacity = limit_capacity(&counted.limits[0]);
        int64_t used = 0;

        for (int i = 0; i < HISTORY_CHECKS; i++) {
            const int64_t cost = random_one_in(8) ? large[random_below(2)] : random_charge();

            assert_true(counted_ask(&counted, OPERATION_CHARGE, COUNTED_WALL_US, cost));
            used = cost > LIMIT_COST_MAX - used ? LIMIT_COST_MAX : used + cost;
            used = used < 0 ? 0 : used;
            assert_int_equal(counted.outcome.at[0].remaining,
                             used < capacity ? capacity - used : 0);
            assert_int_equal(counted.outcome.at[0].retry_us, 0);
        }
    }
}

/* The twin is not charged. A charge may open a fixed window, which then stays open; so only one
 * that is open is charged. */
static void a_charge_and_its_refund_at_the_same_time_leave_what_was_there(void **state)
{
    random_begin(random_seed());
    for (int history = 0; history < HISTORIES * ALGORITHM_COUNT; history++) {
        struct counted counted = random_counted(*state, history);
        struct counted twin = counted_of(*state, counted.limits[0]);
        const bool is_window = counted.limits[0].algorithm == ALGORITHM_FIXED_WINDOW;
        int64_t now_us = COUNTED_WALL_US;

        for (int i = 0; i < HISTORY_CHECKS; i++) {
            const int64_t cost = random_charge();
            const int64_t extra = 1 + random_below(UNITS_MAX);

            now_us += counted_random_step(&counted);
            (void)counted_ask(&counted, OPERATION_CHARGE, now_us, cost);
            (void)counted_ask(&twin, OPERATION_CHARGE, now_us, cost);
            if (counted.outcome.at[0].reset_us > 0 || !is_window) {
                (void)counted_ask(&counted, OPERATION_CHARGE, now_us, extra);
                (void)counted_ask(&counted, OPERATION_CHARGE, now_us, -extra);
            }
            counted_equal(&counted, &twin, now_us);
        }
    }
}

/* The twin does not ask when it would be denied. */
static void a_denial_past_the_limit_is_free(void **state)
{
    static const enum operation_kind kinds[] = {OPERATION_TAKE, OPERATION_PART};

    random_begin(random_seed());
    for (int history = 0; history < HISTORIES * ALGORITHM_COUNT; history++) {
        struct counted asks = random_counted(*state, history);
        struct counted twin = counted_of(*state, asks.limits[0]);
        int64_t now_us = COUNTED_WALL_US;

        for (int i = 0; i < HISTORY_CHECKS; i++) {
            const enum operation_kind kind = kinds[random_below(ARRAY_COUNT(kinds))];
            const int64_t charge = random_charge();
            const int64_t cost = 1 + random_below(UNITS_MAX);

            now_us += counted_random_step(&asks);
            (void)counted_ask(&asks, OPERATION_CHARGE, now_us, charge);
            (void)counted_ask(&twin, OPERATION_CHARGE, now_us, charge);
            if (counted_ask(&asks, kind, now_us, cost)) {
                const int64_t granted = kind == OPERATION_PART ? asks.outcome.granted : cost;

                assert_true(counted_take(&twin, now_us, granted));
            }
            counted_equal(&asks, &twin, now_us);
        }
    }
}

static void the_wait_told_past_the_limit_is_enough_and_a_microsecond_less_is_not(void **state)
{
    random_begin(random_seed());
    for (enum algorithm_id algorithm = 0; algorithm < ALGORITHM_COUNT; algorithm++) {
        for (int denials = 0; denials < DENIALS;) {
            struct counted counted = counted_of(*state, counted_random_limit(algorithm));
            const struct limit_outcome *outcome = &counted.outcome.at[0];
            int64_t now_us = COUNTED_WALL_US;

            for (int i = 0; i < HISTORY_CHECKS; i++) {
                const int64_t cost = counted_random_cost(&counted);

                now_us += counted_random_step(&counted);
                (void)counted_ask(&counted, OPERATION_CHARGE, now_us, random_charge());
                if (counted_take(&counted, now_us, cost))
                    continue;
                const int64_t retry_us = outcome->retry_us;

                assert_in_range(retry_us, 1, outcome->reset_us);
                assert_false(counted_take(&counted, now_us + retry_us - 1, cost));
                assert_int_equal(outcome->retry_us, 1);
                assert_true(counted_take(&counted, now_us + retry_us, cost));
                now_us += retry_us;
                denials++;
            }
        }
    }
}

/* Of a bucket at the rate; of the others within its memory. */
static void the_reset_told_past_the_limit_is_when_nothing_is_used(void **state)
{
    random_begin(random_seed());
    for (int history = 0; history < HISTORIES * ALGORITHM_COUNT; history++) {
        struct counted counted = random_counted(*state, history);
        const struct limit *limit = &counted.limits[0];
        int64_t now_us = COUNTED_WALL_US;

        for (int i = 0; i < HISTORY_CHECKS; i++) {
            const int64_t charge = limit_capacity(limit) + 1 + random_below(UNITS_MAX);

            (void)counted_ask(&counted, OPERATION_CHARGE, now_us, charge);
            const int64_t reset_us = counted.outcome.at[0].reset_us;

            if (!algorithm_of(limit->algorithm)->has_burst)
                assert_in_range(reset_us, 1, 2 * limit->window_us);
            (void)counted_take(&counted, now_us + reset_us - 1, 0);
            assert_int_equal(counted.outcome.at[0].reset_us, 1);
            now_us += reset_us;
            assert_true(counted_take(&counted, now_us, 0));
            assert_int_equal(counted.outcome.at[0].remaining, limit_capacity(limit));
            assert_int_equal(counted.outcome.at[0].reset_us, 0);
        }
    }
}

static void a_part_is_all_that_remains_or_all_that_is_asked(void **state)
{
    random_begin(random_seed());
    for (int history = 0; history < HISTORIES * ALGORITHM_COUNT; history++) {
        struct counted counted = random_counted(*state, history);
        int64_t now_us = COUNTED_WALL_US;

        for (int i = 0; i < HISTORY_CHECKS; i++) {
            const int64_t cost = random_one_in(4) ? LIMIT_COST_MAX : 1 + random_below(UNITS_MAX);

            now_us += counted_random_step(&counted);
            (void)counted_ask(&counted, OPERATION_CHARGE, now_us, random_charge());
            const int64_t remaining = counted.outcome.at[0].remaining;
            const int64_t fits = cost < remaining ? cost : remaining;

            assert_int_equal(counted_ask(&counted, OPERATION_PART, now_us, cost), fits > 0);
            assert_int_equal(counted.outcome.granted, fits);
            assert_int_equal(counted.outcome.at[0].remaining, remaining - fits);
        }
    }
}

/* Of unequal length. */
static int64_t period_start(const struct limit *limit, int64_t number)
{
    return number * 2 * limit->window_us + number * number % 7 * (limit->window_us / 7);
}

/* Takes, parts, charges and refunds in periods of unequal length. */
static void a_period_has_its_quota_and_what_was_used_in_it(void **state)
{
    static const enum operation_kind kinds[] = {OPERATION_TAKE, OPERATION_PART, OPERATION_CHARGE};

    random_begin(random_seed());
    for (int history = 0; history < HISTORIES; history++) {
        struct counted counted = random_counted(*state, ALGORITHM_FIXED_WINDOW);
        struct limit *limit = &counted.limits[0];
        int64_t now_us = COUNTED_WALL_US;
        int64_t number = now_us / (2 * limit->window_us) - 2;
        int64_t used = 0;

        for (int i = 0; i < HISTORY_CHECKS; i++) {
            const int64_t lag = random_below(3); /* of the clock that made the calendar */
            struct calendar calendar = {0};
            const enum operation_kind kind = kinds[random_below(ARRAY_COUNT(kinds))];

            now_us += counted_random_step(&counted);
            for (; period_start(limit, number + 1) <= now_us; number++)
                used = 0;
            for (int64_t place = 0; place < CALENDAR_STARTS; place++)
                calendar.starts_us[place] = period_start(limit, number - lag + place);
            limit->calendar = &calendar;

            const int64_t cost =
                kind == OPERATION_CHARGE ? random_charge() : 1 + random_below(limit->quota);
            const int64_t left = used < limit->quota ? limit->quota - used : 0;
            const bool allowed = counted_ask(&counted, kind, now_us, cost);

            if (kind == OPERATION_CHARGE)
                used = used + cost < 0 ? 0 : used + cost;
            else if (kind == OPERATION_PART)
                used += left < cost ? left : cost;
            else
                used += cost <= left ? cost : 0;
            assert_int_equal(allowed, kind == OPERATION_CHARGE ||
                                          (kind == OPERATION_PART ? left > 0 : cost <= left));
            assert_int_equal(counted.outcome.at[0].remaining,
                             used < limit->quota ? limit->quota - used : 0);
            assert_int_equal(counted.outcome.at[0].reset_us,
                             period_start(limit, number + 1) - now_us);
            limit->calendar = NULL;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(charges_add_up_and_what_is_used_stays_within_its_bounds),
        cmocka_unit_test(a_charge_and_its_refund_at_the_same_time_leave_what_was_there),
        cmocka_unit_test(a_denial_past_the_limit_is_free),
        cmocka_unit_test(the_wait_told_past_the_limit_is_enough_and_a_microsecond_less_is_not),
        cmocka_unit_test(the_reset_told_past_the_limit_is_when_nothing_is_used),
        cmocka_unit_test(a_part_is_all_that_remains_or_all_that_is_asked),
        cmocka_unit_test(a_period_has_its_quota_and_what_was_used_in_it),
    };

    return counted_run_tests(tests, ARRAY_COUNT(tests));
}
