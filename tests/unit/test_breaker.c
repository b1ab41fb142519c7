/* SPDX-License-Identifier: MIT */
#include "store/breaker.h"

#include "base/clock.h"
#include "support/cmocka.h"

#include <event2/event.h>

static struct event_base *base;
static struct breaker breaker;
static size_t probes;

static void on_probe(void *context)
{
    (void)context;
    probes++;
}

static int set_up(void **state)
{
    (void)state;
    base = event_base_new();
    breaker_init(&breaker, base, NULL, on_probe);
    probes = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    breaker_close(&breaker);
    event_base_free(base);
    return 0;
}

static void keep_failing(int times)
{
    for (int i = 0; i < times; i++)
        breaker_failed(&breaker);
}

/* Runs the loop until it probes. Returns how long it waited. */
static int64_t wait_for_probe(void)
{
    const int64_t begun_us = clock_monotonic_us();

    assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
    return clock_monotonic_us() - begun_us;
}

static bool has_a_timer(void)
{
    return event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED) > 0;
}

static void stays_closed_below_the_number_of_failures(void **state)
{
    (void)state;

    keep_failing(BREAKER_FAILURES - 1);

    assert_false(breaker_is_open(&breaker));
    assert_false(has_a_timer());
}

static void a_success_between_failures_starts_the_count_again(void **state)
{
    (void)state;

    for (int i = 0; i < 10 * BREAKER_FAILURES; i++) {
        if (i % (BREAKER_FAILURES - 1) == 0)
            breaker_succeeded(&breaker);
        keep_failing(1);
    }

    assert_false(breaker_is_open(&breaker));
}

static void opens_after_failures_in_a_row(void **state)
{
    (void)state;

    keep_failing(BREAKER_FAILURES);

    assert_true(breaker_is_open(&breaker));
    assert_int_equal(probes, 0);
}

static void asks_to_probe_after_a_wait_and_again_until_something_succeeds(void **state)
{
    (void)state;
    keep_failing(BREAKER_FAILURES);

    const int64_t first_us = wait_for_probe();
    const int64_t second_us = wait_for_probe();
    keep_failing(1);
    const int64_t third_us = wait_for_probe();

    assert_int_equal(probes, 3);
    assert_true(breaker_is_open(&breaker));
    assert_true(first_us >= BREAKER_WAIT_MIN_US - MILLISECOND_US);
    assert_true(second_us >= BREAKER_WAIT_MIN_US - MILLISECOND_US);
    assert_true(third_us >= BREAKER_WAIT_MIN_US - MILLISECOND_US);
}

static void a_success_closes_it_and_ends_the_probes(void **state)
{
    (void)state;
    keep_failing(BREAKER_FAILURES);
    (void)wait_for_probe();

    breaker_succeeded(&breaker);

    assert_false(breaker_is_open(&breaker));
    assert_false(has_a_timer());
    keep_failing(BREAKER_FAILURES - 1);
    assert_false(breaker_is_open(&breaker));
}

static void failures_without_end_do_not_put_the_probe_off(void **state)
{
    struct timeval at;
    struct timeval later;
    (void)state;
    keep_failing(BREAKER_FAILURES);
    assert_true(event_pending(breaker.wait, EV_TIMEOUT, &at));

    keep_failing(1000);

    assert_true(breaker_is_open(&breaker));
    assert_true(event_pending(breaker.wait, EV_TIMEOUT, &later));
    assert_memory_equal(&at, &later, sizeof(at));
}

static void waits_differ_within_their_bounds(void **state)
{
    int64_t shortest_us = INT64_MAX;
    int64_t longest_us = 0;
    (void)state;

    for (int i = 0; i < 1000; i++) {
        struct timeval now;
        struct timeval at;
        assert_int_equal(event_base_gettimeofday_cached(base, &now), 0);
        keep_failing(BREAKER_FAILURES);
        assert_true(event_pending(breaker.wait, EV_TIMEOUT, &at));
        const int64_t wait_us = (at.tv_sec - now.tv_sec) * SECOND_US + (at.tv_usec - now.tv_usec);
        shortest_us = wait_us < shortest_us ? wait_us : shortest_us;
        longest_us = wait_us > longest_us ? wait_us : longest_us;
        breaker_succeeded(&breaker);
    }

    /* The clock of the loop is coarse. */
    assert_in_range(shortest_us, BREAKER_WAIT_MIN_US - 10 * MILLISECOND_US,
                    2 * BREAKER_WAIT_MIN_US);
    assert_true(longest_us >= BREAKER_WAIT_MAX_US - BREAKER_WAIT_MIN_US);
}

#define TEST(claim) cmocka_unit_test_setup_teardown(claim, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(stays_closed_below_the_number_of_failures),
        TEST(a_success_between_failures_starts_the_count_again),
        TEST(opens_after_failures_in_a_row),
        TEST(asks_to_probe_after_a_wait_and_again_until_something_succeeds),
        TEST(a_success_closes_it_and_ends_the_probes),
        TEST(failures_without_end_do_not_put_the_probe_off),
        TEST(waits_differ_within_their_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
