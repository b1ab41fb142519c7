/* SPDX-License-Identifier: MIT
 *
 * Parts of a cost, and charges after the fact, in the memory engine: of limits whose sets lie in
 * different stripes. What is answered by each algorithm is in tests/vectors/. */
#include "support/several_sets.h"
#include "table_case.h"

#include "limit/algorithm.h"

#define LIMITS 3

/* Each of its limits counts by a set of its own, in a stripe of its own. */
struct several {
    struct memory_table *table;
    struct limit limits[LIMITS];
    struct operation operation;
    struct outcome outcome; /* of the last operation */
};

static void several_open(struct several *several)
{
    static const int64_t numbers[LIMITS] = {1, 2, 3};

    *several = (struct several){
        .table = memory_table_new(1024),
        .limits = {table_window(10, MINUTE_US), table_window(6, MINUTE_US),
                   table_window(8, MINUTE_US)},
    };
    several->limits[1].algorithm = ALGORITHM_TOKEN_BUCKET;
    several->limits[2].algorithm = ALGORITHM_SLIDING_WINDOW_LOG;
    several_sets_tell_apart(several->limits, LIMITS);
    several->operation = several_sets_take(numbers, several->limits, LIMITS, 0);
    several->operation.now_us = START_US;
    for (size_t i = 0; i < LIMITS; i++)
        several->operation.sets[i].bytes[0] = (uint8_t)i;
}

static void several_close(struct several *several)
{
    memory_table_free(several->table);
}

static bool several_ask(struct several *several, enum operation_kind kind, int64_t cost)
{
    several->operation.kind = kind;
    one_set_cost(&several->operation, cost);
    memory_table_ask(several->table, &several->operation, &several->outcome);
    assert_int_equal(several->outcome.status, TAKE_DONE);
    assert_int_equal(several->outcome.count, LIMITS);
    return several->outcome.allowed;
}

static void remaining_is(const struct several *several, int64_t first, int64_t second,
                         int64_t third)
{
    assert_int_equal(several->outcome.at[0].remaining, first);
    assert_int_equal(several->outcome.at[1].remaining, second);
    assert_int_equal(several->outcome.at[2].remaining, third);
}

static void the_part_is_what_fits_all_sets(void **state)
{
    struct several several;
    (void)state;
    several_open(&several);

    assert_true(several_ask(&several, OPERATION_PART, 4));
    assert_int_equal(several.outcome.granted, 4);
    assert_true(several_ask(&several, OPERATION_PART, 500));
    assert_int_equal(several.outcome.granted, 2);
    remaining_is(&several, 4, 0, 2);
    several_close(&several);
}

static void when_nothing_fits_one_unit_is_denied_and_nothing_written(void **state)
{
    struct several several;
    (void)state;
    several_open(&several);
    assert_true(several_ask(&several, OPERATION_PART, 500));

    assert_false(several_ask(&several, OPERATION_PART, 500));

    assert_int_equal(several.outcome.granted, 0);
    assert_true(several.outcome.at[0].allowed);
    assert_false(several.outcome.at[1].allowed);
    assert_true(several.outcome.at[2].allowed);
    assert_int_equal(several.outcome.at[1].retry_us, 10 * SECOND_US);
    assert_true(several_ask(&several, OPERATION_LOOK, 500));
    remaining_is(&several, 4, 0, 2);
    several_close(&several);
}

static void a_part_of_nothing_looks(void **state)
{
    struct several several;
    (void)state;
    several_open(&several);

    assert_true(several_ask(&several, OPERATION_PART, 0));

    assert_int_equal(several.outcome.granted, 0);
    remaining_is(&several, 10, 6, 8);
    assert_int_equal(memory_table_usage(several.table).counters, 0);
    several_close(&several);
}

static void a_take_says_what_was_granted_as_well(void **state)
{
    struct several several;
    (void)state;
    several_open(&several);

    assert_true(several_ask(&several, OPERATION_TAKE, 5));
    assert_int_equal(several.outcome.granted, 5);
    assert_false(several_ask(&several, OPERATION_TAKE, 5));
    assert_int_equal(several.outcome.granted, 0);
    several_close(&several);
}

static void a_charge_passes_every_limit_and_is_given_back_to_each(void **state)
{
    struct several several;
    (void)state;
    several_open(&several);

    assert_true(several_ask(&several, OPERATION_CHARGE, 9));
    remaining_is(&several, 1, 0, 0);
    assert_false(several_ask(&several, OPERATION_TAKE, 1));
    assert_true(several_ask(&several, OPERATION_CHARGE, -4));
    remaining_is(&several, 5, 1, 3);
    assert_true(several_ask(&several, OPERATION_TAKE, 1));
    remaining_is(&several, 4, 0, 2);
    several_close(&several);
}

static void each_limit_is_charged_its_own_cost(void **state)
{
    static const int64_t costs[LIMITS] = {3, 0, -1};
    struct several several;
    (void)state;
    several_open(&several);
    assert_true(several_ask(&several, OPERATION_TAKE, 2));

    several.operation.kind = OPERATION_CHARGE;
    memcpy(several.operation.costs, costs, sizeof(costs));
    memory_table_ask(several.table, &several.operation, &several.outcome);

    remaining_is(&several, 5, 4, 7);
    several_close(&several);
}

static void a_fill_charges_each_limit_what_fits_it(void **state)
{
    struct several several;
    (void)state;
    several_open(&several);

    assert_true(several_ask(&several, OPERATION_CHARGE, 7));
    assert_true(several_ask(&several, OPERATION_FILL, 5));
    remaining_is(&several, 0, 0, 0);
    assert_true(several_ask(&several, OPERATION_CHARGE, -7));
    remaining_is(&several, 7, 6, 7);
    several_close(&several);
}

/* The window stays open; of the others nothing is left. */
static void what_is_given_back_takes_no_room(void **state)
{
    struct several several;
    (void)state;
    several_open(&several);

    assert_true(several_ask(&several, OPERATION_CHARGE, 5));
    assert_int_equal(memory_table_usage(several.table).counters, LIMITS);
    assert_true(several_ask(&several, OPERATION_CHARGE, -5));
    several.operation.now_us += 2 * SECOND_US;
    assert_true(several_ask(&several, OPERATION_LOOK, 0));

    assert_int_equal(memory_table_usage(several.table).counters, 1);
    remaining_is(&several, 10, 6, 8);
    several_close(&several);
}

static void a_log_may_be_charged_and_given_back_many_times(void **state)
{
    struct limit limit = table_window(LIMIT_LOG_QUOTA_MAX, MINUTE_US);
    struct memory_table *table = memory_table_new(65536);
    struct operation charge = table_take_of(1, &limit, 1, 1);
    struct outcome outcome = {0};
    (void)state;

    limit.algorithm = ALGORITHM_SLIDING_WINDOW_LOG;
    charge.kind = OPERATION_CHARGE;
    for (int round = 0; round < 5; round++) {
        one_set_cost(&charge, 1);
        for (int i = 0; i < 1000; i++)
            memory_table_ask(table, &charge, &outcome);
        assert_int_equal(outcome.at[0].remaining, LIMIT_LOG_QUOTA_MAX - 1000);
        one_set_cost(&charge, -LIMIT_COST_MAX);
        memory_table_ask(table, &charge, &outcome);
        assert_int_equal(outcome.at[0].remaining, LIMIT_LOG_QUOTA_MAX);
        assert_int_equal(outcome.at[0].reset_us, 0);
    }
    assert_int_equal(memory_table_usage(table).evictions, 0);
    memory_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_part_is_what_fits_all_sets),
        cmocka_unit_test(when_nothing_fits_one_unit_is_denied_and_nothing_written),
        cmocka_unit_test(a_part_of_nothing_looks),
        cmocka_unit_test(a_take_says_what_was_granted_as_well),
        cmocka_unit_test(a_charge_passes_every_limit_and_is_given_back_to_each),
        cmocka_unit_test(each_limit_is_charged_its_own_cost),
        cmocka_unit_test(a_fill_charges_each_limit_what_fits_it),
        cmocka_unit_test(what_is_given_back_takes_no_room),
        cmocka_unit_test(a_log_may_be_charged_and_given_back_many_times),
    };

    return cmocka_run_group_tests(tests, table_case_open, NULL);
}
