/* SPDX-License-Identifier: MIT
 *
 * Limits by the calendar: what was charged while the store was away belongs to the period in which
 * it was charged, and the store's clock says which one that is. */
#include "handback_case.h"
#include "support/one_set.h"

#define LIMITS 2
#define DAY_US (24 * HOUR_US)
/* The process' clock shows NOW_US when a day of Unix time begins, and DAY begins with it. */
#define DAY      (20000 * DAY_US)
#define AHEAD_US (DAY - NOW_US)

/* A store with a clock of its own, as Redis is. `fake` has its counters. */
struct clocked {
    struct store store;
    int64_t time_us; /* Unix time */
    bool is_away;    /* answers TAKE_DOWN */
    bool is_odd;     /* answers TAKE_ELSEWHEN at whatever time */
    size_t asked;
    bool borrows; /* a limit led into the policy */
};

static enum store_answer clocked_ask(struct store *store, const struct operation *operation,
                                     struct outcome *outcome, void *context, store_done_fn *done)
{
    struct clocked *clocked = CONTAINER_OF(store, struct clocked, store);
    struct operation asked = *operation;
    struct limit limits[LIMITS_MAX];
    struct calendar calendars[LIMITS_MAX];
    bool is_elsewhen = clocked->is_odd;

    (void)context;
    (void)done;
    clocked->asked++;
    for (size_t i = 0; i < operation->limit_count; i++) {
        limits[i] = operation->limits[i];
        clocked->borrows |=
            limits[i].by != NULL || limits[i].counts != NULL || limits[i].period != NULL;
        if (limits[i].calendar == NULL)
            continue;
        calendars[i] = *limits[i].calendar;
        calendars[i].ahead_us = 0;
        limits[i].calendar = &calendars[i];
        is_elsewhen |= !calendar_covers(&calendars[i], clocked->time_us);
    }
    asked.limits = limits;
    asked.now_us = clocked->time_us;
    if (clocked->is_away)
        *outcome = (struct outcome){.status = TAKE_DOWN};
    else if (is_elsewhen)
        *outcome = (struct outcome){.status = TAKE_ELSEWHEN, .time_us = clocked->time_us};
    else
        memory_table_ask(fake.table, &asked, outcome);
    return STORE_NOW;
}

static bool clocked_is_ready(const struct store *store)
{
    (void)store;
    return true;
}

static const struct store_engine clocked_engine = {.ask = clocked_ask,
                                                   .is_ready = clocked_is_ready};

static struct clocked clocked;
static struct limit limits[LIMITS];
static struct calendar calendar;

static int set_up(void **state)
{
    clocked = (struct clocked){.store.engine = &clocked_engine, .time_us = DAY};
    for (size_t i = 0; i < LIMITS; i++) {
        limits[i] = (struct limit){.algorithm = ALGORITHM_FIXED_WINDOW,
                                   .quota = 1000,
                                   .window_us = 2 * DAY_US,
                                   .burst = 1000};
    }
    limits[0].calendar = &calendar;
    one_set_tell_apart(limits, LIMITS);
    return handback_begin_fake(state);
}

/* The days around a time. */
static void calendar_set(int64_t time_us)
{
    const int64_t start_us = time_us / DAY_US * DAY_US;

    calendar = (struct calendar){
        {start_us - DAY_US, start_us, start_us + DAY_US, start_us + 2 * DAY_US}, AHEAD_US};
}

static struct operation operation_at(int64_t time_us, enum operation_kind kind, int64_t cost)
{
    struct operation operation = one_set_take(1, limits, LIMITS, cost);

    calendar_set(time_us);
    operation.kind = kind;
    operation.now_us = time_us - AHEAD_US;
    return operation;
}

static void note(int64_t time_us, enum operation_kind kind, int64_t cost)
{
    const struct operation operation = operation_at(time_us, kind, cost);

    assert_true(handback_note(handback, &operation));
    calendar = (struct calendar){0}; /* it is borrowed for the call alone */
}

/* By the store's clock. The process may have another opinion of the time. */
static void run_at(int64_t time_us)
{
    clocked.time_us = time_us;
    handback_run(handback, &clocked.store, NOW_US);
    assert_int_equal(handback_count(handback), 0);
}

/* After its rest. */
static void run_at_last(int64_t time_us)
{
    clocked.time_us = time_us;
    handback_run_out(&clocked.store);
}

static void assert_used(int64_t time_us, int64_t in_the_day, int64_t in_the_window)
{
    const struct operation look = operation_at(time_us, OPERATION_LOOK, 0);
    const struct clocked before = clocked;
    struct outcome outcome;

    clocked.time_us = time_us;
    (void)clocked_ask(&clocked.store, &look, &outcome, NULL, NULL);
    clocked = before;
    assert_int_equal(outcome.status, TAKE_DONE);
    assert_int_equal(limits[0].quota - outcome.at[0].remaining, in_the_day);
    assert_int_equal(limits[1].quota - outcome.at[1].remaining, in_the_window);
}

static void within_its_period_a_charge_is_handed_back(void **state)
{
    (void)state;
    note(DAY, OPERATION_TAKE, 3);
    note(DAY + HOUR_US, OPERATION_TAKE, 4);
    note(DAY + HOUR_US, OPERATION_CHARGE, 50);
    run_at(DAY + DAY_US - 1);

    assert_int_equal(clocked.asked, 2);
    assert_used(DAY + DAY_US - 1, 57, 57);
    handback_expect_figures(57, 0, 0);
}

/* The limit beside it has a window that goes on. */
static void when_its_period_is_over_a_charge_counts_for_other_limits_alone(void **state)
{
    struct operation charge = operation_at(DAY, OPERATION_CHARGE, 0);
    (void)state;
    charge.costs[0] = 50;
    charge.costs[1] = 20;
    assert_true(handback_note(handback, &charge));
    run_at(DAY + DAY_US);

    assert_int_equal(clocked.asked, 2);
    assert_used(DAY + DAY_US, 0, 20);
    handback_expect_figures(20, 0, 30);
}

static void when_nothing_else_counts_it_is_not_asked_again(void **state)
{
    (void)state;
    limits[1].calendar = &calendar;
    note(DAY, OPERATION_TAKE, 5);
    note(DAY, OPERATION_CHARGE, 7);
    run_at(DAY + DAY_US);

    assert_int_equal(clocked.asked, 1);
    handback_expect_figures(0, 0, 12);
}

/* The process' clock is ahead of the store's. */
static void a_period_that_has_not_begun_in_the_store_is_awaited(void **state)
{
    (void)state;
    note(DAY, OPERATION_CHARGE, 5);
    clocked.time_us = DAY - 1;
    for (size_t i = 0; i < 3; i++)
        handback_run(handback, &clocked.store, NOW_US);
    assert_int_equal(clocked.asked, 1); /* between them it rests */
    assert_int_equal(handback_count(handback), 1);
    handback_expect_figures(0, 0, 0);

    run_at_last(DAY);
    assert_int_equal(clocked.asked, 2);
    assert_used(DAY, 5, 5);
    handback_expect_figures(5, 0, 0);
}

static void a_period_that_is_over_does_not_wait_for_one_that_has_not_begun(void **state)
{
    struct operation charge = operation_at(DAY - 1, OPERATION_CHARGE, 5);
    struct calendar later = calendar;
    (void)state;
    for (size_t place = 0; place < CALENDAR_STARTS; place++)
        later.starts_us[place] += 3 * DAY_US;
    limits[1].calendar = &later;
    charge.costs[1] = 3;
    assert_true(handback_note(handback, &charge));
    clocked.time_us = DAY;
    handback_run(handback, &clocked.store, NOW_US);
    assert_int_equal(clocked.asked, 2);
    handback_expect_figures(0, 0, 2);

    run_at_last(DAY + DAY_US);
    assert_int_equal(clocked.asked, 3);
    handback_expect_figures(3, 0, 2);
}

/* By the process' clock, too. */
static void what_was_charged_in_an_earlier_period_is_let_go_in_the_next(void **state)
{
    (void)state;
    note(DAY - 1, OPERATION_CHARGE, 70);
    note(DAY, OPERATION_CHARGE, 2);
    assert_int_equal(handback_count(handback), 1);
    run_at(DAY);

    assert_int_equal(clocked.asked, 1);
    assert_used(DAY, 2, 72);
}

/* As in fixed_window.c: the local counter charged the later period. */
static void a_clock_that_is_set_back_does_not_leave_its_period(void **state)
{
    (void)state;
    note(DAY, OPERATION_CHARGE, 70);
    note(DAY - 1, OPERATION_CHARGE, 2);
    run_at(DAY);

    assert_used(DAY, 72, 72);
}

/* So that a clock that was far off for a while does no harm after that. */
static void a_clock_that_is_set_back_by_far_does(void **state)
{
    (void)state;
    note(DAY + 5 * DAY_US, OPERATION_CHARGE, 70);
    note(DAY, OPERATION_CHARGE, 2);
    run_at(DAY);

    assert_used(DAY, 2, 72);
}

static void what_comes_back_is_not_added_to_the_next_period(void **state)
{
    (void)state;
    note(DAY - 1, OPERATION_CHARGE, 70);
    clocked.is_away = true;
    handback_run(handback, &clocked.store, NOW_US);
    assert_int_equal(handback_count(handback), 1);
    note(DAY, OPERATION_CHARGE, 2);
    clocked.is_away = false;
    run_at_last(DAY);

    assert_used(DAY, 2, 72);
}

/* Else it would be asked for ever. */
static void a_store_that_names_a_time_in_all_periods_is_not_asked_again(void **state)
{
    (void)state;
    limits[1].calendar = &calendar;
    note(DAY, OPERATION_CHARGE, 5);
    clocked.is_odd = true;
    run_at(DAY);

    assert_int_equal(clocked.asked, 1);
    handback_expect_figures(0, 5, 0);
}

static void a_store_that_goes_on_about_a_period_that_was_let_go_is_not_asked_again(void **state)
{
    (void)state;
    note(DAY, OPERATION_CHARGE, 5);
    clocked.is_odd = true;
    run_at(DAY + DAY_US);

    assert_int_equal(clocked.asked, 2);
    handback_expect_figures(0, 5, 0);
}

static void notes_do_not_lead_into_the_policy(void **state)
{
    static struct period *const period = (struct period *)&calendar;
    (void)state;
    limits[0].period = period;
    limits[0].counts = limits[1].counts = "tokens";
    limits[1].by = (const struct by *)&calendar;
    note(DAY, OPERATION_TAKE, 5);
    note(DAY, OPERATION_TAKE, 5);
    run_at(DAY);

    assert_int_equal(clocked.asked, 1);
    assert_false(clocked.borrows);
    assert_used(DAY, 10, 10);
}

#define TEST(claim) cmocka_unit_test_setup_teardown(claim, set_up, handback_end_fake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(within_its_period_a_charge_is_handed_back),
        TEST(when_its_period_is_over_a_charge_counts_for_other_limits_alone),
        TEST(when_nothing_else_counts_it_is_not_asked_again),
        TEST(a_period_that_has_not_begun_in_the_store_is_awaited),
        TEST(a_period_that_is_over_does_not_wait_for_one_that_has_not_begun),
        TEST(what_was_charged_in_an_earlier_period_is_let_go_in_the_next),
        TEST(a_clock_that_is_set_back_does_not_leave_its_period),
        TEST(a_clock_that_is_set_back_by_far_does),
        TEST(what_comes_back_is_not_added_to_the_next_period),
        TEST(a_store_that_names_a_time_in_all_periods_is_not_asked_again),
        TEST(a_store_that_goes_on_about_a_period_that_was_let_go_is_not_asked_again),
        TEST(notes_do_not_lead_into_the_policy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
