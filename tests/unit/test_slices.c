/* SPDX-License-Identifier: MIT */
#include "base/slices.h"

#include "support/cmocka.h"

#define STEP_US     25
#define A_TURN      (SLICE_US / STEP_US) /* steps */
#define CROWD       1                    /* a tenant */
#define ANOTHER     2
#define WORKS       50
#define STEPS_EACH  20
#define HISTORY_MAX 2048

struct job {
    struct sliced work;
    size_t steps_left;
};

static struct slices slices;
static int64_t now_us;
static const struct job *history[HISTORY_MAX]; /* the jobs whose steps ran, in order */
static size_t steps;

static int64_t clock_of_the_test(void)
{
    return now_us;
}

static int set_up(void **state)
{
    (void)state;
    now_us = 0;
    steps = 0;
    slices_init(&slices, clock_of_the_test);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    slices_close(&slices);
    return 0;
}

static bool step(struct sliced *work)
{
    struct job *job = CONTAINER_OF(work, struct job, work);

    assert_true(job->steps_left > 0);
    now_us += STEP_US;
    history[steps++] = job;
    return --job->steps_left > 0;
}

static struct job job_of(uint32_t tenant, size_t steps_left)
{
    return (struct job){
        .work = {.tenant = tenant, .cost = SLICE_QUANTUM, .step = step},
        .steps_left = steps_left,
    };
}

static void work_is_done_at_once_while_nobody_waits(void **state)
{
    struct job job = job_of(CROWD, A_TURN);
    (void)state;

    slices_begin(&slices, &job.work);

    assert_int_equal(job.steps_left, 0);
    assert_int_equal(slices_waiting(&slices), 0);
}

static void a_turn_ends_in_time_and_the_next_goes_on(void **state)
{
    struct job job = job_of(CROWD, 2 * A_TURN + 1);
    (void)state;

    slices_begin(&slices, &job.work);
    assert_int_equal(steps, A_TURN);
    assert_int_equal(slices_waiting(&slices), 1);
    slices_turn(&slices);
    assert_int_equal(steps, 2 * A_TURN);
    slices_turn(&slices);

    assert_int_equal(job.steps_left, 0);
    assert_int_equal(slices_waiting(&slices), 0);
}

static void work_that_begins_in_a_turn_has_the_rest_of_it(void **state)
{
    struct job first = job_of(CROWD, A_TURN - 1);
    struct job second = job_of(CROWD, 2);
    struct job third = job_of(ANOTHER, 1);
    (void)state;

    slices_begin(&slices, &first.work);
    slices_begin(&slices, &second.work);
    slices_begin(&slices, &third.work);

    assert_int_equal(first.steps_left, 0);
    assert_int_equal(second.steps_left, 1);
    assert_int_equal(third.steps_left, 1);
    slices_turn(&slices);
    assert_int_equal(second.steps_left + third.steps_left, 0);
}

static void a_newcomer_s_work_comes_after_a_step_of_each_other_s(void **state)
{
    static struct job crowd[WORKS];
    struct job other = job_of(ANOTHER, STEPS_EACH);
    const size_t most = (size_t)2 * STEPS_EACH;
    size_t last = 0;
    (void)state;

    for (size_t i = 0; i < WORKS; i++) {
        crowd[i] = job_of(CROWD, STEPS_EACH);
        slices_begin(&slices, &crowd[i].work);
    }
    slices_turn(&slices);
    const size_t before = steps;

    slices_begin(&slices, &other.work);
    while (slices_waiting(&slices) > 0)
        slices_turn(&slices);

    for (size_t i = before; i < steps; i++) {
        if (history[i] == &other)
            last = i;
    }
    assert_int_equal(steps, (WORKS + 1) * STEPS_EACH);
    assert_true(last - before < most);
}

static void work_of_a_tenant_that_has_begun_goes_on_first(void **state)
{
    static struct job crowd[WORKS];
    (void)state;

    for (size_t i = 0; i < WORKS; i++) {
        crowd[i] = job_of(CROWD, STEPS_EACH);
        slices_put(&slices, &crowd[i].work);
    }
    while (slices_waiting(&slices) > 0)
        slices_turn(&slices);

    for (size_t i = 0; i < steps; i++)
        assert_ptr_equal(history[i], &crowd[i / STEPS_EACH]);
}

static void a_costly_step_is_waited_for_by_its_tenant(void **state)
{
    struct job costly = job_of(CROWD, 1);
    struct job other = job_of(ANOTHER, STEPS_EACH);
    (void)state;

    costly.work.cost = 10 * SLICE_QUANTUM;
    slices_put(&slices, &costly.work);
    slices_put(&slices, &other.work);
    slices_turn(&slices);

    assert_int_equal(steps, 1 + STEPS_EACH);
    assert_ptr_equal(history[9], &costly);
}

static void work_that_is_put_in_twice_is_in_once(void **state)
{
    struct job job = job_of(CROWD, 1);
    (void)state;

    slices_put(&slices, &job.work);
    slices_put(&slices, &job.work);

    assert_int_equal(slices_waiting(&slices), 1);
    slices_turn(&slices);
    assert_int_equal(steps, 1);
}

/* As when work comes back after it had to ask somebody else. */
static void work_that_has_begun_goes_on_before_what_its_tenant_has_put_in(void **state)
{
    struct job begun = job_of(CROWD, 1);
    struct job others[2] = {job_of(CROWD, 1), job_of(CROWD, 1)};
    (void)state;

    slices_put(&slices, &others[0].work);
    slices_put(&slices, &others[1].work);
    slices_go_on(&slices, &begun.work);
    slices_go_on(&slices, &begun.work);
    slices_turn(&slices);

    assert_int_equal(steps, 3);
    assert_ptr_equal(history[0], &begun);
    assert_ptr_equal(history[1], &others[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(work_is_done_at_once_while_nobody_waits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_turn_ends_in_time_and_the_next_goes_on, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(work_that_begins_in_a_turn_has_the_rest_of_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_newcomer_s_work_comes_after_a_step_of_each_other_s,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(work_of_a_tenant_that_has_begun_goes_on_first, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_costly_step_is_waited_for_by_its_tenant, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(work_that_is_put_in_twice_is_in_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            work_that_has_begun_goes_on_before_what_its_tenant_has_put_in, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
