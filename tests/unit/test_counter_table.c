/* SPDX-License-Identifier: MIT */
#include "store/counter_table.h"

#include "base/clock.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define LATER_US  INT64_C(1000000000)
#define SPARED    LIMITS_MAX
#define SMALLEST  COUNTER_TABLE_COUNT_MIN
#define HALF      (SMALLEST / 2)
#define LARGER    128
#define ROUNDS    2000
#define MODEL_IDS 64
#define STEPS     200000

static uint64_t random_state;

static uint64_t random_next(void)
{
    uint64_t mixed = random_state += UINT64_C(0x9e3779b97f4a7c15);

    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ mixed >> 31;
}

static int set_up(void **state)
{
    (void)state;
    random_state = (uint64_t)clock_wall_us();
    print_message("seed %" PRIu64 "\n", random_state);
    return 0;
}

static struct counter counter_at(int64_t expires_us)
{
    return (struct counter){.id = {random_next(), random_next()}, .expires_us = expires_us};
}

/* A full table; counters[i] expires at expires_us[i]. */
static void fill(struct counter_table *table, uint32_t count, struct counter counters[],
                 const int64_t expires_us[])
{
    counter_table_init(table, count);
    for (uint32_t i = 0; i < count; i++) {
        counters[i] = counter_at(expires_us[i]);
        counter_table_add(table, &counters[i], 1, NULL, 0);
    }
}

static void a_full_table_drops_expired_counters_first(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct counter_table table;
        struct counter counters[SMALLEST];
        int64_t expires_us[SMALLEST];

        /* More than half have expired: any HALF of them hold one. */
        for (size_t i = 0; i < SMALLEST; i++)
            expires_us[i] = i <= HALF ? 10 : LATER_US;
        fill(&table, SMALLEST, counters, expires_us);

        struct counter added = counter_at(LATER_US);
        counter_table_add(&table, &added, 10, NULL, 0);

        assert_int_equal(table.count, SMALLEST);
        assert_int_equal(table.evictions, 0);
        assert_non_null(counter_table_find(&table, added.id));
        for (size_t i = HALF + 1; i < SMALLEST; i++)
            assert_non_null(counter_table_find(&table, counters[i].id));
        counter_table_close(&table);
    }
}

static void a_full_table_evicts_what_expires_soonest_of_those_it_looks_at(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct counter_table table;
        struct counter counters[LARGER];
        int64_t expires_us[LARGER];

        for (size_t i = 0; i < LARGER; i++)
            expires_us[i] = LATER_US + (int64_t)i;
        fill(&table, LARGER, counters, expires_us);

        struct counter added = counter_at(LATER_US);
        counter_table_add(&table, &added, 10, NULL, 0);

        assert_int_equal(table.count, LARGER);
        assert_int_equal(table.evictions, 1);
        assert_non_null(counter_table_find(&table, added.id));
        /* The soonest of COUNTER_TABLE_CANDIDATES is never among those that live longest. */
        for (size_t i = LARGER - COUNTER_TABLE_CANDIDATES + 1; i < LARGER; i++)
            assert_non_null(counter_table_find(&table, counters[i].id));
        counter_table_close(&table);
    }
}

/* Adds one to a full table of two tenants and returns which of them had to give one. */
static uint32_t tenant_that_pays(uint32_t count_of_first, uint32_t adding)
{
    struct counter_table table;
    struct counter counters[LARGER];
    struct counter added = counter_at(LATER_US);
    uint32_t paid = 0;

    counter_table_init(&table, LARGER);
    for (uint32_t i = 0; i < LARGER; i++) {
        counters[i] = counter_at(i < count_of_first ? LATER_US : 2 * LATER_US);
        counters[i].tenant = i < count_of_first ? 1 : 2;
        counter_table_add(&table, &counters[i], 1, NULL, 0);
    }
    added.tenant = adding;
    counter_table_add(&table, &added, 10, NULL, 0);
    for (uint32_t i = 0; i < LARGER; i++) {
        if (counter_table_find(&table, counters[i].id) == NULL)
            paid = counters[i].tenant;
    }
    assert_int_equal(table.count, LARGER);
    counter_table_close(&table);
    return paid;
}

static void the_tenant_that_holds_the_most_pays_whoever_adds(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        for (uint32_t adding = 1; adding <= 3; adding++) {
            assert_int_equal(tenant_that_pays(8, adding), 2);
            assert_int_equal(tenant_that_pays(LARGER - 8, adding), 1);
        }
    }
}

/* In one round of 2^16 the candidates are all of the other one. */
static void of_two_that_hold_as_much_the_one_that_adds_pays(void **state)
{
    int paid_by_other = 0;

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        for (uint32_t adding = 1; adding <= 2; adding++)
            paid_by_other += tenant_that_pays(LARGER / 2, adding) != adding;
    }
    assert_true(paid_by_other <= 5);
}

static void a_full_table_never_drops_the_spared(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct counter_table table;
        struct counter counters[SMALLEST];
        int64_t expires_us[SMALLEST];
        struct counter_id spared[SPARED];

        for (size_t i = 0; i < SMALLEST; i++)
            expires_us[i] = i < SPARED ? 10 : LATER_US;
        fill(&table, SMALLEST, counters, expires_us);
        for (size_t i = 0; i < SPARED; i++)
            spared[i] = counters[i].id;

        struct counter added = counter_at(LATER_US);
        counter_table_add(&table, &added, 10, spared, SPARED);

        for (size_t i = 0; i < SPARED; i++)
            assert_non_null(counter_table_find(&table, spared[i]));
        counter_table_close(&table);
    }
}

static void a_sweep_goes_all_round_and_keeps_what_lives(void **state)
{
    struct counter_table table;
    struct counter counters[SMALLEST];
    int64_t expires_us[SMALLEST];

    (void)state;
    for (size_t i = 0; i < SMALLEST; i++)
        expires_us[i] = i % 2 == 0 ? 10 : LATER_US;
    fill(&table, SMALLEST, counters, expires_us);

    for (uint32_t i = 0; i < 2 * table.slot_count; i++)
        counter_table_sweep(&table, LATER_US - 1);

    assert_int_equal(table.count, HALF);
    for (size_t i = 0; i < SMALLEST; i++)
        assert_int_equal(counter_table_find(&table, counters[i].id) != NULL, i % 2 == 1);
    counter_table_close(&table);
}

static void what_has_just_expired_is_still_found_by_a_clock_that_is_behind(void **state)
{
    struct counter_table table;
    struct counter counter = counter_at(LATER_US);

    (void)state;
    counter_table_init(&table, SMALLEST);
    counter_table_add(&table, &counter, 1, NULL, 0);

    for (uint32_t i = 0; i < table.slot_count; i++)
        counter_table_sweep(&table, LATER_US + 1);

    assert_non_null(counter_table_find(&table, counter.id));
    counter_table_close(&table);
}

/* Few homes, so that probes are long and wrap around. */
static struct counter_id crowded_id(uint64_t index)
{
    return (struct counter_id){.low = (index % 5) * (UINT64_MAX / 4), .high = index};
}

static void adding_and_removing_agrees_with_a_plain_array(void **state)
{
    struct counter_table table;
    double model[MODEL_IDS] = {0}; /* 0: not there */

    (void)state;
    counter_table_init(&table, MODEL_IDS);

    for (int step = 1; step <= STEPS; step++) {
        uint64_t index = random_next() % MODEL_IDS;
        struct counter_id id = crowded_id(index);
        struct counter *found = counter_table_find(&table, id);

        assert_int_equal(found != NULL, model[index] > 0);
        if (found != NULL) {
            assert_true(found->state.number[0] == model[index]);
            counter_table_remove(&table, found);
            model[index] = 0;
        } else {
            struct counter counter = {.id = id, .state.number = {step}, .expires_us = LATER_US};

            counter_table_add(&table, &counter, 1, NULL, 0);
            model[index] = step;
        }
    }
    assert_int_equal(table.evictions, 0);
    counter_table_close(&table);
}

static void when_all_counters_are_gone_no_tenant_holds_any_room(void **state)
{
    struct counter_table table;

    (void)state;
    counter_table_init(&table, LARGER);

    for (int step = 1; step <= STEPS; step++) {
        struct counter counter = counter_at(step + (int64_t)(random_next() % (4 * LARGER)));

        counter.tenant = (uint32_t)(random_next() % LARGER);
        counter_table_add(&table, &counter, step, NULL, 0);
        if (random_next() % 4 == 0)
            counter_table_remove(&table, counter_table_find(&table, counter.id));
        counter_table_sweep(&table, step);
    }
    assert_true(table.evictions > 0);
    while (table.count > 0)
        counter_table_sweep(&table, LATER_US);

    for (uint32_t i = 0; i < table.slot_count; i++)
        assert_int_equal(table.rooms[i].taken, 0);
    counter_table_close(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_table_drops_expired_counters_first),
        cmocka_unit_test(a_full_table_evicts_what_expires_soonest_of_those_it_looks_at),
        cmocka_unit_test(the_tenant_that_holds_the_most_pays_whoever_adds),
        cmocka_unit_test(of_two_that_hold_as_much_the_one_that_adds_pays),
        cmocka_unit_test(a_full_table_never_drops_the_spared),
        cmocka_unit_test(a_sweep_goes_all_round_and_keeps_what_lives),
        cmocka_unit_test(what_has_just_expired_is_still_found_by_a_clock_that_is_behind),
        cmocka_unit_test(adding_and_removing_agrees_with_a_plain_array),
        cmocka_unit_test(when_all_counters_are_gone_no_tenant_holds_any_room),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
