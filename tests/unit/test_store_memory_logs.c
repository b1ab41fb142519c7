/* SPDX-License-Identifier: MIT
 *
 * Logs of charges in the memory engine: they are bounded like everything else there, and change
 * owners without a leak. */
#include "table_case.h"

#define FLOOD_TENANT 7

static const struct limit log_limit = {.name = "log",
                                       .algorithm = ALGORITHM_SLIDING_WINDOW_LOG,
                                       .quota = 1000,
                                       .window_us = MINUTE_US,
                                       .burst = 1000};
static const struct limit window_limit = {.name = "window",
                                          .algorithm = ALGORITHM_FIXED_WINDOW,
                                          .quota = 1000,
                                          .window_us = MINUTE_US,
                                          .burst = 1000};

static struct operation take_of(int64_t subject, const struct limit *limit, int64_t at_us)
{
    struct operation take = table_take_of(subject, limit, 1, 1);

    take.now_us = at_us;
    return take;
}

static int64_t left_after(struct memory_table *table, const struct operation *take)
{
    struct outcome outcome;

    memory_table_ask(table, take, &outcome);
    return outcome.at[0].remaining;
}

/* Charges each subject in turn, one charge per millisecond. */
static void flood(struct memory_table *table, int64_t subjects, int64_t charges)
{
    for (int64_t i = 0; i < subjects * charges; i++) {
        struct operation take = take_of(i / charges, &log_limit, START_US + i / 1000);

        take.tenant = FLOOD_TENANT;
        (void)left_after(table, &take);
    }
}

static void a_log_takes_room_by_its_size(void **state)
{
    (void)state;
    struct memory_table *table = memory_table_new(1 << 20);

    flood(table, 100, 1);
    struct memory_table_usage few = memory_table_usage(table);
    flood(table, 100, 1000);
    struct memory_table_usage many = memory_table_usage(table);

    assert_int_equal(few.counters, 100);
    assert_int_equal(many.counters, 100);
    assert_true(many.bytes - few.bytes >= (size_t)100 * 1000 * 16);
    memory_table_free(table);
}

static void logs_without_end_stay_within_the_bound(void **state)
{
    (void)state;
    struct memory_table *table = memory_table_new(65536);

    flood(table, 2000, 1000);

    struct memory_table_usage usage = memory_table_usage(table);
    assert_true(usage.bytes <= (size_t)96 * 65536);
    assert_true(usage.evictions > 1000);
    memory_table_free(table);
}

static void the_logs_of_one_tenant_leave_the_counters_of_another(void **state)
{
    (void)state;
    struct memory_table *table = memory_table_new(65536);

    for (int64_t subject = 10000; subject < 10100; subject++) {
        struct operation take = take_of(subject, &window_limit, START_US);

        (void)left_after(table, &take);
    }
    flood(table, 2000, 1000);

    for (int64_t subject = 10000; subject < 10100; subject++) {
        struct operation take = take_of(subject, &window_limit, START_US + SECOND_US);

        assert_int_equal(left_after(table, &take), 998);
    }
    memory_table_free(table);
}

/* The eight logs of one policy are larger than a stripe of the smallest table. */
static void a_take_keeps_its_own_logs_however_small_the_table(void **state)
{
    (void)state;
    struct memory_table *table = memory_table_new(1024);
    struct limit limits[LIMITS_MAX];
    struct operation take = take_of(1, limits, START_US);
    struct outcome outcome;

    for (size_t i = 0; i < LIMITS_MAX; i++)
        limits[i] = log_limit;
    one_set_tell_apart(limits, LIMITS_MAX);
    take.limit_count = LIMITS_MAX;

    for (int64_t i = 1; i <= 1000; i++) {
        memory_table_ask(table, &take, &outcome);
        for (size_t limit = 0; limit < LIMITS_MAX; limit++)
            assert_int_equal(outcome.at[limit].remaining, 1000 - i);
    }
    memory_table_free(table);
}

/* The id of a limit is a short hash, so those of two different ones may be equal. */
static void numbers_are_never_taken_for_a_log_nor_a_log_for_numbers(void **state)
{
    (void)state;
    struct memory_table *table = memory_table_new(1024);
    struct operation log = take_of(1, &log_limit, START_US);
    struct operation window = take_of(1, &window_limit, START_US);

    assert_int_equal(left_after(table, &window), 999);
    assert_int_equal(left_after(table, &log), 999);
    assert_int_equal(left_after(table, &log), 998);
    assert_int_equal(left_after(table, &window), 999);
    assert_int_equal(left_after(table, &window), 998);
    memory_table_free(table);
}

static void a_log_that_has_expired_begins_anew(void **state)
{
    (void)state;
    struct memory_table *table = memory_table_new(1024);
    struct operation early = take_of(1, &log_limit, START_US);
    struct operation late = take_of(1, &log_limit, START_US + MINUTE_US);

    assert_int_equal(left_after(table, &early), 999);
    assert_int_equal(left_after(table, &late), 999);
    assert_int_equal(memory_table_usage(table).counters, 1);
    memory_table_free(table);
}

/* It is moved by a part that is denied, too. */
static void a_log_from_the_future_is_kept_from_now_on(void **state)
{
    (void)state;
    struct limit limit = log_limit;
    struct memory_table *table = memory_table_new(1024);
    struct operation take = take_of(1, &limit, START_US + 10 * MINUTE_US);
    struct outcome outcome;

    limit.quota = 1;
    (void)left_after(table, &take);
    take.now_us = START_US;
    take.kind = OPERATION_PART;
    memory_table_ask(table, &take, &outcome);
    assert_false(outcome.allowed);

    take.now_us = START_US + MINUTE_US;
    take.kind = OPERATION_FORGET;
    memory_table_ask(table, &take, &outcome);
    assert_int_equal(outcome.count, 0);
    memory_table_free(table);
}

static void a_log_can_be_forgotten(void **state)
{
    (void)state;
    struct memory_table *table = memory_table_new(1024);
    struct operation take = take_of(1, &log_limit, START_US);
    struct outcome outcome;

    (void)left_after(table, &take);
    take.kind = OPERATION_FORGET;
    memory_table_ask(table, &take, &outcome);
    take.kind = OPERATION_TAKE;

    assert_int_equal(outcome.count, 1);
    assert_int_equal(memory_table_usage(table).counters, 0);
    assert_int_equal(left_after(table, &take), 999);
    memory_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_takes_room_by_its_size),
        cmocka_unit_test(logs_without_end_stay_within_the_bound),
        cmocka_unit_test(the_logs_of_one_tenant_leave_the_counters_of_another),
        cmocka_unit_test(a_take_keeps_its_own_logs_however_small_the_table),
        cmocka_unit_test(numbers_are_never_taken_for_a_log_nor_a_log_for_numbers),
        cmocka_unit_test(a_log_that_has_expired_begins_anew),
        cmocka_unit_test(a_log_from_the_future_is_kept_from_now_on),
        cmocka_unit_test(a_log_can_be_forgotten),
    };

    return cmocka_run_group_tests(tests, table_case_open, NULL);
}
