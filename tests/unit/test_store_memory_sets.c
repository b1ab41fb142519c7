/* SPDX-License-Identifier: MIT
 *
 * Operations on several sets of subjects in the memory engine. Their counters lie in several
 * stripes, or together in one. */
#include "support/several_sets.h"
#include "table_case.h"

#define STRIPES 64
#define SMALL   INT64_C(1024) /* 16 counters in each stripe */
#define SETS    3

static const int64_t ada[SETS] = {1, 10, SEVERAL_SETS_COMMON}; /* a user, her org, and a pool */
static const int64_t bob[SETS] = {2, 10, SEVERAL_SETS_COMMON}; /* another user of the same org */

/* A take over LIMITS_MAX sets. The first byte of a set chooses its stripe. */
struct spread {
    size_t stripes; /* the sets are in so many, in turn */
};

static const struct spread spreads[] = {{1}, {2}, {LIMITS_MAX}};

static void windows_make(struct limit limits[], size_t count, int64_t quota, int64_t window_us)
{
    for (size_t i = 0; i < count; i++)
        limits[i] = table_window(quota, window_us);
    several_sets_tell_apart(limits, count);
}

static struct operation take_of(const int64_t sets[], const struct limit limits[], size_t count)
{
    struct operation take = several_sets_take(sets, limits, count, 1);

    take.now_us = START_US;
    return take;
}

/* No two numbers have a set in common. */
static struct operation spread_take(const struct spread *spread, int64_t number,
                                    const struct limit limits[])
{
    int64_t sets[LIMITS_MAX];

    for (size_t i = 0; i < LIMITS_MAX; i++)
        sets[i] = 1 + number * LIMITS_MAX + (int64_t)i;

    struct operation take = take_of(sets, limits, LIMITS_MAX);

    for (size_t i = 0; i < LIMITS_MAX; i++)
        take.sets[i].bytes[0] = (uint8_t)(number + (int64_t)(i % spread->stripes));
    return take;
}

static void assert_remaining(struct memory_table *table, const struct operation *take,
                             const int64_t remaining[])
{
    for (size_t i = 0; i < SETS; i++)
        assert_int_equal(table_remaining(table, *take, i), remaining[i]);
}

static void a_denial_by_one_set_charges_none_in_any_stripe(void **state)
{
    struct limit limits[LIMITS_MAX];
    (void)state;
    windows_make(limits, LIMITS_MAX, 10, MINUTE_US);

    for (size_t at = 0; at < ARRAY_COUNT(spreads) * LIMITS_MAX; at++) {
        struct memory_table *table = memory_table_new(SMALL);
        struct operation take = spread_take(&spreads[at / LIMITS_MAX], 1, limits);
        struct operation denied = take;

        assert_true(table_allows(table, &take));
        denied.costs[at % LIMITS_MAX] = 10;
        assert_false(table_allows(table, &denied));

        for (size_t i = 0; i < LIMITS_MAX; i++)
            assert_int_equal(table_remaining(table, take, i), 9);
        memory_table_free(table);
    }
}

static void a_denied_take_of_new_sets_takes_no_memory(void **state)
{
    struct memory_table *table = memory_table_new(SMALL);
    struct limit limits[SETS];
    struct operation take;
    (void)state;
    windows_make(limits, SETS, 10, MINUTE_US);

    take = take_of(ada, limits, SETS);
    take.costs[SETS - 1] = 11;
    assert_false(table_allows(table, &take));

    assert_int_equal(memory_table_usage(table).counters, 0);
    memory_table_free(table);
}

static void users_of_one_org_share_its_counter_and_the_pool(void **state)
{
    struct memory_table *table = memory_table_new(SMALL);
    struct limit limits[SETS];
    (void)state;
    windows_make(limits, SETS, 3, MINUTE_US);
    const struct operation of_ada = take_of(ada, limits, SETS);
    const struct operation of_bob = take_of(bob, limits, SETS);

    assert_true(table_allows(table, &of_ada));
    assert_true(table_allows(table, &of_ada));
    assert_true(table_allows(table, &of_bob));
    assert_false(table_allows(table, &of_bob));

    assert_remaining(table, &of_ada, (const int64_t[]){1, 0, 0});
    assert_remaining(table, &of_bob, (const int64_t[]){2, 0, 0});
    assert_int_equal(memory_table_usage(table).counters, 4);
    memory_table_free(table);
}

static void sets_that_are_the_same_have_a_counter_for_each_limit(void **state)
{
    static const int64_t same[SETS] = {1, 1, 1};
    struct memory_table *table = memory_table_new(SMALL);
    struct limit limits[SETS];
    (void)state;
    windows_make(limits, SETS, 10, MINUTE_US);
    struct operation take = take_of(same, limits, SETS);

    for (size_t i = 0; i < SETS; i++)
        take.costs[i] = (int64_t)i + 1;
    assert_true(table_allows(table, &take));
    assert_true(table_allows(table, &take));

    assert_remaining(table, &take, (const int64_t[]){8, 6, 4});
    memory_table_free(table);
}

static void each_limit_is_filled_by_itself(void **state)
{
    struct memory_table *table = memory_table_new(SMALL);
    struct limit limits[SETS];
    (void)state;
    windows_make(limits, SETS, 10, MINUTE_US);
    limits[1].quota = limits[1].burst = 2;
    struct operation fill = take_of(ada, limits, SETS);

    fill.kind = OPERATION_FILL;
    fill.costs[0] = 4;
    fill.costs[1] = 4;
    fill.costs[2] = 11;
    assert_true(table_allows(table, &fill));

    assert_remaining(table, &fill, (const int64_t[]){6, 0, 0});
    memory_table_free(table);
}

static void forgetting_some_sets_leaves_the_others(void **state)
{
    struct memory_table *table = memory_table_new(SMALL);
    struct limit limits[SETS];
    struct outcome outcome;
    (void)state;
    windows_make(limits, SETS, 10, MINUTE_US);
    const struct operation take = take_of(ada, limits, SETS);
    struct operation forget = take;

    assert_true(table_allows(table, &take));
    forget.kind = OPERATION_FORGET;
    forget.limit_count = 2;
    memory_table_ask(table, &forget, &outcome);

    assert_int_equal(outcome.status, TAKE_DONE);
    assert_int_equal(outcome.count, 2);
    assert_remaining(table, &take, (const int64_t[]){10, 10, 9});
    memory_table_ask(table, &forget, &outcome);
    assert_int_equal(outcome.count, 0);
    assert_int_equal(memory_table_usage(table).counters, 1);
    memory_table_free(table);
}

/* What all sets have in common has changed, so all counters start afresh. */
static void another_tag_is_another_counter_of_each_set(void **state)
{
    struct memory_table *table = memory_table_new(SMALL);
    struct limit limits[SETS];
    struct outcome outcome;
    (void)state;
    windows_make(limits, SETS, 1, MINUTE_US);
    const struct operation take = take_of(ada, limits, SETS);
    struct operation other = take;

    other.tag = one_set_digest(99);
    assert_true(table_allows(table, &take));
    assert_true(table_allows(table, &other));
    assert_false(table_allows(table, &take));
    assert_false(table_allows(table, &other));
    assert_int_equal(memory_table_usage(table).counters, 2 * SETS);

    other.kind = OPERATION_FORGET;
    memory_table_ask(table, &other, &outcome);
    assert_int_equal(outcome.count, SETS);
    assert_remaining(table, &take, (const int64_t[]){0, 0, 0});
    memory_table_free(table);
}

/* These expire before all others, so they would go first. */
static void a_full_table_drops_no_counter_of_the_operation_itself(void **state)
{
    struct limit others = table_window(1, HOUR_US);
    struct limit limits[LIMITS_MAX];
    (void)state;
    windows_make(limits, LIMITS_MAX, 2, SECOND_US);

    for (size_t i = 0; i < ARRAY_COUNT(spreads); i++) {
        struct memory_table *table = memory_table_new(SMALL);

        table_take_from_subjects(table, 100000, 10 * SMALL, &others, START_US);
        for (int64_t number = 0; number < 100; number++) {
            const struct operation take = spread_take(&spreads[i], number, limits);

            assert_true(table_allows(table, &take));
            for (size_t limit = 0; limit < LIMITS_MAX; limit++)
                assert_int_equal(table_remaining(table, take, limit), 1);
        }
        assert_int_equal(memory_table_usage(table).counters, SMALL);
        memory_table_free(table);
    }
}

/* Logs grow with each charge, until each takes more room than a stripe has. */
static void logs_that_grow_in_full_stripes_drop_no_log_of_the_operation(void **state)
{
    struct limit others = table_window(1, HOUR_US);
    struct limit limits[LIMITS_MAX];
    (void)state;
    windows_make(limits, LIMITS_MAX, 100, MINUTE_US);
    for (size_t i = 0; i < LIMITS_MAX; i++)
        limits[i].algorithm = ALGORITHM_SLIDING_WINDOW_LOG;

    for (size_t i = 0; i < ARRAY_COUNT(spreads); i++) {
        struct memory_table *table = memory_table_new(SMALL);
        struct operation take = spread_take(&spreads[i], 1, limits);

        table_take_from_subjects(table, 100000, 10 * SMALL, &others, START_US);
        for (int64_t used = 1; used <= 100; used++) {
            assert_true(table_allows(table, &take));
            for (size_t limit = 0; limit < LIMITS_MAX; limit++)
                assert_int_equal(table_remaining(table, take, limit), 100 - used);
            take.now_us++;
        }
        assert_false(table_allows(table, &take));
        assert_int_equal(memory_table_usage(table).counters,
                         SMALL - SMALL / STRIPES * spreads[i].stripes + LIMITS_MAX);
        memory_table_free(table);
    }
}

/* One tenant asks with many new sets. The other one has a few counters in the same stripes. */
static void a_flood_of_sets_takes_room_from_its_own_tenant_alone(void **state)
{
    struct limit limits[LIMITS_MAX];
    (void)state;
    windows_make(limits, LIMITS_MAX, 5, HOUR_US);

    for (size_t i = 0; i < ARRAY_COUNT(spreads); i++) {
        struct memory_table *table = memory_table_new(8 * SMALL);
        const struct operation victim = spread_take(&spreads[i], 0, limits);
        uint64_t taken = 1;

        assert_true(table_allows(table, &victim));
        for (int64_t number = 1; number < 8 * SMALL; number++, taken++) {
            struct operation take = spread_take(&spreads[i], number, limits);

            take.tenant = 1;
            assert_true(table_allows(table, &take));
        }

        const struct memory_table_usage usage = memory_table_usage(table);

        for (size_t limit = 0; limit < LIMITS_MAX; limit++)
            assert_int_equal(table_remaining(table, victim, limit), 4);
        assert_int_equal(usage.counters, 8 * SMALL);
        assert_int_equal(usage.evictions, LIMITS_MAX * taken - usage.counters);
        memory_table_free(table);
    }
}

static void an_operation_sweeps_all_of_its_stripes(void **state)
{
    struct memory_table *table = memory_table_new(SMALL);
    struct limit limits[LIMITS_MAX];
    const struct spread *each = &spreads[ARRAY_COUNT(spreads) - 1];
    (void)state;
    windows_make(limits, LIMITS_MAX, 5, SECOND_US);
    struct operation take = spread_take(each, 64, limits);

    assert_true(table_allows(table, &take));
    take = spread_take(each, 0, limits); /* in the same stripes */
    take.kind = OPERATION_LOOK;
    take.now_us += MINUTE_US;
    assert_true(table_allows(table, &take));

    assert_int_equal(memory_table_usage(table).counters, 0);
    memory_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_denial_by_one_set_charges_none_in_any_stripe),
        cmocka_unit_test(a_denied_take_of_new_sets_takes_no_memory),
        cmocka_unit_test(users_of_one_org_share_its_counter_and_the_pool),
        cmocka_unit_test(sets_that_are_the_same_have_a_counter_for_each_limit),
        cmocka_unit_test(each_limit_is_filled_by_itself),
        cmocka_unit_test(forgetting_some_sets_leaves_the_others),
        cmocka_unit_test(another_tag_is_another_counter_of_each_set),
        cmocka_unit_test(a_full_table_drops_no_counter_of_the_operation_itself),
        cmocka_unit_test(logs_that_grow_in_full_stripes_drop_no_log_of_the_operation),
        cmocka_unit_test(a_flood_of_sets_takes_room_from_its_own_tenant_alone),
        cmocka_unit_test(an_operation_sweeps_all_of_its_stripes),
    };

    return cmocka_run_group_tests(tests, table_case_open, NULL);
}
