/* SPDX-License-Identifier: MIT
 *
 * One worker notes and hands back, while another one resets the same counters. */
#include "handback_case.h"
#include "support/one_set.h"

#include <pthread.h>
#include <stdatomic.h>

#define ROUNDS   2000
#define SUBJECTS 10

static const struct limit limit = {.algorithm = ALGORITHM_FIXED_WINDOW,
                                   .quota = 10 * ROUNDS,
                                   .window_us = HOUR_US,
                                   .burst = 10 * ROUNDS};

static struct handbacks all;
static atomic_bool is_over;
static int64_t dropped; /* by the resets */

static struct operation operation_of(enum operation_kind kind, int64_t subject)
{
    struct operation operation = one_set_take(subject, &limit, 1, 1);

    operation.kind = kind;
    operation.now_us = NOW_US;
    return operation;
}

static void *reset_all(void *context)
{
    (void)context;
    while (!atomic_load(&is_over)) {
        for (int64_t i = 0; i < SUBJECTS; i++) {
            const struct operation forget = operation_of(OPERATION_FORGET, i);

            dropped += handbacks_forget(&all, &forget);
        }
    }
    return NULL;
}

static int64_t used_by_all(void)
{
    int64_t used = 0;

    for (int64_t i = 0; i < SUBJECTS; i++) {
        const struct operation look = operation_of(OPERATION_LOOK, i);
        struct outcome outcome;

        memory_table_ask(fake.table, &look, &outcome);
        used += limit.quota - outcome.at[0].remaining;
    }
    return used;
}

static void each_charge_is_handed_back_or_dropped_once(void **state)
{
    pthread_t other;
    (void)state;
    handback_join(handback, &all);
    assert_int_equal(pthread_create(&other, NULL, reset_all, NULL), 0);

    for (int i = 0; i < ROUNDS; i++) {
        for (int64_t subject = 0; subject < SUBJECTS; subject++) {
            const struct operation charge = operation_of(OPERATION_CHARGE, subject);

            assert_true(handback_note(handback, &charge));
        }
        handback_run(handback, &fake.store, NOW_US);
    }
    atomic_store(&is_over, true);
    assert_int_equal(pthread_join(other, NULL), 0);

    assert_int_equal(used_by_all() + dropped, ROUNDS * SUBJECTS);
    assert_int_equal(handback_count(handback), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_charge_is_handed_back_or_dropped_once,
                                        handback_begin_fake, handback_end_fake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
