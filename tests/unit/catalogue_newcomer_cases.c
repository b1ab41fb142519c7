/* SPDX-License-Identifier: MIT
 *
 * Apps that register: how many there may be, and what becomes of those that are never used. */
#include "base/duration.h"
#include "catalogue_case.h"
#include "sample_policy.h"

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

static const char *newcomer(struct catalogue_backend *backend)
{
    static const char app_id[] = "app_n00000000000";
    const struct key_digest key = sample_digest('n');
    struct error error = {0};

    expect_status(
        backend->operations->app_create(backend,
                                        &(struct catalogue_new_app){.app_id = app_id,
                                                                    .name = TEXT("newcomer"),
                                                                    .created_at_us = 1,
                                                                    .key = &key,
                                                                    .is_unused = true},
                                        &error),
        CATALOGUE_CREATED, &error);
    return app_id;
}

static int64_t revision_of(struct catalogue_backend *backend, const char *app_id, bool is_unused)
{
    struct app *app = load_app(backend, app_id);
    const int64_t revision = app->revision;

    assert_int_equal(app->is_unused, is_unused);
    app_release(app);
    return revision;
}

static enum catalogue_status expire(struct catalogue_backend *backend, const char *app_id,
                                    int64_t revision, int64_t kept_us)
{
    struct error error = {0};

    return backend->operations->app_expire(backend, app_id, revision, kept_us, &error);
}

static enum catalogue_status use(struct catalogue_backend *backend, const char *app_id)
{
    struct error error = {0};

    return backend->operations->app_use(backend, app_id, &error);
}

static void a_newcomer_is_unused_until_it_is_used(void **state)
{
    struct catalogue_pair *pair = *state;
    int64_t revision = 0;
    const char *app_id = newcomer(pair->one);
    expect_changes(pair->other, &revision, "n");
    (void)revision_of(pair->other, app_id, true);

    assert_int_equal(use(pair->one, app_id), CATALOGUE_OK);
    assert_int_equal(use(pair->other, app_id), CATALOGUE_ABSENT);

    expect_changes(pair->other, &revision, "n");
    (void)revision_of(pair->other, app_id, false);
    assert_int_equal(expire(pair->one, app_id, revision, 0), CATALOGUE_ABSENT);
}

/* Apps that an older version has stored did not register either. */
static void what_did_not_register_is_never_unused(void **state)
{
    struct catalogue_pair *pair = *state;
    const char *app_id = sample_app(pair->one, 'a');

    const int64_t revision = revision_of(pair->one, app_id, false);

    assert_int_equal(expire(pair->one, app_id, revision, 0), CATALOGUE_ABSENT);
    assert_int_equal(use(pair->one, app_id), CATALOGUE_ABSENT);
    assert_int_equal(use(pair->one, "app_z00000000000"), CATALOGUE_ABSENT);
    assert_int_equal(expire(pair->one, "app_z00000000000", revision, 0), CATALOGUE_ABSENT);
    assert_int_equal(revision_of(pair->one, app_id, false), revision);
}

static void an_unused_app_goes_as_a_deleted_one_does(void **state)
{
    struct catalogue_pair *pair = *state;
    const struct key_digest key = sample_digest('n');
    char found[APP_ID_BYTES + 1];
    struct error error = {0};
    struct app *app = NULL;
    const char *app_id = newcomer(pair->one);
    int64_t revision = revision_of(pair->other, app_id, true);

    assert_int_equal(expire(pair->other, app_id, revision, 0), CATALOGUE_OK);

    expect_status(pair->one->operations->app_load(pair->one, app_id, &app, &error),
                  CATALOGUE_ABSENT, &error);
    expect_status(pair->one->operations->app_find(pair->one, &key, found, &error), CATALOGUE_ABSENT,
                  &error);
    expect_changes(pair->one, &revision, "n"); /* this change is the deletion */
    assert_int_equal(expire(pair->one, app_id, revision, 0), CATALOGUE_ABSENT);
}

static void an_unused_app_stays_as_long_as_it_is_young_or_changes(void **state)
{
    struct catalogue_pair *pair = *state;
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    const char *app_id = newcomer(pair->one);
    const int64_t before = revision_of(pair->one, app_id, true);

    assert_int_equal(expire(pair->one, app_id, before, HOUR_S * SECOND_US), CATALOGUE_ABSENT);
    save_policy(pair->other, app_id, policy, CATALOGUE_CREATED);
    assert_int_equal(expire(pair->one, app_id, before, 0), CATALOGUE_ABSENT);

    assert_int_equal(expire(pair->one, app_id, revision_of(pair->one, app_id, true), 0),
                     CATALOGUE_OK);
    arena_close(&arena);
}

static void an_app_is_put_back_as_unused_as_it_was(void **state)
{
    struct catalogue_pair *pair = *state;

    for (int has_decided = 0; has_decided <= 1; has_decided++) {
        struct error error = {0};
        struct app *app = app_new();
        (void)snprintf(app->id, sizeof(app->id), "app_%c00000000000", "01"[has_decided]);
        app->name = TEXT("newcomer");
        app->keys[0] = sample_digest((uint8_t)has_decided);
        app->key_count = 1;
        app->revision = 1;
        app->is_unused = true;
        atomic_store(&app->has_decided, has_decided != 0);

        expect_status(pair->one->operations->app_restore(pair->one, app, &error), CATALOGUE_CREATED,
                      &error);

        (void)revision_of(pair->other, app->id, has_decided == 0);
        app_release(app);
    }
}

int catalogue_newcomer_cases_run(CMFixtureFunction setup, CMFixtureFunction teardown)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest cases[] = {
        CASE(more_apps_than_there_may_be_are_not_created),
        CASE(a_newcomer_is_unused_until_it_is_used),
        CASE(what_did_not_register_is_never_unused),
        CASE(an_unused_app_goes_as_a_deleted_one_does),
        CASE(an_unused_app_stays_as_long_as_it_is_young_or_changes),
        CASE(an_app_is_put_back_as_unused_as_it_was),
    };
#undef CASE

    return cmocka_run_group_tests(cases, NULL, NULL);
}
