/* SPDX-License-Identifier: MIT
 *
 * Many threads use one table. */
#include "table_case.h"

#include "base/memory.h"

#include <pthread.h>
#include <stdatomic.h>

#define THREADS 8

#define SHARED_QUOTA   5000
#define SHARED_TAKES   1500
#define SHARED_SUBJECT 1

struct race {
    struct memory_table *table;
    atomic_int seen[SHARED_QUOTA]; /* how often each value of `remaining` was seen */
    atomic_int allowed;
};

/* Takes from one subject, and between these takes from new ones, so that the stripe grows. */
static void *race_run(void *context)
{
    static atomic_int next_subject = 1000;
    struct race *race = context;
    struct limit limit = table_window(SHARED_QUOTA, MINUTE_US);

    for (int i = 0; i < SHARED_TAKES; i++) {
        struct operation shared = table_take_of(SHARED_SUBJECT, &limit, 1, 1);
        struct operation own = table_take_of(atomic_fetch_add(&next_subject, 1), &limit, 1, 1);
        struct outcome outcome;

        memory_table_ask(race->table, &own, &outcome);
        memory_table_ask(race->table, &shared, &outcome);
        if (outcome.allowed) {
            atomic_fetch_add(&race->allowed, 1);
            atomic_fetch_add(&race->seen[outcome.at[0].remaining], 1);
        }
    }
    return NULL;
}

static void threads_together_get_exactly_the_quota(void **state)
{
    struct race *race = MEMORY_NEW(struct race);
    pthread_t threads[THREADS];

    (void)state;
    race->table = memory_table_new(100000);

    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, race_run, race), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);

    assert_int_equal(race->allowed, SHARED_QUOTA);
    for (size_t i = 0; i < SHARED_QUOTA; i++)
        assert_int_equal(race->seen[i], 1);
    memory_table_free(race->table);
    free(race);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_together_get_exactly_the_quota),
    };

    return cmocka_run_group_tests(tests, table_case_open, NULL);
}
