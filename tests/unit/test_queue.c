/* SPDX-License-Identifier: MIT */
#include "base/queue.h"

#include <poll.h>
#include <pthread.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define POSTERS 4
#define POSTS   5000
#define FREES   2000

struct job {
    struct queue_item item;
    struct queue *queue;
    int number;
};

static int ran[POSTERS * POSTS];
static size_t ran_count;

static void on_job(struct queue_item *item)
{
    ran[ran_count++] = CONTAINER_OF(item, struct job, item)->number;
}

static void on_job_again(struct queue_item *item)
{
    const struct job *job = CONTAINER_OF(item, struct job, item);

    ran_count++;
    assert_true(queue_post(job->queue, item));
}

static int begin(void **state)
{
    (void)state;
    ran_count = 0;
    return 0;
}

static bool is_readable(const struct queue *queue, int timeout_ms)
{
    struct pollfd ready = {.fd = queue_fd(queue), .events = POLLIN};

    return poll(&ready, 1, timeout_ms) == 1;
}

static void items_run_in_the_order_of_posting(void **state)
{
    (void)state;
    struct queue *queue = queue_new(0);
    struct job jobs[10];

    for (int i = 0; i < 10; i++) {
        jobs[i] = (struct job){.item.run = on_job, .number = i};
        assert_true(queue_post(queue, &jobs[i].item));
    }

    assert_int_equal(queue_drain(queue), 10);
    for (int i = 0; i < 10; i++)
        assert_int_equal(ran[i], i);
    queue_free(queue);
}

static void the_descriptor_is_readable_while_there_are_items(void **state)
{
    (void)state;
    struct queue *queue = queue_new(0);
    struct job job = {.item.run = on_job};

    assert_false(is_readable(queue, 0));
    assert_false(queue_has_items(queue));

    for (int round = 0; round < 3; round++) {
        assert_true(queue_post(queue, &job.item));
        assert_true(is_readable(queue, 0));
        assert_true(queue_has_items(queue));

        assert_int_equal(queue_drain(queue), 1);
        assert_false(is_readable(queue, 0));
        assert_false(queue_has_items(queue));
    }
    queue_free(queue);
}

static void draining_nothing_runs_nothing(void **state)
{
    (void)state;
    struct queue *queue = queue_new(0);

    assert_int_equal(queue_drain(queue), 0);

    queue_free(queue);
    queue_free(NULL);
}

static void a_full_queue_refuses_until_items_ran(void **state)
{
    (void)state;
    struct queue *queue = queue_new(2);
    struct job jobs[3] = {{.item.run = on_job, .number = 0},
                          {.item.run = on_job, .number = 1},
                          {.item.run = on_job, .number = 2}};

    assert_true(queue_post(queue, &jobs[0].item));
    assert_true(queue_post(queue, &jobs[1].item));
    assert_false(queue_post(queue, &jobs[2].item));
    assert_int_equal(queue_drain(queue), 2);
    assert_true(queue_post(queue, &jobs[2].item));
    assert_int_equal(queue_drain(queue), 1);

    assert_int_equal(ran_count, 3);
    assert_int_equal(ran[2], 2);
    queue_free(queue);
}

static void an_item_that_posts_itself_waits_for_the_next_drain(void **state)
{
    (void)state;
    struct queue *queue = queue_new(1);
    struct job job = {.item.run = on_job_again, .queue = queue};
    assert_true(queue_post(queue, &job.item));

    assert_int_equal(queue_drain(queue), 1);
    assert_true(is_readable(queue, 0));
    assert_int_equal(queue_drain(queue), 1);

    assert_int_equal(ran_count, 2);
    queue_free(queue);
}

static void items_never_run_stay_with_those_who_posted_them(void **state)
{
    (void)state;
    struct queue *queue = queue_new(0);
    struct job job = {.item.run = on_job};
    assert_true(queue_post(queue, &job.item));

    queue_free(queue);

    assert_int_equal(ran_count, 0);
}

struct poster {
    struct queue *queue;
    struct job *jobs;
};

static void *post_all(void *context)
{
    const struct poster *poster = context;

    for (size_t i = 0; i < POSTS; i++) {
        while (!queue_post(poster->queue, &poster->jobs[i].item))
            sched_yield();
    }
    return NULL;
}

static void start_posters(struct queue *queue, struct job jobs[POSTERS][POSTS],
                          struct poster posters[], pthread_t threads[])
{
    for (size_t i = 0; i < POSTERS; i++) {
        for (size_t k = 0; k < POSTS; k++)
            jobs[i][k] = (struct job){.item.run = on_job, .number = (int)(i * POSTS + k)};
        posters[i] = (struct poster){queue, jobs[i]};
        assert_int_equal(pthread_create(&threads[i], NULL, post_all, &posters[i]), 0);
    }
}

/* Only the descriptor wakes the reader: after a lost wake-up the wait would end with nothing
 * read. */
static void every_item_of_many_posters_runs_once_in_its_order(void **state)
{
    (void)state;
    static const size_t capacities[] = {0, 3};
    static struct job jobs[POSTERS][POSTS];

    for (size_t round = 0; round < ARRAY_COUNT(capacities); round++) {
        struct queue *queue = queue_new(capacities[round]);
        struct poster posters[POSTERS];
        pthread_t threads[POSTERS];
        int next[POSTERS] = {0};

        ran_count = 0;
        start_posters(queue, jobs, posters, threads);
        while (ran_count < POSTERS * POSTS) {
            assert_true(is_readable(queue, 60000));
            queue_drain(queue);
        }
        for (size_t i = 0; i < POSTERS; i++)
            pthread_join(threads[i], NULL);

        for (size_t i = 0; i < ran_count; i++)
            assert_int_equal(ran[i] % POSTS, next[ran[i] / POSTS]++);
        assert_false(queue_has_items(queue));
        queue_free(queue);
    }
}

static void *post_one(void *context)
{
    struct job *job = context;

    assert_true(queue_post(job->queue, &job->item));
    return NULL;
}

/* The reader has its answer, so it may end and free the queue while the poster is still in the
 * call. If the poster then wrote to the queue's descriptor, that could be another file's. */
static void a_queue_may_be_freed_as_soon_as_its_last_item_ran(void **state)
{
    (void)state;
    struct job jobs[2];

    for (size_t round = 0; round < FREES; round++) {
        struct queue *queue = queue_new(0);
        pthread_t threads[ARRAY_COUNT(jobs)];
        for (size_t i = 0; i < ARRAY_COUNT(jobs); i++) {
            jobs[i] = (struct job){.item.run = on_job, .queue = queue};
            assert_int_equal(pthread_create(&threads[i], NULL, post_one, &jobs[i]), 0);
        }

        ran_count = 0;
        while (ran_count < ARRAY_COUNT(jobs))
            queue_drain(queue);
        queue_free(queue);

        for (size_t i = 0; i < ARRAY_COUNT(jobs); i++)
            pthread_join(threads[i], NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(items_run_in_the_order_of_posting, begin),
        cmocka_unit_test_setup(the_descriptor_is_readable_while_there_are_items, begin),
        cmocka_unit_test_setup(draining_nothing_runs_nothing, begin),
        cmocka_unit_test_setup(a_full_queue_refuses_until_items_ran, begin),
        cmocka_unit_test_setup(an_item_that_posts_itself_waits_for_the_next_drain, begin),
        cmocka_unit_test_setup(items_never_run_stay_with_those_who_posted_them, begin),
        cmocka_unit_test_setup(every_item_of_many_posters_runs_once_in_its_order, begin),
        cmocka_unit_test_setup(a_queue_may_be_freed_as_soon_as_its_last_item_ran, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
