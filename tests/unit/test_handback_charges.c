/* SPDX-License-Identifier: MIT
 *
 * What was charged after the fact while the store was away, or given back. All of it is handed
 * back, past the limit if need be. */
#include "store/handback.h"

#include "base/duration.h"
#include "captured.h"
#include "fake_store.h"
#include "metrics/metrics.h"
#include "support/cmocka.h"
#include "support/several_sets.h"

#include <event2/event.h>

#define NOW_US  (1000 * SECOND_US)
#define LIMITS  2
#define QUOTA   10
#define NOTHING ((const int64_t[LIMITS]){0, 0})

static const int64_t ada[LIMITS] = {1, SEVERAL_SETS_COMMON};

static struct fake_store fake;
static struct handback *handback;
static struct metrics *metrics;
static struct event_base *base;
static struct limit limits[LIMITS];

static int set_up(void **state)
{
    (void)state;
    fake_store_open(&fake);
    base = event_base_new();
    metrics = metrics_new(1, 1);
    handback = handback_new(base, metrics);
    for (size_t i = 0; i < LIMITS; i++) {
        limits[i] = (struct limit){.algorithm = ALGORITHM_FIXED_WINDOW,
                                   .quota = QUOTA,
                                   .window_us = MINUTE_US,
                                   .burst = QUOTA};
    }
    several_sets_tell_apart(limits, LIMITS);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_store_close(&fake);
    handback_free(handback);
    event_base_free(base);
    metrics_free(metrics, 1);
    return 0;
}

static struct operation operation_of(enum operation_kind kind, const int64_t costs[])
{
    struct operation operation = several_sets_take(ada, limits, LIMITS, 0);

    operation.kind = kind;
    memcpy(operation.costs, costs, LIMITS * sizeof(costs[0]));
    operation.now_us = NOW_US;
    return operation;
}

static void note(enum operation_kind kind, int64_t first, int64_t second)
{
    const struct operation operation = operation_of(kind, (const int64_t[]){first, second});

    assert_true(handback_note(handback, &operation));
}

static void use(int64_t first, int64_t second)
{
    const struct operation operation =
        operation_of(OPERATION_CHARGE, (const int64_t[]){first, second});
    struct outcome outcome;

    memory_table_ask(fake.table, &operation, &outcome);
    assert_int_equal(outcome.status, TAKE_DONE);
}

static void run_at(int64_t now_us)
{
    handback_run(handback, &fake.store, now_us);
    assert_int_equal(handback_count(handback), 0);
}

/* As a limit sees it that is never reached. */
static void assert_used(int64_t first, int64_t second)
{
    const int64_t wanted[] = {first, second};
    struct limit seen[LIMITS];
    struct operation look = operation_of(OPERATION_LOOK, NOTHING);
    struct outcome outcome;

    memcpy(seen, limits, sizeof(seen));
    look.limits = seen;
    for (size_t i = 0; i < LIMITS; i++)
        seen[i].quota = LIMIT_COST_MAX;
    memory_table_ask(fake.table, &look, &outcome);
    assert_int_equal(outcome.status, TAKE_DONE);
    for (size_t i = 0; i < LIMITS; i++)
        assert_int_equal(LIMIT_COST_MAX - outcome.at[i].remaining, wanted[i]);
}

static void expect_figures(uint64_t done, uint64_t lost, uint64_t over)
{
    assert_int_equal(figure_get(&metrics->figures[METRIC_HANDED_BACK]), done);
    assert_int_equal(figure_get(&metrics->figures[METRIC_HANDED_BACK_LOST]), lost);
    assert_int_equal(figure_get(&metrics->figures[METRIC_HANDED_BACK_OVER]), over);
}

static void charges_are_handed_back_past_the_limit(void **state)
{
    (void)state;
    use(8, 0);
    note(OPERATION_CHARGE, 7, 100);
    note(OPERATION_CHARGE, 7, 0);
    assert_int_equal(handback_count(handback), 1);

    run_at(NOW_US);

    assert_int_equal(fake.asked, 1);
    assert_used(22, 100);
    expect_figures(100, 0, 0);
}

static void what_was_given_back_is_given_back(void **state)
{
    (void)state;
    use(8, 8);
    note(OPERATION_CHARGE, -5, -100);

    run_at(NOW_US);

    assert_used(3, 0);
    expect_figures(100, 0, 0);
}

static void sums_cross_zero(void **state)
{
    (void)state;
    use(8, 8);
    note(OPERATION_CHARGE, 3, -3);
    note(OPERATION_CHARGE, -5, 5);
    note(OPERATION_CHARGE, 1, -1);

    run_at(NOW_US);

    assert_used(7, 9);
    expect_figures(1, 0, 0);
}

static void what_sums_up_to_nothing_is_not_asked(void **state)
{
    (void)state;
    note(OPERATION_CHARGE, 3, -3);
    note(OPERATION_CHARGE, -3, 3);

    run_at(NOW_US);

    assert_int_equal(fake.asked, 0);
    expect_figures(0, 0, 0);
}

static void sums_end_at_the_largest_cost(void **state)
{
    (void)state;
    use(0, LIMIT_COST_MAX);
    for (size_t i = 0; i < 3; i++)
        note(OPERATION_CHARGE, LIMIT_COST_MAX, -LIMIT_COST_MAX);
    note(OPERATION_CHARGE, -5, 5);

    run_at(NOW_US);

    assert_used(LIMIT_COST_MAX - 5, 5);
    expect_figures(LIMIT_COST_MAX - 5, 0, 0);
}

/* It would leave less room for what is to fit. */
static void what_was_charged_goes_after_what_was_taken(void **state)
{
    (void)state;
    use(8, 0);
    note(OPERATION_CHARGE, 7, 7);
    note(OPERATION_TAKE, 5, 5);
    assert_int_equal(handback_count(handback), 1);

    run_at(NOW_US);

    assert_int_equal(fake.asked, 2);
    assert_used(17, 12);
    expect_figures(12, 0, 0);
}

/* Else the sum of the takes would be cut at the limit, and what was given back taken off whole. */
static void what_was_given_back_lowers_what_was_taken_before(void **state)
{
    (void)state;
    use(6, 0);
    for (size_t i = 0; i < 5; i++) {
        note(OPERATION_TAKE, 5, 5);
        note(OPERATION_CHARGE, -4, -4);
    }

    run_at(NOW_US);

    assert_int_equal(fake.asked, 1);
    assert_used(10, 5);
}

static void what_was_given_back_does_not_meet_what_is_still_to_be_taken(void **state)
{
    (void)state;
    note(OPERATION_CHARGE, 1, 1);
    note(OPERATION_TAKE, 9, 9);
    note(OPERATION_CHARGE, -8, -9);

    run_at(NOW_US);

    assert_used(2, 1);
}

/* The second limit has nothing to give back. */
static void what_was_given_back_beyond_the_takes_before_goes_before_those_after(void **state)
{
    (void)state;
    use(9, 0);
    note(OPERATION_TAKE, 1, 1);
    note(OPERATION_CHARGE, -9, -9);
    note(OPERATION_TAKE, 7, 7);

    run_at(NOW_US);

    assert_int_equal(fake.asked, 2);
    assert_used(8, 7);
    expect_figures(8 + 7, 0, 0);
}

static void each_limit_has_an_order_of_its_own(void **state)
{
    (void)state;
    use(9, 9);
    note(OPERATION_CHARGE, -9, 5);
    note(OPERATION_TAKE, 7, 7);

    run_at(NOW_US);

    assert_int_equal(fake.asked, 3);
    assert_used(7, 15);
    expect_figures(9 + 7 + 5, 0, 0);
}

static void what_was_given_back_meanwhile_lowers_what_comes_back(void **state)
{
    (void)state;
    use(6, 0);
    fake.answers[0] = (struct fake_answer){.is_late = true, .status = TAKE_DOWN};
    fake.answers[1] = (struct fake_answer){.status = TAKE_DONE};
    fake.answer_count = 2;
    note(OPERATION_TAKE, 10, 10);
    handback_run(handback, &fake.store, NOW_US);
    note(OPERATION_CHARGE, -9, -7);
    note(OPERATION_TAKE, 2, 2);
    fake_store_answer(&fake, 0);

    while (handback_count(handback) > 0) { /* after its rest */
        handback_run(handback, &fake.store, NOW_US);
        (void)event_base_dispatch(base);
    }

    assert_used(9, 5);
}

/* It is not known whether that was charged. */
static void what_is_late_takes_nothing_else_with_it(void **state)
{
    (void)state;
    fake.answers[0] = (struct fake_answer){.status = TAKE_LATE};
    fake.answers[1] = (struct fake_answer){.status = TAKE_DONE};
    fake.answer_count = 2;
    note(OPERATION_TAKE, 5, 5);
    note(OPERATION_CHARGE, 7, 7);

    run_at(NOW_US);

    assert_int_equal(fake.asked, 2);
    expect_figures(7, 5, 0);
}

static void what_was_granted_in_part_is_noted_with_what_was_taken(void **state)
{
    (void)state;
    use(8, 0);
    note(OPERATION_PART, 1, 1);
    note(OPERATION_TAKE, 2, 2);
    assert_int_equal(handback_count(handback), 1);

    run_at(NOW_US);

    assert_used(10, 3);
}

static void what_comes_back_keeps_its_sign(void **state)
{
    (void)state;
    use(8, 8);
    fake.answers[0] = (struct fake_answer){.is_late = true, .status = TAKE_DOWN};
    fake.answers[1] = (struct fake_answer){.status = TAKE_DONE};
    fake.answer_count = 2;
    note(OPERATION_CHARGE, -5, 3);
    handback_run(handback, &fake.store, NOW_US);
    note(OPERATION_CHARGE, 1, -4);
    fake_store_answer(&fake, 0);
    assert_int_equal(handback_count(handback), 1);

    while (handback_count(handback) > 0) { /* after its rest */
        handback_run(handback, &fake.store, NOW_US);
        (void)event_base_dispatch(base);
    }

    assert_used(4, 7);
    expect_figures(4, 0, 0);
}

static void what_is_late_is_lost_by_its_size(void **state)
{
    (void)state;
    fake.answers[0] = (struct fake_answer){.status = TAKE_LATE};
    fake.answer_count = 1;
    note(OPERATION_CHARGE, -5, 3);

    run_at(NOW_US);

    assert_int_equal(fake.asked, 1);
    expect_figures(0, 5, 0);
}

static void who_charges_is_told_when_there_is_no_place(void **state)
{
    struct operation charge = operation_of(OPERATION_CHARGE, (const int64_t[]){-5, 3});
    (void)state;
    for (uint64_t i = 0; i < HANDBACK_SUBJECTS_MAX / 2; i++) {
        charge.policy_id = i;
        assert_true(handback_note(handback, &charge));
    }

    charge.policy_id++;
    assert_false(handback_note(handback, &charge));
    expect_figures(0, 5, 0);
    charge.policy_id = 0;
    assert_true(handback_note(handback, &charge));
}

/* The second limit remembers for longer. */
static void what_a_window_has_forgotten_is_neither_charged_nor_given_back(void **state)
{
    (void)state;
    limits[1].window_us = HOUR_US;
    use(0, 8);
    note(OPERATION_CHARGE, 70, -5);
    run_at(NOW_US + MINUTE_US);

    assert_used(0, 3);
    expect_figures(5, 0, 65);
    note(OPERATION_CHARGE, -7, -2);
    run_at(NOW_US + HOUR_US);
    assert_int_equal(fake.asked, 1);
    expect_figures(5, 0, 65 + 7);
}

/* A bucket of 10 that is filled in a minute, and lacks 10 and then 100 more, is full after 11. */
static void a_bucket_lets_go_of_a_charge_when_it_is_paid_off(void **state)
{
    const int64_t paid_us = NOW_US + 11 * MINUTE_US;
    (void)state;
    limits[0].algorithm = ALGORITHM_TOKEN_BUCKET;
    limits[1].algorithm = ALGORITHM_LEAKY_BUCKET;

    note(OPERATION_CHARGE, 100, 0);
    run_at(paid_us - 1);
    note(OPERATION_CHARGE, 0, -100);
    run_at(paid_us - 1);
    assert_int_equal(fake.asked, 2);
    note(OPERATION_CHARGE, 100, -100);
    run_at(paid_us);
    note(OPERATION_TAKE, 10, 10);
    run_at(NOW_US + MINUTE_US);
    assert_int_equal(fake.asked, 2);
    expect_figures(200, 0, 110);
}

static void a_debt_that_is_never_paid_off_is_not_let_go(void **state)
{
    (void)state;
    limits[0].algorithm = ALGORITHM_TOKEN_BUCKET;

    note(OPERATION_CHARGE, LIMIT_COST_MAX, 0);
    run_at(NOW_US + 100 * (int64_t)YEAR_S * SECOND_US);

    assert_int_equal(fake.asked, 1);
}

static void what_is_never_handed_back_is_told_at_the_end(void **state)
{
    struct captured captured;
    (void)state;
    note(OPERATION_TAKE, 5, 3);
    note(OPERATION_CHARGE, 0, 7);
    note(OPERATION_CHARGE, -2, 0);

    capture_begin(&captured);
    handback_free(handback);
    handback = handback_new(base, metrics);
    handback_free(handback);
    handback = handback_new(base, metrics);

    assert_int_equal(capture_end(&captured, "\"event\":\"not handed back\",\"counters\":1,"
                                            "\"cost\":10"),
                     1);
}

#define TEST(claim) cmocka_unit_test_setup_teardown(claim, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(charges_are_handed_back_past_the_limit),
        TEST(what_was_given_back_is_given_back),
        TEST(sums_cross_zero),
        TEST(what_sums_up_to_nothing_is_not_asked),
        TEST(sums_end_at_the_largest_cost),
        TEST(what_was_charged_goes_after_what_was_taken),
        TEST(what_was_given_back_lowers_what_was_taken_before),
        TEST(what_was_given_back_does_not_meet_what_is_still_to_be_taken),
        TEST(what_was_given_back_beyond_the_takes_before_goes_before_those_after),
        TEST(each_limit_has_an_order_of_its_own),
        TEST(what_was_given_back_meanwhile_lowers_what_comes_back),
        TEST(what_is_late_takes_nothing_else_with_it),
        TEST(what_was_granted_in_part_is_noted_with_what_was_taken),
        TEST(what_comes_back_keeps_its_sign),
        TEST(what_is_late_is_lost_by_its_size),
        TEST(who_charges_is_told_when_there_is_no_place),
        TEST(what_a_window_has_forgotten_is_neither_charged_nor_given_back),
        TEST(a_bucket_lets_go_of_a_charge_when_it_is_paid_off),
        TEST(a_debt_that_is_never_paid_off_is_not_let_go),
        TEST(what_is_never_handed_back_is_told_at_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
