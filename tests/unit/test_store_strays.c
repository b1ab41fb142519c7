/* SPDX-License-Identifier: MIT */
#include "store_strays.h"

#include "base/clock.h"
#include "support/cmocka.h"

#include <event2/event.h>

#define CALLS  20000
#define COST   8
#define PLACES (CALL_QUEUE_COST_MAX / COST)
#define LONG   MINUTE_US

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
        if (!store_strays_put(&strays, &calls[i], LONG))
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

    assert_int_equal(event_base_dispatch(base), 1);

    assert_int_equal(taken_count, count);
    for (size_t i = 0; i < count; i++)
        assert_ptr_equal(taken[i], &calls[i]);
    assert_int_equal(put_all(1, 0), PLACES / 2);
    assert_ptr_equal(store_strays_take(&strays), &calls[0]);
    assert_int_equal(put_all(1, PLACES), 1);
}

static void a_call_rests_longer_each_time_while_it_has_time(void **state)
{
    const int64_t begun_us = clock_monotonic_us();
    int64_t rest_us = STORE_STRAYS_REST_US;
    (void)state;
    calls[0] = (struct pending){.asked.tenant = 1, .cost = COST};

    for (size_t i = 1; i <= 5; i++, rest_us *= 2) {
        assert_true(store_strays_put(&strays, &calls[0], LONG));
        const int64_t put_us = clock_monotonic_us();
        assert_true(calls[0].rests_until_us >= begun_us + rest_us);
        assert_true(calls[0].rests_until_us <= put_us + rest_us);
        assert_int_equal(event_base_dispatch(base), 1);
        assert_int_equal(taken_count, i);
        assert_true(clock_monotonic_us() >= calls[0].rests_until_us);
    }
}

static void a_rest_leaves_time_for_the_call(void **state)
{
    (void)state;
    calls[0] = (struct pending){.asked.tenant = 1, .cost = COST, .rests = 4};

    assert_false(store_strays_put(&strays, &calls[0], 2 * STORE_STRAYS_REST_US - 1));
    assert_true(store_strays_put(&strays, &calls[0], 8 * STORE_STRAYS_REST_US));
    assert_true(calls[0].rests_until_us <= clock_monotonic_us() + 4 * STORE_STRAYS_REST_US);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_tenant_has_half_of_the_places_and_the_next_one_half_of_the_rest),
        TEST(a_call_rests_longer_each_time_while_it_has_time),
        TEST(a_rest_leaves_time_for_the_call),
        TEST(calls_come_in_their_order_and_leave_their_places),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
