/* SPDX-License-Identifier: MIT */
#include "base/arena.h"
#include "catalogue_case.h"
#include "sample_policy.h"

#define APP_A "app_a00000000000"

/* A copy as an instance holds it: app_a with the key sample_digest(key). */
static struct app *copy_of(int64_t revision, uint8_t key)
{
    struct app *app = app_new();

    (void)snprintf(app->id, sizeof(app->id), APP_A);
    app->name = TEXT("a");
    app->revision = revision;
    app->key_count = 1;
    app->keys[0] = sample_digest(key);
    return app;
}

static void restore_give(struct catalogue_backend *backend, struct app *app,
                         enum catalogue_status expected)
{
    struct error error = {0};

    expect_status(backend->operations->app_restore(backend, app, &error), expected, &error);
    app_release(app);
}

static void expect_owner(struct catalogue_backend *backend, uint8_t key,
                         enum catalogue_status expected)
{
    const struct key_digest digest = sample_digest(key);
    char found[APP_ID_BYTES + 1] = "";
    struct error error = {0};

    expect_status(backend->operations->app_find(backend, &digest, found, &error), expected, &error);
    if (expected == CATALOGUE_OK)
        assert_string_equal(found, APP_A);
}

static void expect_gone(struct catalogue_backend *backend)
{
    struct app *app = NULL;
    struct error error = {0};

    expect_status(backend->operations->app_load(backend, APP_A, &app, &error), CATALOGUE_ABSENT,
                  &error);
}

static void an_app_is_put_back_as_it_was(void **state)
{
    struct catalogue_pair *pair = *state;
    struct arena arena = {0};
    struct policy *policies[] = {
        sample_policy(&arena, "{'route_key':'/a','rate':'5/s','version':3}"),
        sample_policy(&arena, "{'route_key':'/b','user_id':'u','rate':'6/s','version':1}"),
    };
    struct key_digest key = sample_digest(2);
    char found[APP_ID_BYTES + 1];
    struct error error = {0};
    struct app *kept = app_new();
    (void)snprintf(kept->id, sizeof(kept->id), "app_a00000000000");
    kept->name = TEXT("shop");
    kept->created_at_us = CREATED_AT_US;
    kept->key_count = 2;
    kept->keys[0] = sample_digest(1);
    kept->keys[1] = key;
    kept->policies = policy_set_new(&kept->arena, policies, ARRAY_COUNT(policies));

    expect_status(pair->one->operations->app_restore(pair->one, kept, &error), CATALOGUE_CREATED,
                  &error);

    struct app *app = load_app(pair->other, kept->id);
    assert_true(text_equal(app->name, kept->name));
    assert_true(app->created_at_us == CREATED_AT_US);
    assert_int_equal(app->key_count, 2);
    assert_int_equal(policy_set_count(app->policies), 2);
    for (size_t i = 0; i < ARRAY_COUNT(policies); i++) {
        const struct policy *back = policy_set_find(app->policies, &policies[i]->identity);
        assert_same_policy(back, policies[i]);
        assert_true(back->id == policies[i]->id && back->version == policies[i]->version);
    }
    expect_status(pair->one->operations->app_find(pair->one, &key, found, &error), CATALOGUE_OK,
                  &error);
    assert_string_equal(found, kept->id);
    int64_t revision = 0;
    expect_changes(pair->other, &revision, "a");
    app_release(app);
    app_release(kept);
    arena_close(&arena);
}

static void nothing_is_put_back_over_what_is_there(void **state)
{
    struct catalogue_pair *pair = *state;
    struct error error = {0};
    int64_t revision = 0;
    struct app *there = load_app(pair->one, sample_app(pair->one, 'a'));
    struct app *with_its_key = app_new();
    (void)snprintf(with_its_key->id, sizeof(with_its_key->id), "app_b00000000000");
    with_its_key->name = TEXT("b");
    with_its_key->key_count = 1;
    with_its_key->keys[0] = sample_digest('a');
    expect_changes(pair->other, &revision, "a");

    expect_status(pair->one->operations->app_restore(pair->one, there, &error), CATALOGUE_OK,
                  &error);
    expect_status(pair->one->operations->app_restore(pair->one, with_its_key, &error), CATALOGUE_OK,
                  &error);

    expect_changes(pair->other, &revision, "");
    app_release(there);
    app_release(with_its_key);
}

/* In either order. */
static void the_newer_of_two_copies_of_an_app_stays(void **state)
{
    struct catalogue_pair *pair = *state;
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s','version':3}");
    int64_t revision = 0;
    struct app *older = copy_of(10, 'o');
    older->policies = policy_set_new(&older->arena, &policy, 1);
    struct app *newer = copy_of(20, 'n');
    newer->state = APP_SUSPENDED;

    restore_give(pair->one, app_retain(older), CATALOGUE_CREATED);
    restore_give(pair->other, app_retain(older), CATALOGUE_OK);
    expect_changes(pair->other, &revision, "a");
    restore_give(pair->other, newer, CATALOGUE_CREATED);
    expect_changes(pair->other, &revision, "a");
    restore_give(pair->one, older, CATALOGUE_OK);

    expect_changes(pair->other, &revision, "");
    expect_owner(pair->one, 'o', CATALOGUE_ABSENT);
    expect_owner(pair->one, 'n', CATALOGUE_OK);
    struct app *app = load_app(pair->one, APP_A);
    assert_int_equal(app->state, APP_SUSPENDED);
    assert_int_equal(app->key_count, 1);
    assert_int_equal(policy_set_count(app->policies), 0);
    app_release(app);
    arena_close(&arena);
}

static void what_was_written_since_is_newer_than_any_copy(void **state)
{
    struct catalogue_pair *pair = *state;
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    restore_give(pair->one, copy_of(10, 'o'), CATALOGUE_CREATED);
    save_policy(pair->one, APP_A, policy, CATALOGUE_CREATED);

    restore_give(pair->other, copy_of(CATALOGUE_REVISION_MAX - 1, 'n'), CATALOGUE_OK);

    struct app *app = load_app(pair->other, APP_A);
    assert_int_equal(policy_set_count(app->policies), 1);
    app_release(app);
    expect_owner(pair->one, 'n', CATALOGUE_ABSENT);
    arena_close(&arena);
}

static void a_deletion_is_put_back_too(void **state)
{
    struct catalogue_pair *pair = *state;
    int64_t revision = 0;

    restore_give(pair->one, app_new_deleted(APP_A, 20), CATALOGUE_CREATED);
    restore_give(pair->other, app_new_deleted(APP_A, 20), CATALOGUE_OK);
    restore_give(pair->other, copy_of(10, 'o'), CATALOGUE_OK);

    expect_gone(pair->one);
    expect_owner(pair->one, 'o', CATALOGUE_ABSENT);
    expect_changes(pair->other, &revision, "a");
}

/* The deleting instance did not know that app. Somebody may have written to the app since. Even so:
 * an id is never given to another app. */
static void a_deletion_takes_back_what_was_put_back(void **state)
{
    struct catalogue_pair *pair = *state;
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    int64_t revision = 0;
    restore_give(pair->one, copy_of(10, 'o'), CATALOGUE_CREATED);
    save_policy(pair->one, APP_A, policy, CATALOGUE_CREATED);
    expect_changes(pair->other, &revision, "a");

    restore_give(pair->other, app_new_deleted(APP_A, 9), CATALOGUE_CREATED);

    expect_gone(pair->one);
    expect_owner(pair->one, 'o', CATALOGUE_ABSENT);
    expect_changes(pair->other, &revision, "a");
    arena_close(&arena);
}

/* A declared app has the same id until its declaration is read again. */
static void the_id_of_a_deleted_app_is_not_given_again(void **state)
{
    struct catalogue_pair *pair = *state;
    const struct key_digest key = sample_digest('a');
    struct error error = {0};
    expect_status(pair->one->operations->app_remove(pair->one, sample_app(pair->one, 'a'), &error),
                  CATALOGUE_OK, &error);

    expect_status(pair->other->operations->app_create(
                      pair->other,
                      &(struct catalogue_new_app){
                          .app_id = APP_A, .name = TEXT("a"), .created_at_us = 1, .key = &key},
                      &error),
                  CATALOGUE_OK, &error);

    expect_gone(pair->one);
    expect_owner(pair->one, 'a', CATALOGUE_ABSENT);
}

static void on_deleted(void *context, struct app *app)
{
    *(size_t *)context += app->state == APP_DELETED;
    app_release(app);
}

/* Old deletions are forgotten, because the list would otherwise grow for ever. */
static void readers_that_missed_some_of_too_many_deletions_are_told(void **state)
{
    struct catalogue_pair *pair = *state;
    struct error error = {0};
    int64_t late = 0;
    int64_t current = 0;
    int64_t from_the_start = 0;
    size_t count = 0;
    sample_app(pair->one, 'z');
    expect_changes(pair->other, &late, "z");

    for (int i = 0; i < APPS_DELETED_MAX + 2; i++) {
        struct app *app = app_new_deleted(APP_A, 1);
        (void)snprintf(app->id, sizeof(app->id), "app_%012d", i);
        restore_give(pair->one, app, CATALOGUE_CREATED);
        if (i == 1)
            expect_changes(pair->other, &current, "z00");
    }

    expect_status(pair->other->operations->changes(pair->other, &late, &count, on_deleted, &error),
                  CATALOGUE_ABSENT, &error);
    assert_int_equal(count, 0);
    expect_status(
        pair->other->operations->changes(pair->other, &current, &count, on_deleted, &error),
        CATALOGUE_OK, &error);
    assert_int_equal(count, APPS_DELETED_MAX);
    count = 0;
    expect_status(
        pair->other->operations->changes(pair->other, &from_the_start, &count, on_deleted, &error),
        CATALOGUE_OK, &error);
    assert_int_equal(count, APPS_DELETED_MAX);
    assert_true(from_the_start == current);
    app_release(load_app(pair->other, "app_z00000000000"));
}

static void expect_restorer(struct catalogue_backend *backend, const char *name, bool is_at_it)
{
    struct catalogue_mark mark;
    struct error error = {0};

    expect_status(backend->operations->mark_read(backend, 0, &mark, &error), CATALOGUE_OK, &error);
    assert_string_equal(mark.restorer.name, name);
    assert_true(mark.restorer.is_at_it == is_at_it);
}

static void only_one_instance_puts_apps_back_and_the_others_see_which(void **state)
{
    struct catalogue_pair *pair = *state;
    const struct catalogue_operations *operations = pair->one->operations;
    struct error error = {0};
    expect_restorer(pair->other, "", false);

    expect_status(operations->restore_begin(pair->one, "host:1:a", &error), CATALOGUE_CREATED,
                  &error);
    expect_restorer(pair->other, "host:1:a", true);
    expect_status(operations->restore_begin(pair->other, "host:2:b", &error), CATALOGUE_OK, &error);
    operations->restore_end(pair->other, "host:2:b");
    expect_restorer(pair->other, "host:1:a", true);
    expect_status(operations->restore_begin(pair->one, "host:1:a", &error), CATALOGUE_CREATED,
                  &error);

    operations->restore_end(pair->one, "host:1:a");
    expect_restorer(pair->one, "", false);
    expect_status(operations->restore_begin(pair->other, "host:2:b", &error), CATALOGUE_CREATED,
                  &error);
}

int catalogue_restore_cases_run(CMFixtureFunction setup, CMFixtureFunction teardown)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest cases[] = {
        CASE(an_app_is_put_back_as_it_was),
        CASE(nothing_is_put_back_over_what_is_there),
        CASE(the_newer_of_two_copies_of_an_app_stays),
        CASE(what_was_written_since_is_newer_than_any_copy),
        CASE(a_deletion_is_put_back_too),
        CASE(a_deletion_takes_back_what_was_put_back),
        CASE(the_id_of_a_deleted_app_is_not_given_again),
        CASE(readers_that_missed_some_of_too_many_deletions_are_told),
        CASE(only_one_instance_puts_apps_back_and_the_others_see_which),
    };
#undef CASE

    return cmocka_run_group_tests(cases, NULL, NULL);
}
