/* SPDX-License-Identifier: MIT
 *
 * In which order the catalogue's thread runs its jobs, and which it refuses. */
#include "instance.h"

#include "base/clock.h"
#include "puppet.h"
#include "support/cmocka.h"
#include "support/wait.h"

static void a_job_that_waited_too_long_is_not_begun(void **state)
{
    (void)state;
    struct puppet *puppet = puppet_new();
    struct instance instance = instance_new(&puppet->backend, NULL);
    struct catalogue_job first = {.kind = CATALOGUE_APP_FIND};
    struct catalogue_job second = {.kind = CATALOGUE_APP_FIND};
    bool first_is_done;
    bool second_is_done;
    instance_start(&instance);

    instance_submit(&instance, &first, &first_is_done);
    sem_wait(&puppet->entered);
    instance_submit(&instance, &second, &second_is_done);
    second.late_us -=
        CATALOGUE_JOB_TIMEOUT_US; /* it expires while the first job holds the thread */
    sem_post(&puppet->leave);

    WAIT_FOR (INSTANCE_PATIENCE_S, instance_is_answered(&instance, &second_is_done))
        ;
    assert_true(first_is_done);
    assert_int_equal(first.status, CATALOGUE_ABSENT);
    assert_int_equal(second.status, CATALOGUE_UNAVAILABLE);
    assert_int_equal(atomic_load(&puppet->finds), 1);
    instance_close(&instance);
}

/* Otherwise a deletion would be seen only after all earlier jobs are answered. */
static void changes_are_read_between_two_jobs(void **state)
{
    (void)state;
    struct puppet *puppet = puppet_new();
    struct instance instance = instance_new(&puppet->backend, NULL);
    instance_start(&instance);
    struct catalogue_job jobs[2];
    bool is_done[2];
    for (size_t i = 0; i < ARRAY_COUNT(jobs); i++) {
        jobs[i] = (struct catalogue_job){.kind = CATALOGUE_APP_FIND, .key = instance_key('a')};
        instance_submit(&instance, &jobs[i], &is_done[i]);
    }
    sem_wait(&puppet->entered);

    const int before = atomic_load(&puppet->readings);
    const int64_t due_us = clock_monotonic_us() + CATALOGUE_POLL_US;
    WAIT_FOR (INSTANCE_PATIENCE_S, clock_monotonic_us() >= due_us)
        ;
    sem_post(&puppet->leave);
    sem_wait(&puppet->entered);

    assert_true(atomic_load(&puppet->readings) > before);
    sem_post(&puppet->leave);
    for (size_t i = 0; i < ARRAY_COUNT(jobs); i++) {
        WAIT_FOR (INSTANCE_PATIENCE_S, instance_is_answered(&instance, &is_done[i]))
            ;
    }
    instance_close(&instance);
}

/* Anyone can send thousands of invented keys. A policy must not wait until all of them were looked
 * up. */
static void a_job_that_comes_meanwhile_is_done_before_the_next_look_up(void **state)
{
    (void)state;
    struct puppet *puppet = puppet_new();
    struct instance instance = instance_new(&puppet->backend, NULL);
    struct catalogue_job finds[3];
    bool is_found[ARRAY_COUNT(finds)];
    struct catalogue_job save = {.kind = CATALOGUE_POLICY_REMOVE};
    bool is_saved;
    instance_start(&instance);
    for (size_t i = 0; i < ARRAY_COUNT(finds); i++) {
        finds[i] = (struct catalogue_job){.kind = CATALOGUE_APP_FIND};
        instance_submit(&instance, &finds[i], &is_found[i]);
        if (i == 0)
            sem_wait(&puppet->entered); /* all others are put in while this one is looked up */
    }

    sem_post(&puppet->leave);
    sem_wait(&puppet->entered);
    instance_submit(&instance, &save, &is_saved);
    sem_post(&puppet->leave);
    sem_wait(&puppet->entered);

    assert_true(instance_is_answered(&instance, &is_saved));
    sem_post(&puppet->leave);
    for (size_t i = 0; i < ARRAY_COUNT(finds); i++)
        WAIT_FOR (INSTANCE_PATIENCE_S, instance_is_answered(&instance, &is_found[i]))
            ;
    instance_close(&instance);
}

/* Anyone can invent keys, and each takes the time of some questions. */
static void no_address_fills_the_look_ups_for_the_others_or_goes_before_them(void **state)
{
    enum { HALF = CATALOGUE_FINDS_MAX / 2 };
    static struct catalogue_job jobs[HALF + 1];
    static bool is_done[HALF + 1];
    (void)state;
    struct puppet *puppet = puppet_new();
    struct instance instance = instance_new(&puppet->backend, NULL);
    struct catalogue_job holder = {.kind = CATALOGUE_APP_FIND, .tenant = 1};
    struct catalogue_job other = {.kind = CATALOGUE_APP_FIND, .tenant = 2};
    struct catalogue_job save = {.kind = CATALOGUE_POLICY_REMOVE};
    bool holder_is_done;
    bool other_is_done;
    bool is_saved;
    instance_start(&instance);
    for (size_t i = 0; i < ARRAY_COUNT(jobs); i++)
        jobs[i] = (struct catalogue_job){.kind = CATALOGUE_APP_FIND, .tenant = 1};

    instance_submit(&instance, &holder, &holder_is_done);
    sem_wait(&puppet->entered);
    for (size_t i = 0; i < HALF; i++)
        instance_submit(&instance, &jobs[i], &is_done[i]);
    assert_false(catalogue_submit(instance.catalogue, &jobs[HALF]));
    instance_submit(&instance, &other, &other_is_done);
    instance_submit(&instance, &save, &is_saved);
    for (size_t i = 0; i < 3; i++) {
        sem_post(&puppet->leave);
        sem_wait(&puppet->entered);
    }

    assert_true(instance_is_answered(&instance, &other_is_done));
    assert_true(is_saved);
    assert_false(is_done[1]);
    for (size_t i = 0; i < HALF; i++)
        sem_post(&puppet->leave);
    for (size_t i = 0; i < HALF; i++)
        WAIT_FOR (INSTANCE_PATIENCE_S, instance_is_answered(&instance, &is_done[i]))
            ;
    instance_close(&instance);
}

static void no_app_fills_the_queue_for_the_others_or_goes_before_them(void **state)
{
    enum { HALF = CATALOGUE_JOBS_MAX / 2 };
    static struct catalogue_job jobs[HALF + 1];
    static bool is_done[HALF + 1];
    (void)state;
    struct puppet *puppet = puppet_new();
    struct instance instance = instance_new(&puppet->backend, NULL);
    struct catalogue_job holder = {.kind = CATALOGUE_APP_FIND};
    struct catalogue_job other = {.kind = CATALOGUE_POLICY_REMOVE, .tenant = 2};
    bool holder_is_done;
    bool other_is_done;
    instance_start(&instance);
    for (size_t i = 0; i < ARRAY_COUNT(jobs); i++)
        jobs[i] = (struct catalogue_job){.kind = CATALOGUE_POLICY_REMOVE, .tenant = 1};

    instance_submit(&instance, &holder, &holder_is_done);
    sem_wait(&puppet->entered);
    for (size_t i = 0; i < HALF; i++)
        instance_submit(&instance, &jobs[i], &is_done[i]);
    assert_false(catalogue_submit(instance.catalogue, &jobs[HALF]));
    instance_submit(&instance, &other, &other_is_done);
    sem_post(&puppet->leave);

    WAIT_FOR (INSTANCE_PATIENCE_S, instance_is_answered(&instance, &other_is_done))
        ;
    for (size_t i = 0; i < HALF; i++)
        WAIT_FOR (INSTANCE_PATIENCE_S, instance_is_answered(&instance, &is_done[i]))
            ;
    instance_submit(&instance, &jobs[HALF], &is_done[HALF]);
    WAIT_FOR (INSTANCE_PATIENCE_S, instance_is_answered(&instance, &is_done[HALF]))
        ;
    instance_close(&instance);
}

static void jobs_not_yet_run_are_answered_at_the_end(void **state)
{
    (void)state;
    struct puppet *puppet = puppet_new();
    struct instance instance = instance_new(&puppet->backend, NULL);
    struct catalogue_job job = {.kind = CATALOGUE_APP_FIND};
    bool is_done;

    instance_submit(&instance, &job, &is_done);
    instance_close(&instance);

    assert_true(is_done);
    assert_int_equal(job.status, CATALOGUE_UNAVAILABLE);
}

static void jobs_are_refused_until_the_backend_answers(void **state)
{
    (void)state;
    struct puppet *puppet = puppet_new();
    struct instance instance = instance_new(&puppet->backend, NULL);
    atomic_store(&puppet->is_away, true);
    catalogue_start(instance.catalogue);

    assert_int_equal(instance_look_up(&instance, 'a'), CATALOGUE_UNAVAILABLE);
    assert_false(catalogue_is_ready(instance.catalogue));
    assert_null(app_index_pepper(instance.index));
    assert_int_equal(atomic_load(&puppet->finds), 0);

    atomic_store(&puppet->is_away, false);
    WAIT_FOR (INSTANCE_PATIENCE_S, catalogue_is_ready(instance.catalogue))
        ;
    assert_non_null(app_index_pepper(instance.index));
    sem_post(&puppet->leave);
    assert_int_equal(instance_look_up(&instance, 'a'), CATALOGUE_ABSENT);
    instance_close(&instance);
}

static void it_serves_once_the_apps_are_read_whatever_the_pepper(void **state)
{
    (void)state;
    const struct pepper pepper = {.bytes = {7}};
    struct puppet *puppet = puppet_new();
    struct instance instance = instance_new(&puppet->backend, &pepper);
    atomic_store(&puppet->keeps_apps_back, true);
    catalogue_start(instance.catalogue);

    assert_int_equal(instance_look_up(&instance, 'a'), CATALOGUE_UNAVAILABLE);
    assert_non_null(app_index_pepper(instance.index));
    assert_false(catalogue_serves(instance.catalogue));

    atomic_store(&puppet->keeps_apps_back, false);
    WAIT_FOR (INSTANCE_PATIENCE_S, catalogue_serves(instance.catalogue))
        ;
    atomic_store(&puppet->is_away, true);
    WAIT_FOR (INSTANCE_PATIENCE_S, !catalogue_is_ready(instance.catalogue))
        ;
    assert_true(catalogue_serves(instance.catalogue));
    instance_close(&instance);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_that_waited_too_long_is_not_begun),
        cmocka_unit_test(changes_are_read_between_two_jobs),
        cmocka_unit_test(a_job_that_comes_meanwhile_is_done_before_the_next_look_up),
        cmocka_unit_test(no_address_fills_the_look_ups_for_the_others_or_goes_before_them),
        cmocka_unit_test(no_app_fills_the_queue_for_the_others_or_goes_before_them),
        cmocka_unit_test(jobs_not_yet_run_are_answered_at_the_end),
        cmocka_unit_test(jobs_are_refused_until_the_backend_answers),
        cmocka_unit_test(it_serves_once_the_apps_are_read_whatever_the_pepper),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
