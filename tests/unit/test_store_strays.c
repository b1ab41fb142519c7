/* SPDX-License-Identifier: MIT */
#include "store_strays.h"

#include "support/cmocka.h"

#include <event2/event.h>

#define CALLS  20000
#define COST   8
#define PLACES (CALL_QUEUE_COST_MAX / COST)

static struct event_base *base;
static struct store_strays strays;
static struct pending calls[CALLS];
static struct pending *taken[CALLS];
static size_t taken_count;

static void on_turn(void *context, struct pending *pending)
{
    assert_ptr_equal(context, &strays);
    taken[taken_count++] = pending;
}

static int begin(void **state)
{
    (void)state;
    base = event_base_new();
    taken_count = 0;
    store_strays_init(&strays, base, &strays, on_turn);
    return 0;
}

static int end(void **state)
{
    (void)state;
    while (store_strays_take(&strays) != NULL)
        ;
    store_strays_close(&strays);
    event_base_free(base);
    return 0;
}

/* Puts in calls of a tenant, from this one on, until there is no place. Returns how many. */
static size_t put_all(uint32_t tenant, size_t from)
{
    size_t count = 0;

    for (size_t i = from; i < CALLS; i++, count++) {
        calls[i] = (struct pending){.asked.tenant = tenant, .cost = COST};
        if (!store_strays_put(&strays, &calls[i]))
            break;
    }
    return count;
}

static void a_tenant_has_half_of_the_places_and_the_next_one_half_of_the_rest(void **state)
{
    (void)state;

    assert_int_equal(put_all(1, 0), PLACES / 2);
    assert_int_equal(put_all(2, PLACES), PLACES / 4);
}

static void calls_come_in_their_order_and_leave_their_places(void **state)
{
    (void)state;
    const size_t count = put_all(1, 0);

    assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);

    assert_int_equal(taken_count, count);
    for (size_t i = 0; i < count; i++)
        assert_ptr_equal(taken[i], &calls[i]);
    assert_int_equal(put_all(1, 0), PLACES / 2);
    assert_ptr_equal(store_strays_take(&strays), &calls[0]);
    assert_int_equal(put_all(1, PLACES), 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_tenant_has_half_of_the_places_and_the_next_one_half_of_the_rest),
        TEST(calls_come_in_their_order_and_leave_their_places),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
