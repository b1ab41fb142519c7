/* SPDX-License-Identifier: MIT */
#include "store/counter_table.h"

#include "support/cmocka.h"
#include "support/random.h"

#define LATER_US  INT64_C(1000000000)
#define SMALLEST  COUNTER_TABLE_COUNT_MIN
#define HALF      (SMALLEST / 2)
#define LARGER    128
#define MODEL_IDS 64
#define STEPS     200000

static uint64_t random_state;
static const struct counter_use early = {.now_us = 1};

static struct counter counter_at(int64_t expires_us)
{
    return (struct counter){.id = {random_next(&random_state), random_next(&random_state)},
                            .expires_us = expires_us};
}

/* A full table; counters[i] expires at expires_us[i]. */
static void fill(struct counter_table *table, uint32_t count, struct counter counters[],
                 const int64_t expires_us[])
{
    counter_table_init(table, count);
    for (uint32_t i = 0; i < count; i++) {
        counters[i] = counter_at(expires_us[i]);
        counter_table_add(table, &counters[i], &early);
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

    for (uint32_t i = 0; i < 2 * SMALLEST; i++)
        counter_table_sweep(&table, &(struct counter_use){.now_us = LATER_US - 1});

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
    counter_table_add(&table, &counter, &early);

    for (uint32_t i = 0; i < SMALLEST; i++)
        counter_table_sweep(&table, &(struct counter_use){.now_us = LATER_US + 1});

    assert_non_null(counter_table_find(&table, counter.id));
    counter_table_close(&table);
}

/* With few homes, so that probes are long and wrap around. */
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
        uint64_t index = random_next(&random_state) % MODEL_IDS;
        struct counter_id id = crowded_id(index);
        struct counter *found = counter_table_find(&table, id);

        assert_int_equal(found != NULL, model[index] > 0);
        if (found != NULL) {
            assert_true(found->state.number[0] == model[index]);
            counter_table_remove(&table, found);
            model[index] = 0;
        } else {
            struct counter counter = {.id = id, .state.number = {step}, .expires_us = LATER_US};

            counter_table_add(&table, &counter, &early);
            model[index] = step;
        }
    }
    assert_int_equal(table.evictions, 0);
    counter_table_close(&table);
}

/* Follows each tenant's ring once, and meets each counter. */
static void assert_rings_are_whole(const struct counter_table *table)
{
    uint32_t seen = 0;

    for (uint32_t slot = 0; slot < table->rooms.slot_count; slot++) {
        const struct tenant_room *room = &table->rooms.slots[slot];
        uint32_t at = room->first;
        uint32_t taken = 0;

        if (room->taken == 0)
            continue;
        do {
            const struct counter *counter = &table->counters[at];

            assert_true(at < table->count);
            assert_int_equal(counter->tenant, room->tenant);
            assert_int_equal(table->counters[counter->next].previous, at);
            taken += counter->room;
            seen++;
            at = counter->next;
        } while (at != room->first);
        assert_int_equal(taken, room->taken);
    }
    assert_int_equal(seen, table->count);
}

static void each_counter_is_in_the_ring_of_its_tenant_until_it_is_gone(void **state)
{
    struct counter_table table;

    (void)state;
    counter_table_init(&table, LARGER);

    for (int step = 1; step <= STEPS; step++) {
        struct counter_use use = {.now_us = step};
        struct counter counter = counter_at(step + random_below((int64_t)4 * LARGER));

        counter.tenant = (uint32_t)random_below(1 + step % LARGER);
        counter_table_add(&table, &counter, &use);
        if (random_one_in(4))
            counter_table_remove(&table, counter_table_find(&table, counter.id));
        counter_table_sweep(&table, &use);
        if (step % 100 == 0)
            assert_rings_are_whole(&table);
    }
    assert_true(table.evictions > 0);
    while (table.count > 0)
        counter_table_sweep(&table, &(struct counter_use){.now_us = LATER_US});

    for (uint32_t i = 0; i < table.rooms.slot_count; i++)
        assert_int_equal(table.rooms.slots[i].taken, 0);
    assert_int_equal(table.crowd.taken, 0);
    assert_int_equal(table.crowd.tenants, 0);
    counter_table_close(&table);
}

static int set_up(void **state)
{
    (void)state;
    random_state = random_seed();
    random_begin(random_state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sweep_goes_all_round_and_keeps_what_lives),
        cmocka_unit_test(what_has_just_expired_is_still_found_by_a_clock_that_is_behind),
        cmocka_unit_test(adding_and_removing_agrees_with_a_plain_array),
        cmocka_unit_test(each_counter_is_in_the_ring_of_its_tenant_until_it_is_gone),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
