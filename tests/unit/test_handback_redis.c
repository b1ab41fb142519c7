/* SPDX-License-Identifier: MIT
 *
 * What was charged while Redis was away, handed back to a real one. */
#include "asker.h"

#include "base/clock.h"
#include "base/log.h"
#include "limit/calendar.h"
#include "store/handback.h"
#include "support/several_sets.h"

#include <event2/event.h>

#define SETS   2
#define QUOTA  INT64_C(10)
#define DAY_US (24 * HOUR_US)

static const int64_t ada[SETS] = {1, SEVERAL_SETS_COMMON};

static struct limit limits[SETS];
static struct calendar calendar;
static struct event_base *beats;
static struct handback *handback;
static struct store *redis;

/* Days, of which one began an hour before this time. */
static void days_set(int64_t time_us)
{
    const int64_t start_us = time_us - HOUR_US;

    calendar =
        (struct calendar){{start_us - DAY_US, start_us, start_us + DAY_US, start_us + 2 * DAY_US},
                          time_us - clock_monotonic_us()};
    limits[0].calendar = &calendar;
}

static struct operation operation_of(enum operation_kind kind, int64_t cost)
{
    struct operation operation = several_sets_take(ada, limits, SETS, cost);

    operation.kind = kind;
    operation.tenant = 1;
    operation.now_us = clock_monotonic_us();
    return operation;
}

static void note(enum operation_kind kind, int64_t cost)
{
    const struct operation operation = operation_of(kind, cost);

    assert_true(handback_note(handback, &operation));
}

static uint64_t figure_of(enum metric metric)
{
    return figure_get(&asker_metrics.figures[metric]);
}

/* Until so much is charged and let go. */
static void run_until(uint64_t done, uint64_t over)
{
    WAIT_FOR (20,
              figure_of(METRIC_HANDED_BACK) == done && figure_of(METRIC_HANDED_BACK_OVER) == over) {
        handback_run(handback, redis, clock_monotonic_us());
        asker_turn();
    }
    assert_int_equal(handback_count(handback), 0);
    assert_int_equal(figure_of(METRIC_HANDED_BACK_LOST), 0);
}

/* As limits see it that are larger. */
static void assert_used(int64_t first, int64_t second)
{
    struct limit seen[SETS];
    struct operation look = operation_of(OPERATION_LOOK, 0);
    struct answers answers = {0};
    struct outcome now;

    memcpy(seen, limits, sizeof(seen));
    for (size_t i = 0; i < SETS; i++)
        seen[i].quota = seen[i].burst = 1000 * QUOTA;
    look.limits = seen;
    assert_int_equal(store_ask(redis, &look, &now, &answers, asker_on_done), STORE_LATER);
    TURN_UNTIL(answers.count == 1);
    assert_int_equal(answers.last.status, TAKE_DONE);
    assert_int_equal(seen[0].quota - answers.last.at[0].remaining, first);
    assert_int_equal(seen[1].quota - answers.last.at[1].remaining, second);
}

static void charges_are_whole_and_takes_fit(void **state)
{
    (void)state;
    note(OPERATION_TAKE, 8);
    run_until(8, 0);
    note(OPERATION_TAKE, 5);
    note(OPERATION_CHARGE, 50);
    run_until(8 + 5 + 50, 0);
    assert_used(60, 60);

    note(OPERATION_CHARGE, -57);
    run_until(8 + 5 + 50 + 57, 0);
    assert_used(3, 3);
}

static void what_is_given_back_goes_before_the_takes_after_it(void **state)
{
    (void)state;
    note(OPERATION_TAKE, 8);
    run_until(8, 0);
    note(OPERATION_TAKE, 5);
    note(OPERATION_CHARGE, -9);
    note(OPERATION_TAKE, 6);
    run_until(8 + 4 + 6, 0);

    assert_used(10, 10);
}

static void a_period_of_the_present_is_charged(void **state)
{
    (void)state;
    days_set(clock_wall_us());
    note(OPERATION_CHARGE, 70);
    note(OPERATION_TAKE, 5);
    run_until(75, 0);

    assert_used(75, 75);
}

static void a_period_that_is_over_is_not_charged_but_the_limit_beside_it(void **state)
{
    (void)state;
    days_set(clock_wall_us() - 10 * DAY_US);
    struct operation charge = operation_of(OPERATION_CHARGE, 70);
    charge.costs[0] = 100;
    assert_true(handback_note(handback, &charge));
    run_until(70, 30);

    days_set(clock_wall_us());
    assert_used(0, 70);
}

static int begin_test(void **state)
{
    asker_metrics = (struct metrics){0};
    beats = event_base_new();
    handback = handback_new(beats, &asker_metrics);
    for (size_t i = 0; i < SETS; i++) {
        limits[i] = asker_limit;
        limits[i].quota = limits[i].burst = QUOTA;
    }
    several_sets_tell_apart(limits, SETS);
    if (asker_begin(state) != 0)
        return 1;
    redis = asker_store(PATIENT_US);
    return 0;
}

static int end_test(void **state)
{
    store_free(redis);
    handback_free(handback);
    event_base_free(beats);
    return asker_end(state);
}

#define TEST(claim) cmocka_unit_test_setup_teardown(claim, begin_test, end_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(charges_are_whole_and_takes_fit),
        TEST(what_is_given_back_goes_before_the_takes_after_it),
        TEST(a_period_of_the_present_is_charged),
        TEST(a_period_that_is_over_is_not_charged_but_the_limit_beside_it),
    };

    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, redis_group_open, redis_group_close);
}
