/* SPDX-License-Identifier: MIT */
#include "base/fair_queue.h"

#include "support/cmocka.h"
#include "support/random.h"

#define QUANTUM 8
#define ITEMS   1000
#define TENANTS 20
#define STEPS   200000

static struct fair_queue queue;
static struct fair_item items[ITEMS];

static int set_up(void **state)
{
    (void)state;
    fair_queue_init(&queue, QUANTUM);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fair_queue_close(&queue);
    return 0;
}

static void put(size_t item, uint32_t tenant, uint32_t cost)
{
    fair_queue_put(&queue, &items[item], tenant, cost);
}

static void one_tenant_alone_is_served_in_order(void **state)
{
    (void)state;

    for (size_t i = 0; i < 100; i++)
        put(i, 1, 1 + (uint32_t)i % 20);

    for (size_t i = 0; i < 100; i++)
        assert_ptr_equal(fair_queue_take(&queue), &items[i]);
    assert_null(fair_queue_take(&queue));
}

static void a_newcomer_waits_for_one_quantum_of_each_other(void **state)
{
    size_t before = 0;
    (void)state;

    for (size_t i = 0; i < 900; i++)
        put(i, (uint32_t)(i % 3), 1);
    put(999, 7, 1);

    while (fair_queue_take(&queue) != &items[999])
        before++;

    assert_int_equal(before, 3 * QUANTUM);
}

static void turns_are_counted_by_cost_and_not_by_items(void **state)
{
    uint32_t cost_of[2] = {0};
    (void)state;

    for (size_t i = 0; i < 400; i++)
        put(i, 0, 8);
    for (size_t i = 400; i < 800; i++)
        put(i, 1, 1);

    for (size_t i = 0; i < 360; i++) {
        const struct fair_item *item = fair_queue_take(&queue);

        cost_of[item->tenant] += item->cost;
    }

    assert_int_equal(cost_of[0], cost_of[1]);
}

static void what_costs_more_than_a_quantum_comes_in_its_time(void **state)
{
    size_t before = 0;
    (void)state;

    put(0, 1, 5 * QUANTUM);
    for (size_t i = 1; i < 100; i++)
        put(i, 2, 1);

    while (fair_queue_take(&queue) != &items[0])
        before++;

    assert_int_equal(before, 4 * QUANTUM);
}

static void what_is_put_back_comes_before_others_of_its_tenant(void **state)
{
    (void)state;

    put(0, 1, 1);
    put(1, 1, 1);
    assert_ptr_equal(fair_queue_take(&queue), &items[0]);
    fair_queue_put_back(&queue, &items[0], 1);

    assert_ptr_equal(fair_queue_oldest(&queue), &items[0]);
    assert_ptr_equal(fair_queue_take(&queue), &items[0]);
    assert_ptr_equal(fair_queue_take(&queue), &items[1]);
    assert_null(fair_queue_take(&queue));
}

static void the_oldest_is_who_came_first_whosever_turn_it_is(void **state)
{
    (void)state;

    put(0, 1, 1);
    put(1, 2, 1);
    put(2, 1, 1);

    assert_ptr_equal(fair_queue_oldest(&queue), &items[0]);
    fair_queue_remove(&queue, &items[0]);
    assert_ptr_equal(fair_queue_oldest(&queue), &items[1]);
    fair_queue_remove(&queue, &items[2]);
    assert_ptr_equal(fair_queue_take(&queue), &items[1]);
    assert_null(fair_queue_oldest(&queue));
}

/* A tenant leaves with more than one turn's credit. It does not keep that. */
static void a_tenant_that_returns_begins_anew(void **state)
{
    size_t in_a_row = 0;
    (void)state;

    put(0, 1, 1);
    assert_ptr_equal(fair_queue_take(&queue), &items[0]);
    for (size_t i = 0; i < 100; i++)
        put(i, (uint32_t)(i % 2), 1);

    while (fair_queue_take(&queue)->tenant == 0)
        in_a_row++;

    assert_int_equal(in_a_row, QUANTUM);
}

/* No tenant that waits all the time is ever behind by more than one turn, whatever others do. The
 * order of each tenant's own is kept. */
static void random_histories_are_fair(void **state)
{
    uint64_t served[TENANTS] = {0};
    size_t next[TENANTS] = {0};
    size_t taken[TENANTS] = {0};
    static struct fair_item own[TENANTS][64];
    (void)state;

    random_begin(random_seed());
    for (int i = 0; i < STEPS; i++) {
        for (uint32_t tenant = 0; tenant < TENANTS; tenant++) {
            const size_t waiting = next[tenant] - taken[tenant];
            const size_t wanted = tenant < 2 ? 2 : (size_t)random_below(8);

            if (waiting < wanted)
                fair_queue_put(&queue, &own[tenant][next[tenant]++ % 64], tenant,
                               tenant == 0 ? 1 : 1 + (uint32_t)random_below(8));
        }
        const struct fair_item *item = fair_queue_take(&queue);
        const uint32_t tenant = item->tenant;

        assert_ptr_equal(item, &own[tenant][taken[tenant]++ % 64]);
        served[tenant] += item->cost;
    }

    for (uint32_t tenant = 2; tenant < TENANTS; tenant++)
        assert_true(served[tenant] <= served[0] + 2 * QUANTUM);
    assert_true(served[0] <= served[1] + 2 * QUANTUM);
    assert_true(served[1] <= served[0] + 2 * QUANTUM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_tenant_alone_is_served_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_newcomer_waits_for_one_quantum_of_each_other, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(turns_are_counted_by_cost_and_not_by_items, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_costs_more_than_a_quantum_comes_in_its_time, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_is_put_back_comes_before_others_of_its_tenant, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_oldest_is_who_came_first_whosever_turn_it_is, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_tenant_that_returns_begins_anew, set_up, tear_down),
        cmocka_unit_test_setup_teardown(random_histories_are_fair, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
