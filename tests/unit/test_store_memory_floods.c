/* SPDX-License-Identifier: MIT
 *
 * Fairness in a full table: a few busy subjects with short windows, and floods of new subjects with
 * the longest windows. */
#include "table_case.h"

#define VICTIM_TENANT   1
#define VICTIM_SUBJECTS 20
#define VICTIM_QUOTA    5
#define FLOOD_TENANT    100
#define FLOOD_COUNTERS  8192

struct flood {
    size_t victim_limits;
    size_t limits;    /* per take of the flood */
    uint32_t tenants; /* the flood comes from so many, in turn */
};

static size_t victims_allowed(struct memory_table *table, const struct limit limits[], size_t count,
                              int64_t now_us)
{
    size_t allowed = 0;

    for (int64_t subject = 0; subject < VICTIM_SUBJECTS; subject++) {
        struct operation take = table_take_by(VICTIM_TENANT, subject, limits, count);

        take.now_us = now_us;
        allowed += table_allows(table, &take);
    }
    return allowed;
}

/* The victims ask all the time. What they get in a window shows each counter that they have
 * lost. */
static void assert_flood_is_survived(const struct flood *flood)
{
    struct memory_table *table = memory_table_new(FLOOD_COUNTERS);
    struct limit brief[LIMITS_MAX];
    struct limit endless[LIMITS_MAX];
    int64_t takes = 20 * FLOOD_COUNTERS / (int64_t)flood->limits;
    size_t allowed = 0;

    for (size_t i = 0; i < LIMITS_MAX; i++) {
        brief[i] = table_window(VICTIM_QUOTA, MINUTE_US);
        endless[i] = table_window(VICTIM_QUOTA, LIMIT_WINDOW_S_MAX * SECOND_US);
    }
    one_set_tell_apart(brief, LIMITS_MAX);
    one_set_tell_apart(endless, LIMITS_MAX);
    for (int64_t i = 0; i < takes; i++) {
        uint32_t tenant = FLOOD_TENANT + (uint32_t)i % flood->tenants;
        struct operation take = table_take_by(tenant, 1000 + i, endless, flood->limits);

        take.now_us = START_US + i * (MINUTE_US - 1) / takes;
        assert_true(table_allows(table, &take));
        if (i % 100 == 0)
            allowed += victims_allowed(table, brief, flood->victim_limits, take.now_us);
    }

    struct memory_table_usage usage = memory_table_usage(table);
    assert_int_equal(allowed, VICTIM_SUBJECTS * VICTIM_QUOTA);
    assert_int_equal(usage.counters, FLOOD_COUNTERS);
    assert_int_equal(usage.evictions,
                     20 * FLOOD_COUNTERS + VICTIM_SUBJECTS * flood->victim_limits - FLOOD_COUNTERS);
    memory_table_free(table);
}

static void a_flood_by_one_tenant_leaves_the_limits_of_another_exact(void **state)
{
    (void)state;
    assert_flood_is_survived(&(struct flood){.victim_limits = 1, .limits = 1, .tenants = 1});
    assert_flood_is_survived(&(struct flood){.victim_limits = 8, .limits = 1, .tenants = 1});
}

static void a_flood_of_takes_with_many_limits_leaves_the_limits_of_another_exact(void **state)
{
    (void)state;
    assert_flood_is_survived(&(struct flood){.victim_limits = 1, .limits = 8, .tenants = 1});
    assert_flood_is_survived(&(struct flood){.victim_limits = 8, .limits = 8, .tenants = 1});
}

static void a_flood_by_many_tenants_leaves_the_limits_of_a_small_one_exact(void **state)
{
    (void)state;
    assert_flood_is_survived(&(struct flood){.victim_limits = 1, .limits = 1, .tenants = 20});
}

static void a_new_tenant_finds_room_in_a_full_table(void **state)
{
    struct memory_table *table = memory_table_new(FLOOD_COUNTERS);
    struct limit endless = table_window(VICTIM_QUOTA, LIMIT_WINDOW_S_MAX * SECOND_US);
    struct limit brief = table_window(VICTIM_QUOTA, MINUTE_US);

    (void)state;
    for (int64_t i = 0; i < 2 * FLOOD_COUNTERS; i++) {
        struct operation take = table_take_by(FLOOD_TENANT, 1000 + i, &endless, 1);

        assert_true(table_allows(table, &take));
    }

    for (size_t i = 0; i < VICTIM_QUOTA; i++)
        assert_int_equal(victims_allowed(table, &brief, 1, START_US), VICTIM_SUBJECTS);
    assert_int_equal(victims_allowed(table, &brief, 1, START_US), 0);
    memory_table_free(table);
}

/* A large app once paid for all that small ones added, until it held no more than each of them. */
static void small_tenants_without_end_leave_half_of_the_table_to_a_large_one(void **state)
{
    struct memory_table *table = memory_table_new(FLOOD_COUNTERS);
    struct limit endless = table_window(1, LIMIT_WINDOW_S_MAX * SECOND_US);
    const int64_t large = FLOOD_COUNTERS * 83 / 100;
    int64_t used_up = 0;

    (void)state;
    for (int64_t i = 0; i < large; i++) {
        struct operation take = table_take_by(VICTIM_TENANT, i, &endless, 1);

        assert_true(table_allows(table, &take));
    }
    for (int64_t i = 0; i < 10 * FLOOD_COUNTERS; i++) {
        struct operation take =
            table_take_by(FLOOD_TENANT + (uint32_t)(i % 60), large + i, &endless, 1);

        assert_true(table_allows(table, &take));
    }

    for (int64_t i = 0; i < large; i++)
        used_up += table_remaining(table, table_take_of(i, &endless, 1, 0), 0) == 0;
    assert_int_equal(used_up, FLOOD_COUNTERS / 2);
    memory_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flood_by_one_tenant_leaves_the_limits_of_another_exact),
        cmocka_unit_test(a_flood_of_takes_with_many_limits_leaves_the_limits_of_another_exact),
        cmocka_unit_test(a_flood_by_many_tenants_leaves_the_limits_of_a_small_one_exact),
        cmocka_unit_test(a_new_tenant_finds_room_in_a_full_table),
        cmocka_unit_test(small_tenants_without_end_leave_half_of_the_table_to_a_large_one),
    };

    return cmocka_run_group_tests(tests, table_case_open, NULL);
}
