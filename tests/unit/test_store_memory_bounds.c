/* SPDX-License-Identifier: MIT
 *
 * The room of the memory engine: how it grows, what bounds it, what a counter costs, and how
 * expired counters make way. */
#include "table_case.h"

static void growing_keeps_every_counter(void **state)
{
    struct memory_table *table = memory_table_new(100000);
    struct limit limit = table_window(1, MINUTE_US);
    size_t bytes = memory_table_usage(table).bytes;

    (void)state;
    table_take_from_subjects(table, 0, 20000, &limit, START_US);

    assert_true(memory_table_usage(table).bytes > 4 * bytes);
    for (int64_t i = 0; i < 20000; i++)
        assert_int_equal(table_remaining(table, table_take_of(i, &limit, 1, 1), 0), 0);
    memory_table_free(table);
}

static void ten_times_the_subjects_stay_within_the_bound_and_evictions_are_counted(void **state)
{
    struct memory_table *table = memory_table_new(1024);
    struct limit limit = table_window(1, MINUTE_US);

    (void)state;
    table_take_from_subjects(table, 0, 10240, &limit, START_US);

    struct memory_table_usage usage = memory_table_usage(table);
    assert_int_equal(usage.counters, 1024);
    assert_int_equal(usage.evictions, 10240 - 1024);
    memory_table_free(table);
}

static void expired_counters_make_room_without_an_eviction(void **state)
{
    struct memory_table *table = memory_table_new(1024);
    struct limit brief = table_window(1, SECOND_US);
    struct limit limit = table_window(1, MINUTE_US);

    (void)state;
    table_take_from_subjects(table, 0, 10240, &brief, START_US);
    uint64_t evictions = memory_table_usage(table).evictions;

    table_take_from_subjects(table, 20000, 64, &limit, START_US + 3 * SECOND_US);

    assert_int_equal(memory_table_usage(table).evictions, evictions);
    memory_table_free(table);
}

static void a_take_of_several_limits_survives_in_a_full_table(void **state)
{
    struct memory_table *table = memory_table_new(1024);
    struct limit limit = table_window(1, MINUTE_US);
    struct limit limits[LIMITS_MAX];

    (void)state;
    for (size_t i = 0; i < LIMITS_MAX; i++)
        limits[i] = table_window(5, SECOND_US); /* these expire before all others */
    one_set_tell_apart(limits, LIMITS_MAX);
    table_take_from_subjects(table, 0, 10240, &limit, START_US);

    for (int64_t subject = 20000; subject < 20100; subject++) {
        struct operation take = table_take_of(subject, limits, LIMITS_MAX, 1);

        assert_true(table_allows(table, &take));
        for (size_t i = 0; i < LIMITS_MAX; i++)
            assert_int_equal(table_remaining(table, take, i), 4);
    }
    memory_table_free(table);
}

static void a_full_table_costs_at_most_96_bytes_per_counter(void **state)
{
    struct memory_table *table = memory_table_new(65536);
    struct limit limit = table_window(1, MINUTE_US);

    (void)state;
    table_take_from_subjects(table, 0, 2 * 65536, &limit, START_US);

    struct memory_table_usage usage = memory_table_usage(table);
    assert_int_equal(usage.counters, 65536);
    assert_true(usage.bytes <= 96 * usage.counters);
    memory_table_free(table);
}

static void a_table_that_grows_costs_at_most_96_bytes_per_counter(void **state)
{
    struct memory_table *table = memory_table_new(1 << 20);
    struct limit limit = table_window(1, MINUTE_US);

    (void)state;
    for (int64_t subjects = 20000; subjects <= 200000; subjects += 10000) {
        table_take_from_subjects(table, subjects - 10000, 10000, &limit, START_US);
        struct memory_table_usage usage = memory_table_usage(table);
        assert_true(usage.counters >= (size_t)subjects - 10000);
        assert_true(usage.bytes <= 96 * usage.counters);
    }
    memory_table_free(table);
}

static void a_counter_costs_no_more_when_each_has_a_tenant_of_its_own(void **state)
{
    struct memory_table *table = memory_table_new(65536);
    struct limit limit = table_window(1, MINUTE_US);

    (void)state;
    for (uint32_t i = 0; i < 2 * 65536; i++) {
        struct operation take = table_take_by(i, i, &limit, 1);

        assert_true(table_allows(table, &take));
    }

    struct memory_table_usage usage = memory_table_usage(table);
    assert_int_equal(usage.counters, 65536);
    assert_true(usage.bytes <= 96 * usage.counters);
    memory_table_free(table);
}

/* These bits of the subject choose the stripe. With two counters in one stripe a tenant is no
 * longer a small one. */
static void nor_when_each_tenant_has_two_and_the_table_grows(void **state)
{
    struct memory_table *table = memory_table_new(65536);
    struct limit limit = table_window(1, MINUTE_US);

    (void)state;
    for (uint32_t i = 0; i < 60000; i++) {
        struct operation take = table_take_by(i / 2, i, &limit, 1);

        take.sets[0].bytes[sizeof(uint64_t)] = (unsigned char)(i / 2);
        assert_true(table_allows(table, &take));
        struct memory_table_usage usage = memory_table_usage(table);
        assert_true(i < 20000 || usage.bytes <= 96 * usage.counters);
    }
    memory_table_free(table);
}

static void memory_of_expired_counters_is_used_again(void **state)
{
    struct memory_table *table = memory_table_new(100000);
    struct limit limit = table_window(1, SECOND_US);

    (void)state;
    for (int64_t i = 0; i < 100000; i++)
        table_take_from_subjects(table, i, 1, &limit, START_US + i * 1000);

    /* At most a thousand are alive at a time. */
    struct memory_table_usage usage = memory_table_usage(table);
    assert_true(usage.counters < 8000);
    assert_true(usage.bytes < 100000 * 64 / 2);
    assert_int_equal(usage.evictions, 0);
    memory_table_free(table);
}

static void using_the_table_sweeps_out_what_has_expired(void **state)
{
    struct memory_table *table = memory_table_new(100000);
    struct limit limit = table_window(1, SECOND_US);

    (void)state;
    table_take_from_subjects(table, 0, 2000, &limit, START_US);
    assert_int_equal(memory_table_usage(table).counters, 2000);

    for (int64_t i = 0; i < 20000; i++) {
        struct operation look = table_take_of(i, &limit, 1, 0);

        look.now_us = START_US + 3 * SECOND_US;
        assert_true(table_allows(table, &look));
    }

    assert_int_equal(memory_table_usage(table).counters, 0);
    memory_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(growing_keeps_every_counter),
        cmocka_unit_test(ten_times_the_subjects_stay_within_the_bound_and_evictions_are_counted),
        cmocka_unit_test(expired_counters_make_room_without_an_eviction),
        cmocka_unit_test(a_take_of_several_limits_survives_in_a_full_table),
        cmocka_unit_test(a_full_table_costs_at_most_96_bytes_per_counter),
        cmocka_unit_test(a_table_that_grows_costs_at_most_96_bytes_per_counter),
        cmocka_unit_test(a_counter_costs_no_more_when_each_has_a_tenant_of_its_own),
        cmocka_unit_test(nor_when_each_tenant_has_two_and_the_table_grows),
        cmocka_unit_test(memory_of_expired_counters_is_used_again),
        cmocka_unit_test(using_the_table_sweeps_out_what_has_expired),
    };

    return cmocka_run_group_tests(tests, table_case_open, NULL);
}
