/* SPDX-License-Identifier: MIT */
#include "metrics/metrics_apps.h"

#include "base/app_id.h"
#include "support/cmocka.h"

#include <pthread.h>

#define THREADS 4
#define IDS     300

struct asking {
    struct metrics_apps *apps;
    size_t slots[IDS];
};

static const char *id_of(size_t number, char id[static APP_ID_BYTES + 1])
{
    (void)snprintf(id, APP_ID_BYTES + 1, "app_%zu", number);
    return id;
}

static void an_app_keeps_its_slot(void **state)
{
    (void)state;
    struct metrics_apps *apps = metrics_apps_new(2);

    assert_int_equal(metrics_apps_slot(apps, "app_one"), 0);
    assert_int_equal(metrics_apps_slot(apps, "app_two"), 1);

    assert_int_equal(metrics_apps_slot(apps, "app_one"), 0);
    assert_int_equal(metrics_apps_count(apps), 2);
    assert_string_equal(metrics_apps_id(apps, 1), "app_two");
    metrics_apps_free(apps);
}

static void apps_that_come_too_late_share_the_last_slot(void **state)
{
    (void)state;
    struct metrics_apps *apps = metrics_apps_new(1);

    assert_int_equal(metrics_apps_slot(apps, "app_one"), 0);
    assert_int_equal(metrics_apps_slot(apps, "app_two"), 1);
    assert_int_equal(metrics_apps_slot(apps, "app_three"), 1);

    assert_int_equal(metrics_apps_count(apps), 1);
    metrics_apps_free(apps);
}

static void as_many_apps_as_may_be_have_slots_of_their_own(void **state)
{
    (void)state;
    struct metrics_apps *apps = metrics_apps_new(METRICS_APPS_MAX);
    char id[APP_ID_BYTES + 1];

    for (size_t i = 0; i < METRICS_APPS_MAX; i++)
        assert_int_equal(metrics_apps_slot(apps, id_of(i, id)), i);

    for (size_t i = 0; i < METRICS_APPS_MAX; i++)
        assert_int_equal(metrics_apps_slot(apps, id_of(i, id)), i);
    assert_int_equal(metrics_apps_slot(apps, "one too many"), METRICS_APPS_MAX);
    metrics_apps_free(apps);
}

static void *ask(void *context)
{
    struct asking *asking = context;
    char id[APP_ID_BYTES + 1];

    for (size_t i = 0; i < IDS; i++)
        asking->slots[i] = metrics_apps_slot(asking->apps, id_of(i, id));
    return NULL;
}

static void threads_that_meet_an_app_at_once_get_one_slot(void **state)
{
    (void)state;
    struct metrics_apps *apps = metrics_apps_new(IDS / 2);
    static struct asking askings[THREADS];
    pthread_t threads[THREADS];

    for (size_t i = 0; i < THREADS; i++) {
        askings[i].apps = apps;
        assert_int_equal(pthread_create(&threads[i], NULL, ask, &askings[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);

    assert_int_equal(metrics_apps_count(apps), IDS / 2);
    for (size_t i = 1; i < THREADS; i++)
        assert_memory_equal(askings[i].slots, askings[0].slots, sizeof(askings[0].slots));
    metrics_apps_free(apps);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_app_keeps_its_slot),
        cmocka_unit_test(apps_that_come_too_late_share_the_last_slot),
        cmocka_unit_test(as_many_apps_as_may_be_have_slots_of_their_own),
        cmocka_unit_test(threads_that_meet_an_app_at_once_get_one_slot),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
