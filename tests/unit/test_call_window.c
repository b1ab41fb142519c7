/* SPDX-License-Identifier: MIT */
#include "store/call_window.h"

#include "support/cmocka.h"

#include <stdlib.h>

#define TIMEOUT_US (50 * MILLISECOND_US)
#define QUEUE_US   (3 * MILLISECOND_US)

/* The number of calls beside which no other is admitted. */
static size_t size_of(const struct call_window *window)
{
    size_t out = 0;

    while (call_window_admits(window, out))
        out++;
    return out;
}

/* A Redis that serves one call after the other, behind a line that takes time. The callers want
 * more calls than the window admits, or only a few. */
struct simulation {
    struct call_window window;
    int64_t away_us;           /* the line's time, there and back */
    int64_t service_us;        /* the time that Redis needs for a call */
    int64_t (*pause_us)(void); /* how long Redis rests before a call; NULL: not at all */
    size_t wanted;             /* how many calls the callers want at once */
    bool is_blind;             /* nothing looks for answers when they arrive */
    size_t out;
    int64_t now_us;
    int64_t free_us; /* when Redis will have served all calls */
    int64_t sent_us[CALL_WINDOW_MAX];
    int64_t back_us[CALL_WINDOW_MAX];
    size_t first;
    int64_t answered;
    int64_t queued_us; /* how long all calls stood in the queue of Redis, together */
};

static struct simulation simulation;

static void begin(int64_t away_us, int64_t service_us, size_t wanted)
{
    simulation =
        (struct simulation){.away_us = away_us, .service_us = service_us, .wanted = wanted};
    call_window_init(&simulation.window, TIMEOUT_US);
    simulation.now_us = MINUTE_US;
}

static void send_all(struct simulation *s)
{
    while (s->out < s->wanted && call_window_admits(&s->window, s->out)) {
        const size_t place = (s->first + s->out++) % CALL_WINDOW_MAX;
        const int64_t there_us = s->now_us + s->away_us / 2;
        const int64_t begun_us = s->free_us > there_us ? s->free_us : there_us;

        s->queued_us += begun_us - there_us;
        s->free_us = begun_us + s->service_us + (s->pause_us != NULL ? s->pause_us() : 0);
        s->sent_us[place] = s->now_us;
        s->back_us[place] = s->free_us + s->away_us / 2;
    }
}

static void run(int64_t lasting_us)
{
    struct simulation *s = &simulation;
    const int64_t until_us = s->now_us + lasting_us;

    s->answered = 0;
    s->queued_us = 0;
    while (s->now_us < until_us) {
        send_all(s);
        s->now_us = s->back_us[s->first];
        const struct call_sample sample = {
            .took_us = s->now_us - s->sent_us[s->first],
            .took_at_least_us = s->is_blind ? 0 : s->now_us - s->sent_us[s->first],
            .wanted = s->wanted,
        };
        s->first = (s->first + 1) % CALL_WINDOW_MAX;
        s->out--;
        s->answered++;
        call_window_took(&s->window, &sample, s->now_us);
    }
}

static void expect_busy(int64_t lasting_us, double share)
{
    const double most = (double)lasting_us / (double)simulation.service_us;

    if ((double)simulation.answered < share * most)
        fail_msg("%ld answers instead of %.0f", (long)simulation.answered, share * most);
}

static void expect_queue(int64_t us)
{
    if (simulation.queued_us / simulation.answered > us)
        fail_msg("a queue of %ld us", (long)(simulation.queued_us / simulation.answered));
}

static void it_begins_with_a_size(void **state)
{
    struct call_window window;
    (void)state;

    call_window_init(&window, TIMEOUT_US);

    assert_int_equal(size_of(&window), CALL_WINDOW_START);
}

static void wherever_redis_is_it_is_busy_and_its_queue_is_short(void **state)
{
    static const int64_t away_us[] = {100, 1000, 5000, 20000, 30000};
    static const int64_t service_us[] = {5, 20, 150};
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(away_us); i++) {
        for (size_t j = 0; j < ARRAY_COUNT(service_us); j++) {
            print_message("%ld us away, %ld us for a call\n", (long)away_us[i],
                          (long)service_us[j]);
            begin(away_us[i], service_us[j], SIZE_MAX);
            run(2 * SECOND_US);
            run(SECOND_US);
            expect_busy(SECOND_US, 0.99);
            expect_queue(3 * QUEUE_US);
        }
    }
}

/* Although there is always a queue, the time of a call without one stays known. */
static void a_queue_that_stands_for_a_minute_stays_short(void **state)
{
    (void)state;
    begin(100, 20, SIZE_MAX);

    for (int minute = 0; minute < 3; minute++) {
        run(MINUTE_US);
        expect_busy(MINUTE_US, 0.98);
        expect_queue(3 * QUEUE_US);
    }
}

static void a_redis_that_moves_away_is_kept_busy_again(void **state)
{
    (void)state;
    begin(100, 20, SIZE_MAX);
    run(MINUTE_US);

    simulation.away_us = 8000;
    run(20 * SECOND_US);
    run(10 * SECOND_US);
    expect_busy(10 * SECOND_US, 0.95);

    simulation.away_us = 20000;
    run(20 * SECOND_US);
    run(10 * SECOND_US);
    expect_busy(10 * SECOND_US, 0.95);
    expect_queue(3 * QUEUE_US);
}

/* Before each thousandth call Redis rests for 20 ms, so it rests half of the time. */
static int64_t rare_pause(void)
{
    static int calls;

    return ++calls % 1000 == 0 ? 20 * MILLISECOND_US : 0;
}

static void a_slow_moment_is_not_a_queue(void **state)
{
    (void)state;
    begin(100, 20, SIZE_MAX);
    simulation.pause_us = rare_pause;

    run(10 * SECOND_US);

    assert_true(size_of(&simulation.window) > 4 * CALL_WINDOW_MIN);
    expect_busy(10 * SECOND_US, 0.45);
}

/* Nothing shows that it was too small. */
static void a_window_that_is_not_full_does_not_grow(void **state)
{
    (void)state;
    begin(100, 5, CALL_WINDOW_START / 2);

    run(SECOND_US);

    assert_int_equal(size_of(&simulation.window), CALL_WINDOW_START);
}

static void a_slow_call_that_was_alone_was_not_in_a_queue(void **state)
{
    (void)state;
    begin(100, 20, 1);
    run(SECOND_US);

    simulation.away_us = 40000;
    run(SECOND_US);

    assert_int_equal(size_of(&simulation.window), CALL_WINDOW_START);
}

/* Redis may be idle. */
static void where_no_queue_can_be_seen_it_grows_a_little(void **state)
{
    (void)state;
    begin(100, 500, SIZE_MAX);
    run(10 * SECOND_US);
    const size_t before = size_of(&simulation.window);

    simulation.is_blind = true;
    run(CALL_WINDOW_LOOK_US / 2);

    assert_true(before < CALL_WINDOW_BLIND);
    assert_int_equal(size_of(&simulation.window), CALL_WINDOW_BLIND);
}

/* The worker looks for answers after 2 ms of other work, and handles each in 20 us. If few calls
 * are out, a call takes 2.5 ms or so. With a queue of 3 ms, about 180 calls are out. */
static void answers_that_wait_for_a_busy_worker_are_a_queue(void **state)
{
    struct call_window window;
    int64_t now_us = MINUTE_US;
    (void)state;
    call_window_init(&window, TIMEOUT_US);
    call_window_took(&window, &(struct call_sample){.took_us = 100}, now_us);

    for (int turn = 0; turn < 1000; turn++) {
        const size_t out = size_of(&window);

        now_us += 2 * MILLISECOND_US;
        for (size_t i = 0; i < out; i++) {
            now_us += 20;
            const struct call_sample sample = {.took_us = 2 * MILLISECOND_US + 20 * (int64_t)out,
                                               .took_at_least_us = i == 0 ? 100 : 0,
                                               .wanted = SIZE_MAX};
            call_window_took(&window, &sample, now_us);
        }
    }

    assert_in_range(size_of(&window), CALL_WINDOW_BLIND, 200);
}

/* Even if the next call is answered soon. */
static void a_late_call_lets_it_shrink_once_in_a_round(void **state)
{
    const struct call_sample late = {
        .took_us = TIMEOUT_US, .took_at_least_us = TIMEOUT_US, .wanted = SIZE_MAX, .is_late = true};
    (void)state;
    begin(100, 20, SIZE_MAX);
    run(SECOND_US);
    const size_t before = size_of(&simulation.window);

    for (int i = 0; i < 10; i++)
        call_window_took(&simulation.window, &late, simulation.now_us);
    run(6 * MILLISECOND_US);

    assert_in_range(size_of(&simulation.window), before / 2, before - 1);
}

static void it_has_bounds(void **state)
{
    (void)state;

    begin(20000, 1, SIZE_MAX);
    run(SECOND_US);
    assert_int_equal(size_of(&simulation.window), CALL_WINDOW_MAX);

    begin(100, 20, SIZE_MAX);
    run(SECOND_US);
    simulation.service_us = 10000;
    run(2 * MINUTE_US);
    assert_in_range(size_of(&simulation.window), CALL_WINDOW_MIN, CALL_WINDOW_MIN * 5 / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_begins_with_a_size),
        cmocka_unit_test(wherever_redis_is_it_is_busy_and_its_queue_is_short),
        cmocka_unit_test(a_queue_that_stands_for_a_minute_stays_short),
        cmocka_unit_test(a_redis_that_moves_away_is_kept_busy_again),
        cmocka_unit_test(a_slow_moment_is_not_a_queue),
        cmocka_unit_test(a_window_that_is_not_full_does_not_grow),
        cmocka_unit_test(a_slow_call_that_was_alone_was_not_in_a_queue),
        cmocka_unit_test(where_no_queue_can_be_seen_it_grows_a_little),
        cmocka_unit_test(answers_that_wait_for_a_busy_worker_are_a_queue),
        cmocka_unit_test(a_late_call_lets_it_shrink_once_in_a_round),
        cmocka_unit_test(it_has_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
