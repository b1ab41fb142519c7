/* SPDX-License-Identifier: MIT
 *
 * Questions whether an app has changed elsewhere: how many are asked, and who waits for whom. */
#include "instance.h"

#include "base/clock.h"
#include "puppet.h"
#include "support/cmocka.h"
#include "support/wait.h"

static struct catalogue_job renewal_of(uint32_t tenant)
{
    return (struct catalogue_job){
        .kind = CATALOGUE_APP_RENEW, .app_id = INSTANCE_APP_ID, .tenant = tenant, .revision = 1};
}

/* Keeps the catalogue's thread in a look-up, until `leave` is posted. */
static void hold(struct instance *instance, struct puppet *puppet, struct catalogue_job *holder,
                 bool *is_done)
{
    *holder = (struct catalogue_job){.kind = CATALOGUE_APP_FIND};
    instance_submit(instance, holder, is_done);
    sem_wait(&puppet->entered);
}

/* While the thread is held. It is not late, however long the test takes. */
static void submit_patiently(struct instance *instance, struct catalogue_job *renewal,
                             bool *is_done)
{
    instance_submit(instance, renewal, is_done);
    renewal->late_us = INT64_MAX;
}

static void wait_for(struct instance *instance, const bool is_done[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        WAIT_FOR (INSTANCE_PATIENCE_S, instance_is_answered(instance, &is_done[i]))
            ;
}

static void renewals_of_an_app_that_wait_together_cause_one_question(void **state)
{
    enum { EACH = 5 };
    (void)state;
    struct puppet *puppet = puppet_new();
    struct instance instance = instance_new(&puppet->backend, NULL);
    struct catalogue_job holder;
    struct catalogue_job jobs[2 * EACH];
    bool is_done[1 + ARRAY_COUNT(jobs)];
    int in_vain = 0;
    instance_start(&instance);
    hold(&instance, puppet, &holder, &is_done[0]);

    for (size_t i = 0; i < ARRAY_COUNT(jobs); i++) {
        jobs[i] = renewal_of(i < EACH ? 1 : 2);
        submit_patiently(&instance, &jobs[i], &is_done[1 + i]);
    }
    sem_post(&puppet->leave);
    wait_for(&instance, is_done, ARRAY_COUNT(is_done));

    assert_int_equal(atomic_load(&puppet->questions), 2);
    for (size_t i = 0; i < ARRAY_COUNT(jobs); i++) {
        assert_int_equal(jobs[i].status, CATALOGUE_OK);
        in_vain += jobs[i].is_in_vain;
    }
    assert_int_equal(in_vain, 2);
    instance_close(&instance);
}

/* Its answer may be older than a policy that was saved before this renewal was asked for. */
static void a_question_that_has_begun_does_not_do_for_a_later_renewal(void **state)
{
    (void)state;
    struct puppet *puppet = puppet_new();
    struct instance instance = instance_new(&puppet->backend, NULL);
    struct catalogue_job holder;
    struct catalogue_job jobs[] = {renewal_of(1), renewal_of(1), renewal_of(1)};
    bool is_done[ARRAY_COUNT(jobs)];
    bool is_over;
    atomic_store(&puppet->holds_questions, true);
    instance_start(&instance);
    hold(&instance, puppet, &holder, &is_over);
    submit_patiently(&instance, &jobs[0], &is_done[0]);
    sem_post(&puppet->leave);
    sem_wait(&puppet->entered);

    submit_patiently(&instance, &jobs[1], &is_done[1]);
    submit_patiently(&instance, &jobs[2], &is_done[2]);
    sem_post(&puppet->leave);
    sem_post(&puppet->leave);
    wait_for(&instance, is_done, ARRAY_COUNT(is_done));

    assert_int_equal(atomic_load(&puppet->questions), 2);
    instance_close(&instance);
}

/* Many apps may ask at once for routes that have no policy. */
static void a_job_and_a_look_up_wait_for_one_renewal_at_most(void **state)
{
    (void)state;
    struct puppet *puppet = puppet_new();
    struct instance instance = instance_new(&puppet->backend, NULL);
    struct catalogue_job holder;
    struct catalogue_job renewals[50];
    struct catalogue_job save = {.kind = CATALOGUE_POLICY_REMOVE};
    struct catalogue_job find = {.kind = CATALOGUE_APP_FIND};
    bool is_renewed[ARRAY_COUNT(renewals)];
    bool is_saved;
    bool is_found;
    bool is_over;
    atomic_store(&puppet->holds_questions, true);
    instance_start(&instance);
    hold(&instance, puppet, &holder, &is_over);
    for (size_t i = 0; i < ARRAY_COUNT(renewals); i++) {
        renewals[i] = renewal_of((uint32_t)i);
        submit_patiently(&instance, &renewals[i], &is_renewed[i]);
    }
    sem_post(&puppet->leave);
    sem_wait(&puppet->entered);

    instance_submit(&instance, &save, &is_saved);
    instance_submit(&instance, &find, &is_found);
    sem_post(&puppet->leave);
    sem_wait(&puppet->entered);

    assert_true(instance_is_answered(&instance, &is_saved));
    assert_int_equal(atomic_load(&puppet->finds), 2);
    assert_int_equal(atomic_load(&puppet->questions), 1);
    atomic_store(&puppet->holds_questions, false);
    sem_post(&puppet->leave);
    wait_for(&instance, is_renewed, ARRAY_COUNT(renewals));
    assert_true(is_found);
    instance_close(&instance);
}

/* Strangers can send hundreds of invented keys. */
static void look_ups_and_renewals_take_turns(void **state)
{
    enum { EACH = 8 };
    (void)state;
    struct puppet *puppet = puppet_new();
    struct instance instance = instance_new(&puppet->backend, NULL);
    struct catalogue_job jobs[2 * EACH];
    bool is_done[ARRAY_COUNT(jobs)];
    instance_start(&instance);
    atomic_store(&puppet->holds_questions, true);
    for (size_t i = 0; i < EACH; i++) {
        if (i == 0) {
            hold(&instance, puppet, &jobs[i], &is_done[i]);
            continue;
        }
        jobs[i] = (struct catalogue_job){.kind = CATALOGUE_APP_FIND};
        instance_submit(&instance, &jobs[i], &is_done[i]);
    }
    for (size_t i = EACH; i < ARRAY_COUNT(jobs); i++) {
        jobs[i] = renewal_of((uint32_t)i);
        submit_patiently(&instance, &jobs[i], &is_done[i]);
    }

    for (size_t i = 1; i < ARRAY_COUNT(jobs); i++) {
        sem_post(&puppet->leave);
        sem_wait(&puppet->entered);
        assert_int_equal(atomic_load(&puppet->questions), (i + 1) / 2);
    }

    sem_post(&puppet->leave);
    wait_for(&instance, is_done, ARRAY_COUNT(is_done));
    instance_close(&instance);
}

/* No matter whose turn it is. */
static void late_renewals_are_answered_before_anything_else(void **state)
{
    enum { LATE = 20 };
    (void)state;
    struct puppet *puppet = puppet_new();
    struct instance instance = instance_new(&puppet->backend, NULL);
    struct catalogue_job holder;
    bool is_over;
    struct catalogue_job renewals[LATE + 1];
    bool is_renewed[ARRAY_COUNT(renewals)];
    instance_start(&instance);
    hold(&instance, puppet, &holder, &is_over);
    for (size_t i = 0; i <= LATE; i++) {
        renewals[i] = renewal_of(i < LATE ? 1 : 2);
        instance_submit(&instance, &renewals[i], &is_renewed[i]);
        renewals[i].late_us += i < LATE ? -CATALOGUE_RENEW_TIMEOUT_US : HOUR_US;
    }
    atomic_store(&puppet->holds_questions, true);

    sem_post(&puppet->leave);
    sem_wait(&puppet->entered);

    for (size_t i = 0; i < LATE; i++) {
        assert_true(instance_is_answered(&instance, &is_renewed[i]));
        assert_int_equal(renewals[i].status, CATALOGUE_UNAVAILABLE);
    }
    assert_int_equal(atomic_load(&puppet->questions), 1);
    sem_post(&puppet->leave);
    wait_for(&instance, is_renewed, ARRAY_COUNT(is_renewed));
    instance_close(&instance);
}

static void a_late_renewal_does_not_wait_until_changes_are_read(void **state)
{
    (void)state;
    struct puppet *puppet = puppet_new();
    struct instance instance = instance_new(&puppet->backend, NULL);
    struct catalogue_job holder;
    struct catalogue_job late = renewal_of(1);
    bool is_over;
    bool is_renewed;
    instance_start(&instance);
    hold(&instance, puppet, &holder, &is_over);
    instance_submit(&instance, &late, &is_renewed);
    const int64_t due_us = clock_monotonic_us() + CATALOGUE_POLL_US;
    WAIT_FOR (INSTANCE_PATIENCE_S, clock_monotonic_us() >= due_us)
        ;
    atomic_store(&puppet->holds_readings, true);

    sem_post(&puppet->leave);
    sem_wait(&puppet->entered);

    assert_true(instance_is_answered(&instance, &is_renewed));
    assert_int_equal(late.status, CATALOGUE_UNAVAILABLE);
    atomic_store(&puppet->holds_readings, false);
    sem_post(&puppet->leave);
    instance_close(&instance);
}

/* So that its key is refused as soon as this instance knows. */
static void an_app_that_is_gone_is_read_as_a_change_before_the_answer(void **state)
{
    (void)state;
    struct puppet *puppet = puppet_new();
    struct instance instance = instance_new(&puppet->backend, NULL);
    struct catalogue_job holder;
    struct catalogue_job job = renewal_of(1);
    bool is_over;
    bool is_done;
    instance_start(&instance);
    atomic_store(&puppet->app_status, CATALOGUE_ABSENT);
    atomic_store(&puppet->holds_questions, true);
    hold(&instance, puppet, &holder, &is_over);
    submit_patiently(&instance, &job, &is_done);
    sem_post(&puppet->leave);
    sem_wait(&puppet->entered);
    const int before = atomic_load(&puppet->readings);
    atomic_store(&puppet->holds_readings, true);

    sem_post(&puppet->leave);
    sem_wait(&puppet->entered);

    assert_false(instance_is_answered(&instance, &is_done));
    assert_int_equal(atomic_load(&puppet->readings), before + 1);
    atomic_store(&puppet->holds_readings, false);
    sem_post(&puppet->leave);
    wait_for(&instance, &is_done, 1);
    assert_int_equal(job.status, CATALOGUE_ABSENT);
    assert_true(job.is_in_vain);
    instance_close(&instance);
}

static void an_app_that_cannot_be_read_is_no_answer(void **state)
{
    (void)state;
    struct puppet *puppet = puppet_new();
    struct instance instance = instance_new(&puppet->backend, NULL);
    struct catalogue_job job = renewal_of(1);
    instance_start(&instance);
    atomic_store(&puppet->app_status, CATALOGUE_DAMAGED);

    assert_int_equal(instance_ask(&instance, &job), CATALOGUE_DAMAGED);
    assert_true(job.is_in_vain);
    assert_true(catalogue_is_ready(instance.catalogue));
    instance_close(&instance);
}

static void no_app_fills_the_places_of_the_others(void **state)
{
    enum { HALF = CATALOGUE_RENEWS_MAX / 2 };
    static struct catalogue_job jobs[HALF + 1];
    static bool is_done[HALF + 2];
    (void)state;
    struct puppet *puppet = puppet_new();
    struct instance instance = instance_new(&puppet->backend, NULL);
    struct catalogue_job holder;
    struct catalogue_job other = renewal_of(2);
    instance_start(&instance);
    hold(&instance, puppet, &holder, &is_done[HALF]);

    for (size_t i = 0; i <= HALF; i++)
        jobs[i] = renewal_of(1);
    for (size_t i = 0; i < HALF; i++)
        submit_patiently(&instance, &jobs[i], &is_done[i]);
    assert_false(catalogue_submit(instance.catalogue, &jobs[HALF]));
    submit_patiently(&instance, &other, &is_done[HALF + 1]);

    sem_post(&puppet->leave);
    wait_for(&instance, is_done, ARRAY_COUNT(is_done));
    assert_int_equal(atomic_load(&puppet->questions), 2);
    instance_close(&instance);
}

static void a_backend_that_is_away_is_not_asked_again_until_it_answers(void **state)
{
    (void)state;
    struct puppet *puppet = puppet_new();
    struct instance instance = instance_new(&puppet->backend, NULL);
    struct catalogue_job first = renewal_of(1);
    struct catalogue_job second = renewal_of(2);
    instance_start(&instance);
    atomic_store(&puppet->is_away, true);

    assert_int_equal(instance_ask(&instance, &first), CATALOGUE_UNAVAILABLE);
    assert_int_equal(instance_ask(&instance, &second), CATALOGUE_UNAVAILABLE);
    assert_false(first.is_in_vain);
    assert_true(atomic_load(&puppet->questions) <= 1);

    atomic_store(&puppet->is_away, false);
    WAIT_FOR (INSTANCE_PATIENCE_S, catalogue_is_ready(instance.catalogue))
        ;
    assert_int_equal(instance_ask(&instance, &first), CATALOGUE_OK);
    assert_true(first.is_in_vain);
    instance_close(&instance);
}

static void renewals_not_yet_run_are_answered_at_the_end(void **state)
{
    (void)state;
    struct puppet *puppet = puppet_new();
    struct instance instance = instance_new(&puppet->backend, NULL);
    struct catalogue_job job = renewal_of(1);
    bool is_done;

    instance_submit(&instance, &job, &is_done);
    instance_close(&instance);

    assert_true(is_done);
    assert_int_equal(job.status, CATALOGUE_UNAVAILABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(renewals_of_an_app_that_wait_together_cause_one_question),
        cmocka_unit_test(a_question_that_has_begun_does_not_do_for_a_later_renewal),
        cmocka_unit_test(a_job_and_a_look_up_wait_for_one_renewal_at_most),
        cmocka_unit_test(look_ups_and_renewals_take_turns),
        cmocka_unit_test(late_renewals_are_answered_before_anything_else),
        cmocka_unit_test(a_late_renewal_does_not_wait_until_changes_are_read),
        cmocka_unit_test(an_app_that_is_gone_is_read_as_a_change_before_the_answer),
        cmocka_unit_test(an_app_that_cannot_be_read_is_no_answer),
        cmocka_unit_test(no_app_fills_the_places_of_the_others),
        cmocka_unit_test(a_backend_that_is_away_is_not_asked_again_until_it_answers),
        cmocka_unit_test(renewals_not_yet_run_are_answered_at_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
