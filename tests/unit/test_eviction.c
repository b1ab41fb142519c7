/* SPDX-License-Identifier: MIT
 *
 * Which counters go when a table is full, and how much work it is to find them. */
#include "store/eviction.h"

#include "limit/charge_log.h"
#include "support/cmocka.h"
#include "support/random.h"

#include <inttypes.h>

#define LATER_US  INT64_C(1000000000)
#define SPARED    LIMITS_MAX
#define SMALLEST  COUNTER_TABLE_COUNT_MIN
#define HALF      (SMALLEST / 2)
#define LARGER    128
#define ROUNDS    2000
#define ROOM      6000
#define LOG_ROOM  20000
#define HISTORIES 16
#define NEWCOMERS 60
#define STEADY    8
#define HOSTILE   4

static uint64_t random_state;
static const struct counter_use early = {.now_us = 1};
static const struct counter_use late = {.now_us = 10};

static struct counter counter_of(uint32_t tenant, int64_t expires_us)
{
    return (struct counter){
        .id = {random_next(&random_state), random_next(&random_state)},
        .expires_us = expires_us,
        .tenant = tenant,
    };
}

/* A full table; counters[i] expires at expires_us[i]. */
static void fill(struct counter_table *table, uint32_t count, struct counter counters[],
                 const int64_t expires_us[])
{
    counter_table_init(table, count);
    for (uint32_t i = 0; i < count; i++) {
        counters[i] = counter_of(1, expires_us[i]);
        counter_table_add(table, &counters[i], &early);
    }
}

static void add(struct counter_table *table, uint32_t tenant, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct counter counter = counter_of(tenant, LATER_US);

        counter_table_add(table, &counter, &late);
    }
}

static uint32_t held(const struct counter_table *table, uint32_t tenant)
{
    return tenant_rooms_find(&table->rooms, tenant)->taken;
}

static void a_full_table_drops_expired_counters_first(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct counter_table table;
        struct counter counters[SMALLEST];
        struct counter added = counter_of(1, LATER_US);
        int64_t expires_us[SMALLEST];

        for (size_t i = 0; i < SMALLEST; i++)
            expires_us[i] = i <= HALF ? 10 : LATER_US;
        fill(&table, SMALLEST, counters, expires_us);

        counter_table_add(&table, &added, &late);

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
        struct counter added = counter_of(1, LATER_US);
        int64_t expires_us[LARGER];

        for (size_t i = 0; i < LARGER; i++)
            expires_us[i] = LATER_US + (int64_t)i;
        fill(&table, LARGER, counters, expires_us);

        counter_table_add(&table, &added, &late);

        assert_int_equal(table.count, LARGER);
        assert_int_equal(table.evictions, 1);
        assert_non_null(counter_table_find(&table, added.id));
        for (size_t i = LARGER - EVICTION_OWN + 1; i < LARGER; i++)
            assert_non_null(counter_table_find(&table, counters[i].id));
        counter_table_close(&table);
    }
}

static void a_full_table_never_drops_the_spared(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct counter_table table;
        struct counter counters[SMALLEST];
        struct counter added = counter_of(1, LATER_US);
        int64_t expires_us[SMALLEST];
        struct counter_id spared[SPARED];

        for (size_t i = 0; i < SMALLEST; i++)
            expires_us[i] = i < SPARED ? 10 : LATER_US;
        fill(&table, SMALLEST, counters, expires_us);
        for (size_t i = 0; i < SPARED; i++)
            spared[i] = counters[i].id;

        counter_table_add(
            &table, &added,
            &(struct counter_use){.now_us = 10, .spared = spared, .spared_count = SPARED});

        assert_int_equal(table.count, SMALLEST);
        for (size_t i = 0; i < SPARED; i++)
            assert_non_null(counter_table_find(&table, spared[i]));
        counter_table_close(&table);
    }
}

static void a_large_app_gives_way_down_to_half_and_no_further(void **state)
{
    struct counter_table table;

    (void)state;
    counter_table_init(&table, ROOM);
    add(&table, 1, ROOM * 17 / 100);
    add(&table, 2, ROOM * 83 / 100);

    for (int i = 0; i < 10 * ROOM; i++)
        add(&table, 3 + (uint32_t)random_below(NEWCOMERS), 1);

    assert_int_equal(held(&table, 2), ROOM / 2);
    counter_table_close(&table);
}

static void
those_who_come_when_there_is_no_room_get_a_thousandth_each_from_the_youngest(void **state)
{
    struct counter_table table;

    (void)state;
    counter_table_init(&table, ROOM);
    add(&table, 1, ROOM * 45 / 100);
    add(&table, 2, ROOM * 55 / 100);

    for (uint32_t newcomer = 3; newcomer < 3 + NEWCOMERS; newcomer++)
        add(&table, newcomer, ROOM / 10);

    assert_int_equal(held(&table, 1), ROOM * 45 / 100);
    for (uint32_t newcomer = 4; newcomer < 3 + NEWCOMERS; newcomer++)
        assert_int_equal(held(&table, newcomer), ROOM / CROWD_SMALL);
    counter_table_close(&table);
}

/* Steady tenants hold less than their part, and their counters are used up. Others add counters
 * without end: older ones, younger ones, some with short windows, and one that holds most of the
 * room. */
struct history {
    struct counter_table table;
    uint32_t room;
    uint32_t steady;
    uint32_t hostile;
    bool has_older; /* some hostile tenants are older */
    bool has_short; /* some hostile windows are short */
    uint32_t kept_count;
    struct counter kept[ROOM];
    int64_t now_us;
};

static void history_begin(struct history *history)
{
    history->room = 2000 + (uint32_t)random_below(ROOM - 2000);
    history->steady = 1 + (uint32_t)random_below(STEADY);
    history->hostile = 1 + (uint32_t)random_below(HOSTILE);
    history->has_older = random_one_in(2);
    history->has_short = random_one_in(2);
    history->kept_count = 0;
    history->now_us = 1;
    counter_table_init(&history->table, history->room);
    uint32_t tenants = history->steady + history->hostile + NEWCOMERS;
    for (uint32_t tenant = 0; tenant < history->steady; tenant++) {
        for (int64_t left = random_below((history->room - 1) / (2 * tenants)); left >= 0; left--) {
            struct counter *kept = &history->kept[history->kept_count++];

            *kept = counter_of(HOSTILE + tenant, LATER_US);
            counter_table_add(&history->table, kept, &early);
        }
    }
}

static void history_step(struct history *history, uint32_t newcomers)
{
    struct counter_use use = {.now_us = history->now_us++};
    uint32_t one = (uint32_t)random_below(history->hostile + newcomers);
    bool is_older = history->has_older && one < history->hostile;
    struct counter added =
        counter_of(is_older ? one : HOSTILE + STEADY + one,
                   history->has_short && random_one_in(2) ? use.now_us + ROOM : LATER_US);

    counter_table_add(&history->table, &added, &use);
    counter_table_sweep(&history->table, &use);
    if (!history->has_older && random_one_in(20)) {
        struct counter *kept = &history->kept[random_below(history->kept_count)];
        struct counter *found = counter_table_find(&history->table, kept->id);

        assert_non_null(found);
        counter_table_remove(&history->table, found);
        added = counter_of(HOSTILE + STEADY, LATER_US);
        counter_table_add(&history->table, &added, &use);
        *kept = counter_of(kept->tenant, LATER_US);
        counter_table_add(&history->table, kept, &use);
    }
}

static void a_tenant_below_its_part_keeps_every_counter(void **state)
{
    static struct history history;

    (void)state;
    for (int i = 0; i < HISTORIES; i++) {
        history_begin(&history);
        uint32_t steps = 10 * history.room;

        for (uint32_t step = 0; step < steps; step++)
            history_step(&history, step < steps / 2 ? 0 : (2 * step - steps) * NEWCOMERS / steps);

        assert_true(history.table.evictions > history.room);
        for (uint32_t kept = 0; kept < history.kept_count; kept++)
            assert_non_null(counter_table_find(&history.table, history.kept[kept].id));
        counter_table_close(&history.table);
    }
}

/* Adds to the log as a take does. Returns the room that the log takes. */
static uint32_t charge(struct counter_table *table, struct counter_id id)
{
    struct counter_use use = {.now_us = 10, .spared = &id, .spared_count = 1};
    struct counter *counter = counter_table_find(table, id);

    assert_non_null(counter);
    struct limit_state charged = counter->state;

    charge_log_add(&charged.logged.log, 10, 1, 0);
    if (counter_table_set(counter, &charged, STATE_LOG))
        counter_table_refit(table, id, &use);
    counter_table_sweep(table, &use);
    return counter_table_find(table, id)->room;
}

static struct counter log_of(uint32_t tenant)
{
    struct counter log = counter_of(tenant, LATER_US);

    log.kind = STATE_LOG;
    charge_log_add(&log.state.logged.log, 10, 1, 0);
    return log;
}

static void the_tenant_of_a_log_that_exceeds_the_room_pays_for_it_bit_by_bit(void **state)
{
    struct counter_table table;
    struct counter log = log_of(1);
    uint32_t log_room = 0;
    bool was_beyond = false;

    (void)state;
    counter_table_init(&table, LOG_ROOM);
    counter_table_add(&table, &log, &late);
    add(&table, 2, LOG_ROOM / 8);
    add(&table, 1, LOG_ROOM / 2 - LARGER);
    add(&table, 3, LOG_ROOM * 3 / 8);

    for (int64_t i = 0; i < LIMIT_LOG_QUOTA_MAX; i++) {
        uint64_t evictions = table.evictions;
        uint64_t looks = table.looks;

        log_room = charge(&table, log.id);

        assert_true(table.evictions - evictions <= (uint64_t)2 * EVICTIONS_MAX);
        assert_true(table.looks - looks <= (uint64_t)2 * EVICTIONS_MAX * EVICTION_LOOKS_MAX);
        assert_true(table.crowd.taken <= LOG_ROOM + log_room / 2);
        was_beyond |= table.crowd.taken > LOG_ROOM;
    }

    assert_true(was_beyond);
    assert_int_equal(table.crowd.taken, LOG_ROOM);
    assert_int_equal(held(&table, 2), LOG_ROOM / 8);
    counter_table_close(&table);
}

/* Only the debtor pays for the room beyond the bound. */
static void a_tenant_that_adds_while_another_owes_room_loses_nothing(void **state)
{
    struct counter_table table;
    struct counter log = log_of(1);
    uint32_t before;

    (void)state;
    counter_table_init(&table, LOG_ROOM);
    counter_table_add(&table, &log, &late);
    add(&table, 1, LOG_ROOM / 4);
    add(&table, 2, LOG_ROOM / 2);
    add(&table, 3, LOG_ROOM / 4);
    while (table.crowd.taken < LOG_ROOM + 100)
        (void)charge(&table, log.id);
    before = held(&table, 3);

    add(&table, 3, 10);

    assert_int_equal(held(&table, 3), before + 10);
    counter_table_close(&table);
}

static void a_take_whose_log_is_larger_than_the_table_takes_from_nobody_with_little(void **state)
{
    struct counter_table table;
    struct counter log = log_of(1);
    uint32_t log_room = 0;

    (void)state;
    counter_table_init(&table, LARGER);
    counter_table_add(&table, &log, &late);
    add(&table, 2, LARGER / 8);
    add(&table, 1, LARGER / 2);

    for (int charges = 0; charges < LARGER * EVICTIONS_MAX; charges++)
        log_room = charge(&table, log.id);

    assert_true(log_room > LARGER);
    assert_int_equal(table.crowd.taken, LARGER / 8 + log_room);
    assert_int_equal(held(&table, 2), LARGER / 8);
    counter_table_close(&table);
}

/* Logs take most of the room. The few counters beside them are soon looked at. */
static void however_few_counters_are_left_an_eviction_looks_at_few(void **state)
{
    struct counter_table table;
    uint64_t looks;

    (void)state;
    counter_table_init(&table, LOG_ROOM);
    for (uint32_t i = 0; i < LOG_ROOM; i++)
        add(&table, 1, 1);
    for (int i = 0; i < 5; i++) {
        struct counter log = log_of(2);

        counter_table_add(&table, &log, &late);
        for (int charges = 0; charges < 5000; charges++)
            (void)charge(&table, log.id);
    }
    assert_true(table.count < LOG_ROOM * 2 / 3);

    looks = table.looks;
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t evictions = table.evictions;

        add(&table, 3, 1);

        assert_true(table.evictions - evictions <= EVICTIONS_MAX);
    }
    assert_true(table.looks - looks <= (uint64_t)ROUNDS * EVICTION_LOOKS_MAX);
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
        cmocka_unit_test(a_full_table_drops_expired_counters_first),
        cmocka_unit_test(a_full_table_evicts_what_expires_soonest_of_those_it_looks_at),
        cmocka_unit_test(a_full_table_never_drops_the_spared),
        cmocka_unit_test(a_large_app_gives_way_down_to_half_and_no_further),
        cmocka_unit_test(
            those_who_come_when_there_is_no_room_get_a_thousandth_each_from_the_youngest),
        cmocka_unit_test(a_tenant_below_its_part_keeps_every_counter),
        cmocka_unit_test(the_tenant_of_a_log_that_exceeds_the_room_pays_for_it_bit_by_bit),
        cmocka_unit_test(a_tenant_that_adds_while_another_owes_room_loses_nothing),
        cmocka_unit_test(a_take_whose_log_is_larger_than_the_table_takes_from_nobody_with_little),
        cmocka_unit_test(however_few_counters_are_left_an_eviction_looks_at_few),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
