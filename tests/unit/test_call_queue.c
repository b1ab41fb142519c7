/* SPDX-License-Identifier: MIT */
#include "store/call_queue.h"

#include "limit/policy.h"
#include "support/cmocka.h"
#include "support/random.h"

#include <event2/event.h>

#define TIMEOUT_US  (2 * SECOND_US)
#define PATIENCE_US (TIMEOUT_US / 2)
#define NOW_US      (1000 * SECOND_US)
#define FULL        CALL_WINDOW_START
#define CALLS_MAX   10000

static struct event_base *base;
static struct call_queue queue;
static struct waiting_call calls[CALLS_MAX];
static size_t alarms;

static void on_overdue(void *context)
{
    assert_ptr_equal(context, &queue);
    alarms++;
}

static int begin(void **state)
{
    (void)state;
    base = event_base_new();
    alarms = 0;
    call_queue_init(&queue, base, TIMEOUT_US, &queue, on_overdue);
    return 0;
}

static int end(void **state)
{
    (void)state;
    while (call_queue_take(&queue) != NULL)
        ;
    assert_int_equal(queue.shares.taken, 0);
    call_queue_close(&queue);
    event_base_free(base);
    return 0;
}

/* Whether call `number` has a place. */
static bool wait_as(size_t number, uint32_t tenant, size_t limits, int64_t now_us)
{
    const uint32_t cost = call_queue_cost(limits);

    switch (call_queue_enter(&queue, tenant, cost, FULL)) {
    case CALL_WAITS:
        call_queue_put(&queue, &calls[number], tenant, cost, now_us);
        return true;
    case CALL_HAS_NO_PLACE:
        return false;
    case CALL_GOES:
        break;
    }
    fail_msg("the window is closed");
    return false;
}

static size_t number_of(const struct waiting_call *call)
{
    return (size_t)(call - calls);
}

static void a_call_that_finds_the_window_open_and_none_waiting_goes_at_once(void **state)
{
    (void)state;

    assert_int_equal(call_queue_enter(&queue, 1, 4, FULL - 1), CALL_GOES);
    assert_int_equal(call_queue_enter(&queue, 1, 4, FULL - 1), CALL_GOES);
    assert_int_equal(queue.shares.taken, 0);
    assert_true(wait_as(0, 1, 1, NOW_US));
    assert_int_equal(call_queue_enter(&queue, 2, 4, FULL - 1), CALL_WAITS);

    shares_give(&queue.shares, 2, 4);
}

static void nobody_is_sent_while_the_window_is_closed(void **state)
{
    (void)state;
    assert_true(wait_as(0, 1, 1, NOW_US));

    assert_null(call_queue_next(&queue, FULL));
    assert_ptr_equal(call_queue_next(&queue, FULL - 1), &calls[0]);
    assert_null(call_queue_next(&queue, FULL - 1));
}

/* A turn is worth a cost of eleven: one call of eight limits, or two calls of one limit. The rest
 * of a turn is kept: so in the next turn there are three calls. */
static void calls_go_in_turns_by_what_they_cost(void **state)
{
    static const size_t wanted[] = {0, 100, 101, 1, 102, 103, 104, 200, 2, 105, 106, 107, 201, 3};
    (void)state;
    for (size_t i = 0; i < 100; i++)
        assert_true(wait_as(i, 1, LIMITS_MAX, NOW_US));
    for (size_t i = 100; i < 110; i++)
        assert_true(wait_as(i, 2, 1, NOW_US));

    for (size_t i = 0; i < ARRAY_COUNT(wanted); i++) {
        if (i == 4) {
            assert_true(wait_as(200, 3, LIMITS_MAX, NOW_US));
            assert_true(wait_as(201, 3, LIMITS_MAX, NOW_US));
        }
        assert_int_equal(number_of(call_queue_next(&queue, 0)), wanted[i]);
    }
}

static void a_tenant_alone_has_half_of_the_places_and_the_next_one_half_of_the_rest(void **state)
{
    const size_t half = CALL_QUEUE_COST_MAX / 2 / call_queue_cost(1);
    size_t first = 0;
    size_t second = 0;
    (void)state;

    while (wait_as(first, 1, 1, NOW_US))
        first++;
    while (wait_as(first + second, 2, LIMITS_MAX, NOW_US))
        second++;

    assert_int_equal(first, half);
    assert_int_equal(second, CALL_QUEUE_COST_MAX / 4 / call_queue_cost(LIMITS_MAX));
    assert_false(wait_as(first + second, 1, 1, NOW_US));
}

static void a_call_waits_for_half_of_its_time(void **state)
{
    (void)state;
    assert_true(wait_as(0, 1, 1, NOW_US));
    assert_true(wait_as(1, 2, 1, NOW_US + 5));
    assert_true(wait_as(2, 1, 1, NOW_US + 5));
    assert_true(wait_as(3, 1, 1, NOW_US + 6));

    assert_null(call_queue_next_overdue(&queue, NOW_US + PATIENCE_US - 1));
    assert_ptr_equal(call_queue_next_overdue(&queue, NOW_US + PATIENCE_US), &calls[0]);
    assert_null(call_queue_next_overdue(&queue, NOW_US + PATIENCE_US));
    assert_ptr_equal(call_queue_next_overdue(&queue, NOW_US + PATIENCE_US + 5), &calls[1]);
    assert_ptr_equal(call_queue_next_overdue(&queue, NOW_US + PATIENCE_US + 5), &calls[2]);
    assert_null(call_queue_next_overdue(&queue, NOW_US + PATIENCE_US + 5));

    assert_int_equal(call_queue_length(&queue), 1);
}

/* However many calls come and go. */
static void one_timer_is_enough(void **state)
{
    (void)state;

    for (size_t i = 0; i < 100; i++) {
        assert_true(wait_as(i, 1, 1, NOW_US));
        if (i > 0)
            assert_non_null(call_queue_next(&queue, 0));
    }

    assert_int_equal(event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED), 1);
    assert_int_equal(event_base_dispatch(base), 1);
    assert_int_equal(alarms, 1);
    assert_null(call_queue_next_overdue(&queue, NOW_US + PATIENCE_US - 1));
    assert_int_equal(event_base_dispatch(base), 1);
    assert_int_equal(alarms, 2);
}

static void whatever_happens_each_comes_out_once(void **state)
{
    static bool is_in[CALLS_MAX];
    int64_t now_us = NOW_US;
    size_t count = 0;
    (void)state;
    random_begin(random_seed());

    for (int step = 0; step < 200000; step++) {
        const size_t number = (size_t)random_below(CALLS_MAX);
        struct waiting_call *out = NULL;

        now_us += random_below(1000);
        switch (random_below(5)) {
        case 0:
            out = call_queue_next(&queue, (size_t)random_below(2 * FULL));
            break;
        case 1:
            out = call_queue_next_overdue(&queue, now_us);
            break;
        default:
            if (!is_in[number] && wait_as(number, (uint32_t)random_below(50),
                                          1 + (size_t)random_below(LIMITS_MAX), now_us)) {
                is_in[number] = true;
                count++;
            }
        }
        if (out != NULL) {
            assert_true(is_in[number_of(out)]);
            is_in[number_of(out)] = false;
            count--;
        }
        assert_int_equal(call_queue_length(&queue), count);
    }
}

#define TEST(claim) cmocka_unit_test_setup_teardown(claim, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_call_that_finds_the_window_open_and_none_waiting_goes_at_once),
        TEST(nobody_is_sent_while_the_window_is_closed),
        TEST(calls_go_in_turns_by_what_they_cost),
        TEST(a_tenant_alone_has_half_of_the_places_and_the_next_one_half_of_the_rest),
        TEST(a_call_waits_for_half_of_its_time),
        TEST(one_timer_is_enough),
        TEST(whatever_happens_each_comes_out_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
