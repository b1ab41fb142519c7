/* SPDX-License-Identifier: MIT
 *
 * What is handed back of what was noted, and what is let go. */
#include "recorder_case.h"
#include "support/one_set.h"

static void the_costs_of_a_counter_are_charged_as_one_as_far_as_they_fit(void **state)
{
    (void)state;
    recorder_note(1, 2, NOW_US);
    recorder_note(2, 4, NOW_US);
    recorder_note(1, 3, NOW_US);

    handback_run(handback, &recorder.store, NOW_US + SECOND_US);

    assert_int_equal(recorder.count, 2);
    assert_int_equal(recorder.takes[0].policy_id, 1);
    assert_int_equal(recorder.takes[0].costs[0], 5);
    assert_int_equal(recorder.takes[0].now_us, NOW_US + SECOND_US);
    assert_int_equal(recorder.takes[1].costs[0], 4);
    assert_true(recorder.takes[0].kind == OPERATION_FILL &&
                recorder.takes[1].kind == OPERATION_FILL);
    assert_int_equal(handback_count(handback), 0);
    handback_expect_figures(9, 0, 0);
}

/* It may have been charged already. */
static void what_is_late_is_not_handed_back_again(void **state)
{
    (void)state;
    recorder_note(1, 2, NOW_US);
    recorder.answers_later = true;

    recorder_run();
    recorder.done(recorder.contexts[0], &(struct outcome){.status = TAKE_LATE});
    recorder_run();

    assert_int_equal(recorder.count, 1);
    assert_int_equal(handback_count(handback), 0);
    handback_expect_figures(0, 2, 0);
}

static void on_no_room(void *context, const char *owner)
{
    assert_string_equal(owner, "app_of_the_note");
    (*(int *)context)++;
}

/* Its app has no room for the counter now, and perhaps not for long. */
static void what_has_no_room_is_lost_and_told_with_its_owner(void **state)
{
    struct operation take = one_set_take(1, &recorder_minute, 1, 2);
    char owner[] = "app_of_the_note";
    int told = 0;
    (void)state;
    take.now_us = NOW_US;
    take.owner = owner;
    handback_on_no_room(handback, &told, on_no_room);
    handback_note(handback, &take);
    owner[0] = '\0'; /* it was only borrowed */
    recorder.status = TAKE_QUOTA;
    recorder_run();

    assert_int_equal(told, 1);

    assert_int_equal(recorder.count, 1);
    assert_int_equal(handback_count(handback), 0);
    handback_expect_figures(0, 2, 0);
}

static void what_no_window_holds_any_more_is_let_go(void **state)
{
    (void)state;
    recorder_note(1, 2, NOW_US);
    recorder_note(2, 2, NOW_US + SECOND_US);

    handback_run(handback, &recorder.store, NOW_US + MINUTE_US);

    assert_int_equal(recorder.count, 1);
    assert_int_equal(recorder.takes[0].policy_id, 2);
    assert_int_equal(handback_count(handback), 0);
    handback_expect_figures(2, 0, 2);
}

/* Else what a long limit remembers would fill a short one that is empty by now. */
static void of_several_limits_each_lets_go_of_what_it_holds_no_more(void **state)
{
    (void)state;
    struct limit limits[] = {recorder_minute, recorder_minute};
    limits[1].window_us = HOUR_US;
    one_set_tell_apart(limits, ARRAY_COUNT(limits));
    struct operation take = one_set_take(1, limits, ARRAY_COUNT(limits), 2);
    take.now_us = NOW_US;
    handback_note(handback, &take);
    take.now_us = NOW_US + MINUTE_US;
    handback_note(handback, &take);
    take.policy_id++;
    handback_note(handback, &take);

    handback_run(handback, &recorder.store, NOW_US + MINUTE_US + SECOND_US);

    assert_int_equal(recorder.takes[0].costs[0], 2);
    assert_int_equal(recorder.takes[0].costs[1], 4);
    handback_note(handback, &take);
    handback_run(handback, &recorder.store, NOW_US + 2 * MINUTE_US);
    assert_int_equal(recorder.count, 3);
    assert_int_equal(recorder.takes[2].limit_count, 1); /* the short one is not asked */
    assert_int_equal(recorder.takes[2].costs[0], 2);
}

/* A bucket of twice its rate is full again after two windows. A sliding window counts in the next
 * window too. */
static void what_counts_for_longer_than_a_window_is_kept_so_long(void **state)
{
    static const struct limit limits[] = {
        {.algorithm = ALGORITHM_TOKEN_BUCKET, .quota = 10, .window_us = MINUTE_US, .burst = 20},
        {.algorithm = ALGORITHM_LEAKY_BUCKET, .quota = 10, .window_us = MINUTE_US, .burst = 20},
        {.algorithm = ALGORITHM_SLIDING_WINDOW, .quota = 10, .window_us = MINUTE_US, .burst = 10},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(limits); i++) {
        struct operation take = one_set_take(1, &limits[i], 1, 1);

        take.policy_id = i;
        take.now_us = NOW_US;
        handback_note(handback, &take);
        handback_note(handback, &take);
    }
    recorder.is_ready = false;

    handback_run(handback, &recorder.store, NOW_US + 2 * MINUTE_US - 1);
    assert_int_equal(handback_count(handback), 3);
    recorder.is_ready = true;
    handback_run(handback, &recorder.store, NOW_US + 2 * MINUTE_US - 1);

    assert_int_equal(recorder.count, 3);
    handback_expect_figures(6, 0, 0);
}

static void a_sum_does_not_overflow(void **state)
{
    (void)state;
    recorder_note(1, LIMIT_COST_MAX, NOW_US);
    recorder_note(1, LIMIT_COST_MAX, NOW_US);

    recorder_run();

    assert_int_equal(recorder.takes[0].costs[0], LIMIT_COST_MAX);
}

#define TEST(claim) cmocka_unit_test_setup_teardown(claim, recorder_begin, handback_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_costs_of_a_counter_are_charged_as_one_as_far_as_they_fit),
        TEST(what_is_late_is_not_handed_back_again),
        TEST(what_has_no_room_is_lost_and_told_with_its_owner),
        TEST(what_no_window_holds_any_more_is_let_go),
        TEST(of_several_limits_each_lets_go_of_what_it_holds_no_more),
        TEST(what_counts_for_longer_than_a_window_is_kept_so_long),
        TEST(a_sum_does_not_overflow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
