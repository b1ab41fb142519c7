/* SPDX-License-Identifier: MIT */
#include "base/wall_ahead.h"

#include "base/clock.h"
#include "support/cmocka.h"

#include <pthread.h>

#define THREADS  4
#define LOOKS    20000
#define AHEAD_US INT64_C(1795270335042999)
#define STEP_US  HOUR_US
#define BEGUN_US INT64_C(5000000)
#define SHORT_US 7 /* a look takes so long */

/* A look at `now_us` by the monotonic clock, while the wall is so far ahead. */
static struct wall_look look_at(int64_t now_us, int64_t ahead_us)
{
    return (struct wall_look){now_us, now_us + ahead_us, now_us + SHORT_US};
}

static int64_t follow(struct wall_ahead *ahead, int64_t now_us, int64_t ahead_us)
{
    const struct wall_look look = look_at(now_us, ahead_us);

    return wall_ahead_follow(ahead, &look);
}

static void it_stays_the_same_while_the_clocks_go_alike(void **state)
{
    struct wall_ahead ahead = {AHEAD_US};

    (void)state;
    for (int64_t i = 0; i < 1000; i++) {
        const int64_t off_us = i % 2 == 0 ? i * 10 : -i * 10; /* up to 10 ms */

        assert_int_equal(follow(&ahead, BEGUN_US + i * HOUR_US, AHEAD_US + off_us), AHEAD_US);
    }
}

static void a_step_is_followed_at_once_and_exactly(void **state)
{
    static const int64_t steps_us[] = {STEP_US, -STEP_US, 10001, -10001, 400 * DAY_S * SECOND_US};
    struct wall_ahead ahead = {AHEAD_US};
    int64_t expected_us = AHEAD_US;

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(steps_us); i++) {
        expected_us += steps_us[i];
        assert_int_equal(follow(&ahead, BEGUN_US, expected_us), expected_us);
        assert_int_equal(follow(&ahead, BEGUN_US + 1, expected_us + 9999), expected_us);
    }
}

static void a_thread_that_was_kept_waiting_has_seen_no_step(void **state)
{
    struct wall_ahead ahead = {AHEAD_US};
    const struct wall_look look = {BEGUN_US, BEGUN_US + AHEAD_US + 20000, BEGUN_US + 20000};

    (void)state;
    assert_int_equal(wall_ahead_follow(&ahead, &look), AHEAD_US);
    assert_int_equal(follow(&ahead, BEGUN_US + 30000, AHEAD_US), AHEAD_US);
}

/* A caller that was kept waiting after it had read `now_us` looks again. */
static void it_is_that_of_this_machines_clocks(void **state)
{
    struct wall_ahead ahead;

    (void)state;
    wall_ahead_init(&ahead);
    const int64_t wall_us = clock_wall_us();
    const int64_t now_us = clock_monotonic_us();
    const int64_t ahead_us = wall_ahead_now(&ahead, now_us);

    assert_true(now_us + ahead_us >= wall_us - WALL_AHEAD_STEP_US);
    assert_true(now_us + ahead_us <= clock_wall_us() + WALL_AHEAD_STEP_US);
    assert_int_equal(wall_ahead_now(&ahead, now_us - MINUTE_US), ahead_us);
}

struct follower {
    struct wall_ahead *ahead;
    int64_t number;
    bool agrees;
};

/* Each thread measures the step a little differently. Once one was believed, all say the same. */
static void *follow_many(void *context)
{
    struct follower *follower = context;
    const int64_t seen_us = AHEAD_US + STEP_US + follower->number;
    const int64_t first_us = follow(follower->ahead, BEGUN_US, seen_us);

    follower->agrees = true;
    for (int i = 0; i < LOOKS; i++)
        follower->agrees &= follow(follower->ahead, BEGUN_US + i, seen_us) == first_us;
    return NULL;
}

static void threads_agree_on_a_step(void **state)
{
    struct wall_ahead ahead = {AHEAD_US};
    struct follower followers[THREADS];
    pthread_t threads[THREADS];

    (void)state;
    for (int64_t i = 0; i < THREADS; i++) {
        followers[i] = (struct follower){.ahead = &ahead, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, follow_many, &followers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_true(followers[i].agrees);
    }
    assert_in_range(atomic_load(&ahead.us), AHEAD_US + STEP_US, AHEAD_US + STEP_US + THREADS - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_stays_the_same_while_the_clocks_go_alike),
        cmocka_unit_test(a_step_is_followed_at_once_and_exactly),
        cmocka_unit_test(a_thread_that_was_kept_waiting_has_seen_no_step),
        cmocka_unit_test(it_is_that_of_this_machines_clocks),
        cmocka_unit_test(threads_agree_on_a_step),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
