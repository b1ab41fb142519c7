/* SPDX-License-Identifier: MIT
 *
 * What several sets of subjects and measures have used while the store was away, and what the store
 * has charged once it is handed back. */
#include "handback_case.h"
#include "support/several_sets.h"

#define LIMITS 3

static const int64_t ada[LIMITS] = {1, 10, SEVERAL_SETS_COMMON}; /* a user, her org, and a pool */
static const int64_t bob[LIMITS] = {2, 10, SEVERAL_SETS_COMMON}; /* another user of the same org */

static struct limit limits[LIMITS];

static int set_up(void **state)
{
    handback_set_limits(limits, LIMITS, 1000);
    return handback_begin_fake(state);
}

static struct operation take_of(const int64_t sets[], const int64_t costs[])
{
    return handback_operation(OPERATION_TAKE, sets, limits, LIMITS, costs);
}

static void note(const int64_t sets[], const int64_t costs[])
{
    const struct operation take = take_of(sets, costs);

    handback_note(handback, &take);
}

static void run_at(int64_t now_us)
{
    handback_run(handback, &fake.store, now_us);
    assert_int_equal(handback_count(handback), 0);
}

static void assert_used(const int64_t sets[], const int64_t wanted[], int64_t now_us)
{
    struct operation look = take_of(sets, wanted);

    look.now_us = now_us;
    handback_expect_used(look, wanted);
}

static void each_limit_is_filled_by_itself(void **state)
{
    const struct operation before = take_of(ada, (const int64_t[]){0, 998, 70});
    struct outcome outcome;
    (void)state;
    memory_table_ask(fake.table, &before, &outcome);
    assert_true(outcome.allowed);

    note(ada, (const int64_t[]){4, 5, 1000});
    run_at(NOW_US);

    assert_used(ada, (const int64_t[]){4, 1000, 1000}, NOW_US);
}

static void what_is_noted_is_summed_by_measure(void **state)
{
    (void)state;
    note(ada, (const int64_t[]){1, 300, 0});
    note(ada, (const int64_t[]){1, 20, 5});
    assert_int_equal(handback_count(handback), 1);
    run_at(NOW_US);

    assert_int_equal(fake.asked, 1);
    assert_used(ada, (const int64_t[]){2, 320, 5}, NOW_US);
    assert_int_equal(figure_get(&metrics->figures[METRIC_HANDED_BACK]), 320);
}

static void users_of_one_org_hand_back_to_its_counter_and_the_pool(void **state)
{
    (void)state;
    limits[1].quota = limits[1].burst = 4;
    note(ada, (const int64_t[]){1, 1, 100});
    note(bob, (const int64_t[]){1, 1, 100});
    note(ada, (const int64_t[]){2, 2, 100});
    note(bob, (const int64_t[]){1, 1, 100});
    assert_int_equal(handback_count(handback), 2);
    run_at(NOW_US);

    assert_used(ada, (const int64_t[]){3, 4, 400}, NOW_US);
    assert_used(bob, (const int64_t[]){2, 4, 400}, NOW_US);
}

static void quota_set(size_t limit, int64_t quota)
{
    limits[limit].quota = limits[limit].burst = quota;
}

/* As checks have them under a quota of their own, with a low priority, or before an edit. */
static void limits_of_other_sizes_are_handed_back_by_the_largest(void **state)
{
    (void)state;
    note(ada, (const int64_t[]){1, 600, 600});
    quota_set(1, 2000);
    quota_set(2, 500);
    note(ada, (const int64_t[]){1, 600, 1});
    quota_set(1, 800);
    quota_set(2, 700);
    note(ada, (const int64_t[]){1, 1, 1});
    quota_set(1, 5); /* the notes do not borrow it */
    run_at(NOW_US);

    assert_int_equal(fake.asked, 1);
    quota_set(1, LIMIT_COST_MAX);
    quota_set(2, LIMIT_COST_MAX);
    assert_used(ada, (const int64_t[]){3, 1201, 602}, NOW_US);
}

static void nothing_is_filled_beyond_the_largest(void **state)
{
    (void)state;
    quota_set(1, 2000);
    note(ada, (const int64_t[]){1, 1900, 900});
    quota_set(1, 1000);
    note(ada, (const int64_t[]){1, 900, 900});
    run_at(NOW_US);

    quota_set(1, LIMIT_COST_MAX);
    quota_set(2, LIMIT_COST_MAX);
    assert_used(ada, (const int64_t[]){2, 2000, 1000}, NOW_US);
}

/* Nothing is left that it has allowed. */
static void a_large_limit_goes_with_what_is_let_go(void **state)
{
    const int64_t late_us = NOW_US + MINUTE_US;
    struct operation later;
    (void)state;
    quota_set(1, 2000);
    note(ada, (const int64_t[]){1, 900, 1});
    quota_set(1, 1000);
    later = take_of(ada, (const int64_t[]){1, 700, 1});
    later.now_us = late_us;
    handback_note(handback, &later);
    handback_note(handback, &later);
    run_at(late_us);

    quota_set(1, LIMIT_COST_MAX);
    assert_used(ada, (const int64_t[]){2, 1000, 2}, late_us);
}

static void a_large_limit_that_charged_nothing_lets_in_no_more(void **state)
{
    (void)state;
    note(ada, (const int64_t[]){1, 900, 1});
    quota_set(1, 2000);
    note(ada, (const int64_t[]){1, 0, 1});
    quota_set(1, 1000);
    note(ada, (const int64_t[]){1, 900, 1});
    run_at(NOW_US);

    quota_set(1, LIMIT_COST_MAX);
    assert_used(ada, (const int64_t[]){3, 1000, 3}, NOW_US);
}

/* They may differ in their rates. */
static void of_limits_of_one_size_the_latest_is_kept(void **state)
{
    (void)state;
    limits[1].algorithm = ALGORITHM_TOKEN_BUCKET;
    limits[1].quota = 1;
    note(ada, (const int64_t[]){1, 600, 1});
    limits[1].quota = 1000;
    note(ada, (const int64_t[]){1, 600, 1});
    run_at(NOW_US);
    limits[1].quota = 1;

    note(ada, (const int64_t[]){1, 600, 1});
    limits[1].quota = 1000;
    note(ada, (const int64_t[]){1, 300, 1});
    run_at(NOW_US + MINUTE_US / 2); /* half of the bucket came back */

    assert_int_equal(fake.asked, 2);
    assert_used(ada, (const int64_t[]){4, 1000, 4}, NOW_US + MINUTE_US / 2);
}

/* An edit moves one limit to another place, and takes one away. */
static void a_policy_with_other_limits_is_handed_back_to_the_counters_that_stay(void **state)
{
    const struct limit edited[] = {limits[1], limits[0]};
    struct operation after = take_of(ada, (const int64_t[]){20, 2, 0});
    (void)state;
    after.limits = edited;
    after.limit_count = ARRAY_COUNT(edited);

    note(ada, (const int64_t[]){1, 10, 100});
    handback_note(handback, &after);
    assert_int_equal(handback_count(handback), 2);
    run_at(NOW_US);

    assert_used(ada, (const int64_t[]){3, 30, 100}, NOW_US);
}

static void a_sum_that_is_full_leaves_the_others_exact(void **state)
{
    (void)state;
    limits[1].quota = limits[1].burst = LIMIT_COST_MAX;
    note(ada, (const int64_t[]){1, LIMIT_COST_MAX, 10});
    note(ada, (const int64_t[]){1, LIMIT_COST_MAX, 20});
    note(ada, (const int64_t[]){1, 1, 30});
    run_at(NOW_US);

    assert_used(ada, (const int64_t[]){3, LIMIT_COST_MAX, 60}, NOW_US);
}

/* It was noted again on its way to the store. */
static void what_comes_back_is_added_by_measure(void **state)
{
    (void)state;
    handback_refuse_next();
    note(ada, (const int64_t[]){1, 300, 0});
    handback_run(handback, &fake.store, NOW_US);
    note(ada, (const int64_t[]){2, 20, 5});
    fake_store_answer(&fake, 0);
    assert_int_equal(handback_count(handback), 1);

    handback_run_out(&fake.store);

    assert_used(ada, (const int64_t[]){3, 320, 5}, NOW_US);
}

/* The pool's window is longer. */
static void a_limit_is_not_charged_what_its_window_has_forgotten(void **state)
{
    const int64_t late_us = NOW_US + MINUTE_US;
    (void)state;
    limits[2].window_us = HOUR_US;
    note(ada, (const int64_t[]){1, 300, 70});
    run_at(late_us);

    assert_used(ada, (const int64_t[]){0, 0, 70}, late_us);
    assert_int_equal(figure_get(&metrics->figures[METRIC_HANDED_BACK]), 70);
}

#define TEST(claim) cmocka_unit_test_setup_teardown(claim, set_up, handback_end_fake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_limit_is_filled_by_itself),
        TEST(what_is_noted_is_summed_by_measure),
        TEST(users_of_one_org_hand_back_to_its_counter_and_the_pool),
        TEST(limits_of_other_sizes_are_handed_back_by_the_largest),
        TEST(nothing_is_filled_beyond_the_largest),
        TEST(a_large_limit_goes_with_what_is_let_go),
        TEST(a_large_limit_that_charged_nothing_lets_in_no_more),
        TEST(of_limits_of_one_size_the_latest_is_kept),
        TEST(a_policy_with_other_limits_is_handed_back_to_the_counters_that_stay),
        TEST(a_sum_that_is_full_leaves_the_others_exact),
        TEST(what_comes_back_is_added_by_measure),
        TEST(a_limit_is_not_charged_what_its_window_has_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
