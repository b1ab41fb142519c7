/* SPDX-License-Identifier: MIT
 *
 * What was charged after the fact while the store was away, or given back. All of it is handed
 * back, past the limit if need be. */
#include "captured.h"
#include "handback_case.h"
#include "support/several_sets.h"

#define LIMITS  2
#define QUOTA   10
#define NOTHING ((const int64_t[LIMITS]){0, 0})

static const int64_t ada[LIMITS] = {1, SEVERAL_SETS_COMMON};

static struct limit limits[LIMITS];

static int set_up(void **state)
{
    handback_set_limits(limits, LIMITS, QUOTA);
    return handback_begin_fake(state);
}

static struct operation operation_of(enum operation_kind kind, const int64_t costs[])
{
    return handback_operation(kind, ada, limits, LIMITS, costs);
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

    memcpy(seen, limits, sizeof(seen));
    look.limits = seen;
    for (size_t i = 0; i < LIMITS; i++)
        seen[i].quota = LIMIT_COST_MAX;
    handback_expect_used(look, wanted);
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
    handback_expect_figures(100, 0, 0);
}

static void what_was_given_back_is_given_back(void **state)
{
    (void)state;
    use(8, 8);
    note(OPERATION_CHARGE, -5, -100);

    run_at(NOW_US);

    assert_used(3, 0);
    handback_expect_figures(100, 0, 0);
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
    handback_expect_figures(1, 0, 0);
}

static void what_sums_up_to_nothing_is_not_asked(void **state)
{
    (void)state;
    note(OPERATION_CHARGE, 3, -3);
    note(OPERATION_CHARGE, -3, 3);

    run_at(NOW_US);

    assert_int_equal(fake.asked, 0);
    handback_expect_figures(0, 0, 0);
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
    handback_expect_figures(LIMIT_COST_MAX - 5, 0, 0);
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
    handback_expect_figures(12, 0, 0);
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
    handback_expect_figures(8 + 7, 0, 0);
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
    handback_expect_figures(9 + 7 + 5, 0, 0);
}

static void what_was_given_back_meanwhile_lowers_what_comes_back(void **state)
{
    (void)state;
    use(6, 0);
    handback_refuse_next();
    note(OPERATION_TAKE, 10, 10);
    handback_run(handback, &fake.store, NOW_US);
    note(OPERATION_CHARGE, -9, -7);
    note(OPERATION_TAKE, 2, 2);
    fake_store_answer(&fake, 0);

    handback_run_out(&fake.store);

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
    handback_expect_figures(7, 5, 0);
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
    handback_refuse_next();
    note(OPERATION_CHARGE, -5, 3);
    handback_run(handback, &fake.store, NOW_US);
    note(OPERATION_CHARGE, 1, -4);
    fake_store_answer(&fake, 0);
    assert_int_equal(handback_count(handback), 1);

    handback_run_out(&fake.store);

    assert_used(4, 7);
    handback_expect_figures(4, 0, 0);
}

static void what_is_late_is_lost_by_its_size(void **state)
{
    (void)state;
    fake.answers[0] = (struct fake_answer){.status = TAKE_LATE};
    fake.answer_count = 1;
    note(OPERATION_CHARGE, -5, 3);

    run_at(NOW_US);

    assert_int_equal(fake.asked, 1);
    handback_expect_figures(0, 5, 0);
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
    handback_expect_figures(0, 5, 0);
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
    handback_expect_figures(5, 0, 65);
    note(OPERATION_CHARGE, -7, -2);
    run_at(NOW_US + HOUR_US);
    assert_int_equal(fake.asked, 1);
    handback_expect_figures(5, 0, 65 + 7);
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
    handback_expect_figures(200, 0, 110);
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

#define TEST(claim) cmocka_unit_test_setup_teardown(claim, set_up, handback_end_fake)

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
