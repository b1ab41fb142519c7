/* SPDX-License-Identifier: MIT */
#include "limit/charge_log.h"

#include "limit/limit.h"
#include "support/cmocka.h"

/* Charges of 1, at 10 µs, 20 µs, ... */
static struct charge_log *log_of(int64_t count)
{
    struct charge_log *log = NULL;

    for (int64_t i = 1; i <= count; i++)
        charge_log_add(&log, 10 * i, i, 0);
    return log;
}

static void a_log_that_is_not_there_is_empty(void **state)
{
    (void)state;

    assert_int_equal(charge_log_count(NULL), 0);
    assert_int_equal(charge_log_total(NULL), 0);
    assert_int_equal(charge_log_rank_after(NULL, 0), 0);
    assert_int_equal(charge_log_rank_from(NULL, 0), 0);
    assert_int_equal(charge_log_bytes(NULL), 0);
    charge_log_free(NULL);
}

static void charges_are_kept_in_order_with_what_went_before(void **state)
{
    (void)state;
    struct charge_log *log = log_of(100);

    assert_int_equal(charge_log_count(log), 100);
    assert_int_equal(charge_log_total(log), 5050);
    assert_int_equal(charge_log_at(log, 0).before, 0);
    assert_int_equal(charge_log_at(log, 99).at_us, 1000);
    assert_int_equal(charge_log_at(log, 99).before, 4950);
    charge_log_free(log);
}

static void a_rank_is_found_by_time_and_by_total(void **state)
{
    (void)state;
    struct charge_log *log = log_of(10);

    assert_int_equal(charge_log_rank_after(log, 9), 0);
    assert_int_equal(charge_log_rank_after(log, 10), 1);
    assert_int_equal(charge_log_rank_after(log, 100), 10);
    assert_int_equal(charge_log_rank_from(log, 0), 0);
    assert_int_equal(charge_log_rank_from(log, 1), 1);
    assert_int_equal(charge_log_rank_from(log, 2), 2);
    assert_int_equal(charge_log_rank_from(log, 46), 10);
    charge_log_free(log);
}

static void charges_of_one_moment_are_kept_apart(void **state)
{
    (void)state;
    struct charge_log *log = NULL;

    charge_log_add(&log, 5, 1, 0);
    charge_log_add(&log, 5, 1, 0);

    assert_int_equal(charge_log_count(log), 2);
    assert_int_equal(charge_log_rank_after(log, 4), 0);
    assert_int_equal(charge_log_rank_after(log, 5), 2);
    charge_log_free(log);
}

static void what_is_over_is_dropped_and_still_counts_in_the_total(void **state)
{
    (void)state;
    struct charge_log *log = log_of(10);

    charge_log_add(&log, 110, 7, 100);

    assert_int_equal(charge_log_count(log), 1);
    assert_int_equal(charge_log_at(log, 0).before, 55);
    assert_int_equal(charge_log_total(log), 62);
    charge_log_free(log);
}

/* The window moves along. The ring goes round many times, at every fill level. */
static void a_log_that_moves_along_takes_no_more_memory(void **state)
{
    (void)state;

    for (int64_t width = 1; width <= 40; width++) {
        struct charge_log *log = NULL;

        for (int64_t at_us = 1; at_us <= 1000; at_us++) {
            charge_log_add(&log, at_us, 1, at_us - width);
            int64_t kept = at_us < width ? at_us : width;
            assert_int_equal(charge_log_count(log), kept);
            assert_int_equal(charge_log_at(log, 0).at_us, at_us - kept + 1);
            assert_int_equal(charge_log_at(log, 0).before, at_us - kept);
            assert_true(charge_log_bytes(log) <= (size_t)(100 + 32 * width));
        }
        charge_log_free(log);
    }
}

static void memory_comes_back_when_a_burst_is_over(void **state)
{
    (void)state;
    struct charge_log *log = log_of(10000);
    size_t full = charge_log_bytes(log);

    for (int64_t i = 0; i < 20; i++)
        charge_log_add(&log, 200000 + i, 1, 100000);

    assert_true(full > 160000);
    assert_true(charge_log_bytes(log) < 2048);
    assert_int_equal(charge_log_count(log), 20);
    charge_log_free(log);
}

static void what_was_later_is_moved_as_one(void **state)
{
    (void)state;
    struct charge_log *log = log_of(10);

    assert_false(charge_log_move(log, 100));
    assert_true(charge_log_move(log, 75));

    assert_int_equal(charge_log_count(log), 8);
    assert_int_equal(charge_log_at(log, 6).at_us, 70);
    assert_int_equal(charge_log_at(log, 7).at_us, 75);
    assert_int_equal(charge_log_at(log, 7).before, 28);
    assert_int_equal(charge_log_total(log), 55);
    charge_log_free(log);
}

static void with_more_than_may_leave_at_once_all_are_moved(void **state)
{
    (void)state;
    struct charge_log *log = log_of(CHARGE_LOG_LEAVE_MAX + 10);

    assert_true(charge_log_move(log, 95));

    assert_int_equal(charge_log_count(log), 1);
    assert_int_equal(charge_log_at(log, 0).at_us, 95);
    assert_int_equal(charge_log_at(log, 0).before, 0);
    charge_log_free(log);
}

static void what_joins_stays_at_the_time_of_the_last_charge(void **state)
{
    (void)state;
    struct charge_log *log = log_of(3);

    charge_log_join(log, 4, 10);

    assert_int_equal(charge_log_count(log), 2);
    assert_int_equal(charge_log_at(log, 1).at_us, 30);
    assert_int_equal(charge_log_at(log, 1).before, 3);
    assert_int_equal(charge_log_total(log), 10);
    charge_log_free(log);
}

static void the_newest_is_given_back_first(void **state)
{
    (void)state;
    struct charge_log *log = log_of(4);

    charge_log_give_back(log, 3, 0); /* a part of the last */
    assert_int_equal(charge_log_count(log), 4);
    assert_int_equal(charge_log_total(log), 7);

    charge_log_give_back(log, 1, 0); /* the rest of it */
    assert_int_equal(charge_log_count(log), 3);
    assert_int_equal(charge_log_at(log, 2).at_us, 30);
    assert_int_equal(charge_log_total(log), 6);

    charge_log_give_back(log, 4, 0); /* the third, and a part of the second */
    assert_int_equal(charge_log_count(log), 2);
    assert_int_equal(charge_log_at(log, 1).at_us, 20);
    assert_int_equal(charge_log_at(log, 1).before, 1);
    assert_int_equal(charge_log_total(log), 2);
    charge_log_free(log);
}

/* Of 1, 2, 3 and 4 the first two are over, and do not count. */
static void only_what_counts_is_given_back(void **state)
{
    (void)state;
    struct charge_log *log = log_of(4);

    charge_log_give_back(log, 7, 20);

    assert_int_equal(charge_log_count(log), 0);
    charge_log_add(&log, 50, 5, 20);
    assert_int_equal(charge_log_count(log), 1);
    assert_int_equal(charge_log_total(log) - charge_log_at(log, 0).before, 5);
    charge_log_free(log);
}

static void it_is_known_which_charge_is_left(void **state)
{
    (void)state;
    struct charge_log *log = log_of(4);

    assert_int_equal(charge_log_left(log, 0), 3);
    assert_int_equal(charge_log_left(log, 3), 3);
    assert_int_equal(charge_log_left(log, 4), 2);
    assert_int_equal(charge_log_left(log, 9), 0);
    assert_int_equal(charge_log_left(log, 10), 0);
    charge_log_free(log);
}

/* The ring has gone round, so its first slot is anywhere. */
static void many_that_go_at_once_leave_one(void **state)
{
    (void)state;
    for (int64_t turn = 0; turn < 300; turn += 7) {
        for (int64_t gone = CHARGE_LOG_LEAVE_MAX; gone <= CHARGE_LOG_LEAVE_MAX + 1; gone++) {
            struct charge_log *log = log_of(1);
            const int64_t count = 3 + gone;

            for (int64_t i = 0; i < turn; i++)
                charge_log_add(&log, 20 + i, 1, 19 + i);
            for (int64_t i = 0; i < count; i++)
                charge_log_add(&log, 1000 + 10 * i, 1, 999);
            const int64_t before = charge_log_at(log, 0).before;
            charge_log_give_back(log, gone, 999);

            const bool is_one = gone > CHARGE_LOG_LEAVE_MAX;
            const size_t left = is_one ? 1 : 3;
            assert_int_equal(charge_log_count(log), left);
            assert_int_equal(charge_log_at(log, 0).at_us, is_one ? 1020 : 1000);
            assert_int_equal(charge_log_at(log, 0).before, before);
            assert_int_equal(charge_log_at(log, left - 1).at_us, 1020);
            assert_int_equal(charge_log_total(log), before + 3);
            charge_log_free(log);
        }
    }
}

static void when_the_sums_end_a_charge_begins_them_anew(void **state)
{
    (void)state;
    struct charge_log *log = log_of(3);

    charge_log_add(&log, 40, LIMIT_COST_MAX - 5, 10); /* 1 is over, 2 and 3 are left */

    assert_int_equal(charge_log_count(log), 2);
    assert_int_equal(charge_log_at(log, 0).at_us, 40);
    assert_int_equal(charge_log_at(log, 0).before, 0);
    assert_int_equal(charge_log_at(log, 1).at_us, 40);
    assert_int_equal(charge_log_at(log, 1).before, 5);
    assert_int_equal(charge_log_total(log), LIMIT_COST_MAX);
    charge_log_free(log);
}

static void when_the_sums_end_a_charge_that_joins_makes_one_of_all(void **state)
{
    (void)state;
    struct charge_log *log = log_of(3);

    charge_log_join(log, LIMIT_COST_MAX - 5, 10);

    assert_int_equal(charge_log_count(log), 1);
    assert_int_equal(charge_log_at(log, 0).at_us, 30);
    assert_int_equal(charge_log_at(log, 0).before, 0);
    assert_int_equal(charge_log_total(log), LIMIT_COST_MAX);
    charge_log_free(log);
}

static void when_nothing_counts_any_more_the_sums_begin_at_0(void **state)
{
    (void)state;
    struct charge_log *log = log_of(3);

    charge_log_add(&log, 40, LIMIT_COST_MAX, 30);

    assert_int_equal(charge_log_count(log), 1);
    assert_int_equal(charge_log_at(log, 0).before, 0);
    assert_int_equal(charge_log_total(log), LIMIT_COST_MAX);
    charge_log_free(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_that_is_not_there_is_empty),
        cmocka_unit_test(charges_are_kept_in_order_with_what_went_before),
        cmocka_unit_test(a_rank_is_found_by_time_and_by_total),
        cmocka_unit_test(charges_of_one_moment_are_kept_apart),
        cmocka_unit_test(what_is_over_is_dropped_and_still_counts_in_the_total),
        cmocka_unit_test(a_log_that_moves_along_takes_no_more_memory),
        cmocka_unit_test(memory_comes_back_when_a_burst_is_over),
        cmocka_unit_test(what_was_later_is_moved_as_one),
        cmocka_unit_test(with_more_than_may_leave_at_once_all_are_moved),
        cmocka_unit_test(what_joins_stays_at_the_time_of_the_last_charge),
        cmocka_unit_test(the_newest_is_given_back_first),
        cmocka_unit_test(only_what_counts_is_given_back),
        cmocka_unit_test(it_is_known_which_charge_is_left),
        cmocka_unit_test(many_that_go_at_once_leave_one),
        cmocka_unit_test(when_the_sums_end_a_charge_begins_them_anew),
        cmocka_unit_test(when_the_sums_end_a_charge_that_joins_makes_one_of_all),
        cmocka_unit_test(when_nothing_counts_any_more_the_sums_begin_at_0),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
