/* SPDX-License-Identifier: MIT
 *
 * Calls for a node of a cluster that is in the map, and not connected yet. */
#include "captured.h"
#include "cluster_case.h"

#include "store/breaker.h"
#include "store/call_queue.h"

/* So many calls of one limit fit into one tenant's places. */
#define PLACES    (CALL_QUEUE_COST_MAX / 2 / 4)
#define GOOD_ASKS 100

enum tenant { HOSTILE = 1, GOOD };

static struct store *joining_store(int64_t timeout_us)
{
    cluster_look();
    return asker_store_at(redis_cluster_url(cluster), timeout_us);
}

static void ask(struct store *store, enum tenant tenant, size_t count, struct answers *answers)
{
    struct operation take = asker_take_of(1, &asker_limit, 1);

    take.tenant = tenant;
    for (size_t i = 0; i < count; i++)
        asker_ask(store, &take, answers);
}

static uint64_t spared(void)
{
    return figure_get(&asker_metrics.figures[METRIC_STORE_CALLS_SPARED]);
}

static void a_tenant_has_its_places_there_and_no_more(void **state)
{
    struct answers hostile = {0};
    struct answers good = {0};
    (void)state;
    assert_int_equal(call_queue_cost(1), 4);
    struct store *store = joining_store(PATIENT_US);

    ask(store, HOSTILE, PLACES + 10, &hostile);
    ask(store, GOOD, GOOD_ASKS, &good);

    assert_int_equal(hostile.count, 10);
    assert_int_equal(hostile.by_status[TAKE_DOWN], 10);
    assert_int_equal(good.count, 0);
    store_free(store);
    assert_int_equal(hostile.by_status[TAKE_DOWN], PLACES + 10);
    assert_int_equal(good.by_status[TAKE_DOWN], GOOD_ASKS);
}

static void tenants_take_turns_once_it_is_connected(void **state)
{
    struct answers hostile = {0};
    struct answers good = {0};
    (void)state;
    struct store *store = joining_store(PATIENT_US);
    ask(store, HOSTILE, PLACES, &hostile);
    ask(store, GOOD, GOOD_ASKS, &good);

    TURN_UNTIL(good.count == GOOD_ASKS);
    const size_t hostile_before = hostile.count;
    TURN_UNTIL(hostile.count == PLACES);

    assert_int_equal(good.by_status[TAKE_DONE], GOOD_ASKS);
    assert_int_equal(hostile.by_status[TAKE_DONE], PLACES);
    assert_true(hostile_before < PLACES / 2);
    store_free(store);
}

/* It has not been asked, so nothing is known of it. */
static void one_that_is_not_there_in_time_opens_no_breaker(void **state)
{
    struct answers answers = {0};
    struct captured captured;
    const uint64_t before = spared();
    (void)state;
    redis_server_pause(cluster_node(0));
    redis_server_pause(cluster_node(1));
    struct store *store = asker_store_at(redis_cluster_url(cluster), HASTY_US);

    capture_begin(&captured);
    ask(store, GOOD, 2 * BREAKER_FAILURES, &answers);
    const size_t waiting = store_health(store).calls_waiting;
    TURN_UNTIL(answers.count == (size_t)2 * BREAKER_FAILURES);
    const int told = capture_end(&captured, "redis cannot keep up");

    /* On a busy machine, it may even be lost by then. */
    assert_int_equal(answers.by_status[TAKE_REFUSED] + answers.by_status[TAKE_DOWN], answers.count);
    assert_int_equal(waiting, 2 * BREAKER_FAILURES);
    assert_int_equal(store_health(store).breakers_open, 0);
    assert_int_equal(spared(), before);
    assert_int_equal(told, 0);
    store_free(store);
    redis_server_continue(cluster_node(0));
    redis_server_continue(cluster_node(1));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, asker_begin, asker_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_tenant_has_its_places_there_and_no_more),
        TEST(tenants_take_turns_once_it_is_connected),
        TEST(one_that_is_not_there_in_time_opens_no_breaker),
    };

    return cmocka_run_group_tests(tests, cluster_group_open, cluster_group_close);
}
