/* SPDX-License-Identifier: MIT
 *
 * Apps that register: how many there may be. */
#include "catalogue_case.h"

static enum catalogue_status create_one_of(struct catalogue_backend *backend, char letter,
                                           int64_t apps_max)
{
    char app_id[APP_ID_BYTES + 1];
    const struct key_digest key = sample_digest((uint8_t)letter);
    struct error error = {0};

    (void)snprintf(app_id, sizeof(app_id), "app_%c00000000000", letter);
    return backend->operations->app_create(backend,
                                           &(struct catalogue_new_app){.app_id = app_id,
                                                                       .name = TEXT("one of many"),
                                                                       .created_at_us = 1,
                                                                       .key = &key,
                                                                       .apps_max = apps_max},
                                           &error);
}

static void more_apps_than_there_may_be_are_not_created(void **state)
{
    struct catalogue_pair *pair = *state;
    struct error error = {0};
    int64_t revision = 0;
    (void)sample_app(pair->one, 'a');
    const char *deleted = sample_app(pair->one, 'b');
    expect_status(pair->one->operations->app_remove(pair->one, deleted, &error), CATALOGUE_OK,
                  &error);

    assert_int_equal(create_one_of(pair->one, 'c', 2), CATALOGUE_CREATED);
    assert_int_equal(create_one_of(pair->other, 'd', 2), CATALOGUE_FULL);
    assert_int_equal(create_one_of(pair->one, 'c', 2), CATALOGUE_OK);
    assert_int_equal(create_one_of(pair->other, 'e', 3), CATALOGUE_CREATED);
    assert_int_equal(create_one_of(pair->other, 'f', 0), CATALOGUE_CREATED);

    expect_changes(pair->one, &revision, "abcef");
}

int catalogue_newcomer_cases_run(CMFixtureFunction setup, CMFixtureFunction teardown)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest cases[] = {
        CASE(more_apps_than_there_may_be_are_not_created),
    };
#undef CASE

    return cmocka_run_group_tests(cases, NULL, NULL);
}
