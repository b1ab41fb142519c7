/* SPDX-License-Identifier: MIT */
#include "store/counter_budget.h"

#include "base/duration.h"
#include "support/cmocka.h"
#include "support/random.h"

#include <pthread.h>

#define DAY_US    (DAY_S * SECOND_US)
#define START_US  INT64_C(1763735373123457)
#define THREADS   4
#define TENANTS   50
#define CREATIONS 2000

static void create(struct counter_budget *budget, uint32_t tenant, int64_t keep_us, int64_t now_us)
{
    const struct take_life life = {.keep_us = keep_us};

    counter_budget_note(budget, tenant, &life, now_us);
}

static void a_tenant_may_have_so_many_and_no_more(void **state)
{
    (void)state;
    struct counter_budget *budget = counter_budget_new(3);

    for (int i = 0; i < 3; i++) {
        assert_true(counter_budget_allows(budget, 1, START_US));
        create(budget, 1, MINUTE_US, START_US);
    }

    assert_false(counter_budget_allows(budget, 1, START_US));
    assert_true(counter_budget_allows(budget, 2, START_US));
    assert_true(counter_budget_allows(budget, 17, START_US)); /* in the same stripe */
    assert_false(counter_budget_allows(budget, 1, START_US + 50 * SECOND_US));
    counter_budget_free(budget);
}

static void there_is_room_once_the_first_has_expired(void **state)
{
    (void)state;
    struct counter_budget *budget = counter_budget_new(2);

    create(budget, 1, MINUTE_US, START_US);
    create(budget, 1, HOUR_US, START_US);
    assert_false(counter_budget_allows(budget, 1, START_US));

    const int64_t room_us = counter_budget_room_us(budget, 1, START_US);

    assert_in_range(room_us, MINUTE_US, MINUTE_US + MINUTE_US / 7);
    assert_true(counter_budget_allows(budget, 1, START_US + room_us));
    assert_int_equal(counter_budget_live(budget, 1, START_US + room_us), 1);
    counter_budget_free(budget);
}

static void to_wait_for_room_is_at_least_a_second(void **state)
{
    (void)state;
    struct counter_budget *budget = counter_budget_new(1);

    assert_int_equal(counter_budget_room_us(budget, 1, START_US), SECOND_US);
    create(budget, 1, MILLISECOND_US, START_US);
    assert_int_equal(counter_budget_room_us(budget, 1, START_US), SECOND_US);
    counter_budget_free(budget);
}

static void a_counter_whose_life_is_prolonged_stays_counted(void **state)
{
    (void)state;
    struct counter_budget *budget = counter_budget_new(1);
    const struct take_life renewed = {.was_us = 10 * SECOND_US, .keep_us = MINUTE_US};

    create(budget, 1, MINUTE_US, START_US);
    counter_budget_note(budget, 1, &renewed, START_US + 50 * SECOND_US);

    assert_int_equal(counter_budget_live(budget, 1, START_US + 50 * SECOND_US), 1);
    assert_false(counter_budget_allows(budget, 1, START_US + 100 * SECOND_US));
    assert_true(counter_budget_allows(budget, 1, START_US + 120 * SECOND_US));
    counter_budget_free(budget);
}

static void what_is_deleted_is_given_back(void **state)
{
    (void)state;
    struct counter_budget *budget = counter_budget_new(1);

    create(budget, 1, DAY_US, START_US);
    counter_budget_give_back(budget, 1, DAY_US - HOUR_US, START_US + HOUR_US);

    assert_true(counter_budget_allows(budget, 1, START_US + HOUR_US));
    assert_int_equal(counter_budget_live(budget, 1, START_US + 2 * DAY_US), 0);
    counter_budget_free(budget);
}

/* Another process has counted it, or it was counted before. */
static void what_was_not_counted_makes_no_room(void **state)
{
    (void)state;
    struct counter_budget *budget = counter_budget_new(2);

    for (int i = 0; i < 10; i++)
        counter_budget_give_back(budget, 1, DAY_US, START_US);
    assert_int_equal(counter_budget_live(budget, 1, START_US), 0);
    assert_int_equal(counter_budget_tenants(budget), 0);

    create(budget, 1, DAY_US, START_US);
    create(budget, 1, DAY_US, START_US);
    counter_budget_give_back(budget, 1, HOUR_US, START_US);

    assert_false(counter_budget_allows(budget, 1, START_US));
    assert_int_equal(counter_budget_live(budget, 1, START_US), 2);
    counter_budget_free(budget);
}

static void another_maximum_is_in_force_at_once(void **state)
{
    (void)state;
    struct counter_budget *budget = counter_budget_new(1);

    create(budget, 1, DAY_US, START_US);
    assert_false(counter_budget_allows(budget, 1, START_US));
    counter_budget_set_max(budget, 2);
    assert_true(counter_budget_allows(budget, 1, START_US));
    counter_budget_free(budget);
}

static void the_service_itself_has_no_bound(void **state)
{
    (void)state;
    struct counter_budget *budget = counter_budget_new(1);

    create(budget, 0, DAY_US, START_US);
    create(budget, 0, DAY_US, START_US);

    assert_true(counter_budget_allows(budget, 0, START_US));
    assert_int_equal(counter_budget_tenants(budget), 0);
    counter_budget_free(budget);
}

/* The next count does it. And no tenant counts as full for ever. */
static void a_tenant_without_counters_is_forgotten(void **state)
{
    (void)state;
    struct counter_budget *budget = counter_budget_new(2);
    const int64_t later_us = START_US + HOUR_US;

    for (uint32_t tenant = 1; tenant <= 1000; tenant++) {
        create(budget, tenant, SECOND_US, START_US);
        create(budget, tenant, SECOND_US, START_US);
    }
    assert_int_equal(counter_budget_tenants(budget), 1000);
    for (int i = 0; i < 1000; i++) {
        for (uint32_t tenant = 1001; tenant <= 1016; tenant++)
            create(budget, tenant, SECOND_US, later_us + i * SECOND_US);
    }

    assert_in_range(counter_budget_tenants(budget), 16, 32);
    counter_budget_free(budget);
}

static void when_all_are_lost_there_is_room_at_once(void **state)
{
    (void)state;
    struct counter_budget *budget = counter_budget_new(1);

    for (uint32_t tenant = 1; tenant <= TENANTS; tenant++)
        create(budget, tenant, DAY_US, START_US);
    assert_false(counter_budget_allows(budget, TENANTS, START_US));

    counter_budget_clear(budget);

    assert_int_equal(counter_budget_tenants(budget), 0);
    for (uint32_t tenant = 1; tenant <= TENANTS; tenant++) {
        assert_true(counter_budget_allows(budget, tenant, START_US));
        create(budget, tenant, DAY_US, START_US);
        assert_false(counter_budget_allows(budget, tenant, START_US));
    }
    counter_budget_free(budget);
}

struct creator {
    pthread_t thread;
    struct counter_budget *budget;
    uint64_t random;
};

static void *create_many(void *context)
{
    struct creator *creator = context;

    for (int i = 0; i < CREATIONS; i++) {
        const uint32_t tenant = 1 + (uint32_t)(random_next(&creator->random) % TENANTS);

        (void)counter_budget_allows(creator->budget, tenant, START_US);
        create(creator->budget, tenant, HOUR_US, START_US);
    }
    return NULL;
}

static void threads_count_together(void **state)
{
    (void)state;
    struct counter_budget *budget = counter_budget_new(CREATIONS / TENANTS);
    struct creator creators[THREADS];
    int64_t live = 0;

    for (size_t i = 0; i < THREADS; i++) {
        creators[i] = (struct creator){.budget = budget, .random = i};
        const int started = pthread_create(&creators[i].thread, NULL, create_many, &creators[i]);
        assert_int_equal(started, 0);
    }
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(creators[i].thread, NULL);

    for (uint32_t tenant = 1; tenant <= TENANTS; tenant++) {
        live += counter_budget_live(budget, tenant, START_US);
        assert_false(counter_budget_allows(budget, tenant, START_US));
    }
    assert_int_equal(live, THREADS * CREATIONS);
    counter_budget_free(budget);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tenant_may_have_so_many_and_no_more),
        cmocka_unit_test(there_is_room_once_the_first_has_expired),
        cmocka_unit_test(to_wait_for_room_is_at_least_a_second),
        cmocka_unit_test(a_counter_whose_life_is_prolonged_stays_counted),
        cmocka_unit_test(what_is_deleted_is_given_back),
        cmocka_unit_test(what_was_not_counted_makes_no_room),
        cmocka_unit_test(another_maximum_is_in_force_at_once),
        cmocka_unit_test(the_service_itself_has_no_bound),
        cmocka_unit_test(a_tenant_without_counters_is_forgotten),
        cmocka_unit_test(when_all_are_lost_there_is_room_at_once),
        cmocka_unit_test(threads_count_together),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
