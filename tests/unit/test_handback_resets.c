/* SPDX-License-Identifier: MIT
 *
 * What was noted while the store was away, where a reset forgets some of its counters. */
#include "handback_case.h"
#include "support/several_sets.h"

#define LIMITS 3

static const int64_t ada[LIMITS] = {1, 10, SEVERAL_SETS_COMMON}; /* a user, her org, and a pool */
static const int64_t bob[LIMITS] = {2, 10, SEVERAL_SETS_COMMON}; /* another user of the same org */
static const int64_t costs[LIMITS] = {1, 20, 300};

static struct handbacks all;
static struct handback *of_another_worker;
static struct limit limits[LIMITS];

static int set_up(void **state)
{
    (void)handback_begin_fake(state);
    all = (struct handbacks){0};
    handback_join(handback, &all);
    of_another_worker = handback_new(base, metrics);
    handback_join(of_another_worker, &all);
    handback_set_limits(limits, LIMITS, 1000);
    return 0;
}

static int tear_down(void **state)
{
    handback_free(of_another_worker);
    return handback_end_fake(state);
}

static struct operation charge_of(const int64_t sets[])
{
    return handback_operation(OPERATION_CHARGE, sets, limits, LIMITS, costs);
}

static void note(struct handback *where, const int64_t sets[])
{
    const struct operation charge = charge_of(sets);

    assert_true(handback_note(where, &charge));
}

/* As POST /reset of a user: of the limits, the first alone is his. */
static int64_t forget_user(const int64_t sets[])
{
    struct operation forget = charge_of(sets);

    forget.kind = OPERATION_FORGET;
    forget.limit_count = 1;
    forget.set_count = 1;
    return handbacks_forget(&all, &forget);
}

static void run(void)
{
    handback_run(handback, &fake.store, NOW_US);
    handback_run(of_another_worker, &fake.store, NOW_US);
}

static void assert_used(const int64_t sets[], int64_t user, int64_t org, int64_t pool)
{
    const int64_t wanted[LIMITS] = {user, org, pool};

    handback_expect_used(charge_of(sets), wanted);
}

static void what_is_forgotten_is_not_handed_back_and_the_rest_is(void **state)
{
    (void)state;
    note(handback, ada);
    note(handback, bob);

    (void)forget_user(ada);
    run();

    assert_used(ada, 0, 40, 600);
    assert_used(bob, 1, 40, 600);
    assert_int_equal(handback_count(handback), 0);
}

static void what_another_worker_has_noted_is_forgotten_too(void **state)
{
    (void)state;
    note(of_another_worker, ada);
    note(handback, ada);

    (void)forget_user(ada);
    run();

    assert_used(ada, 0, 40, 600);
}

static void what_comes_after_is_handed_back(void **state)
{
    (void)state;
    note(handback, ada);

    (void)forget_user(ada);
    note(handback, ada);
    run();

    assert_used(ada, 1, 40, 600);
}

static void what_another_policy_counts_for_the_same_user_stays(void **state)
{
    struct operation forget = charge_of(ada);
    (void)state;
    note(handback, ada);

    forget.kind = OPERATION_FORGET;
    forget.policy_id++;
    assert_int_equal(handbacks_forget(&all, &forget), 0);
    run();

    assert_used(ada, 1, 20, 300);
}

/* It was on its way, and was not charged. */
static void what_is_refused_after_a_reset_is_not_repeated(void **state)
{
    (void)state;
    note(handback, ada);
    fake.answers[0] = (struct fake_answer){.is_late = true, .status = TAKE_DOWN};
    fake.answer_count = 1;
    handback_run(handback, &fake.store, NOW_US);
    assert_int_equal(fake.pending_count, 1);

    (void)forget_user(ada);
    note(handback, bob);
    fake_store_answer(&fake, 0);
    fake.answer_count = 0;
    for (run(); handback_count(handback) > 0; run())
        assert_int_equal(event_base_dispatch(base), 1); /* a beat of its rest */

    assert_used(ada, 0, 40, 600);
    assert_used(bob, 1, 40, 600);
}

/* It was charged, so the figures say so, and nothing is left. */
static void what_was_charged_before_a_reset_is_done(void **state)
{
    (void)state;
    note(handback, ada);
    fake.answers[0] = (struct fake_answer){.is_late = true, .status = TAKE_DONE};
    fake.answer_count = 1;
    handback_run(handback, &fake.store, NOW_US);

    (void)forget_user(ada);
    fake_store_answer(&fake, 0);

    assert_int_equal(handback_count(handback), 0);
    handback_expect_figures(300, 0, 0);
}

/* The figure is the cost of the limit that was charged most. */
static void the_cost_of_what_is_forgotten_is_told(void **state)
{
    struct operation forget = charge_of(ada);
    (void)state;
    note(handback, ada);
    note(of_another_worker, ada);

    forget.kind = OPERATION_FORGET;
    assert_int_equal(handbacks_forget(&all, &forget), 600);
    run();

    assert_int_equal(fake.asked, 0);
    assert_int_equal(handback_count(handback), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_forgotten_is_not_handed_back_and_the_rest_is),
        TEST(what_another_worker_has_noted_is_forgotten_too),
        TEST(what_comes_after_is_handed_back),
        TEST(what_another_policy_counts_for_the_same_user_stays),
        TEST(what_is_refused_after_a_reset_is_not_repeated),
        TEST(what_was_charged_before_a_reset_is_done),
        TEST(the_cost_of_what_is_forgotten_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
