/* SPDX-License-Identifier: MIT */
#include "base/arena.h"
#include "catalogue_case.h"
#include "sample_policy.h"

/* The newest of the apps that changes() gives. */
struct last_seen {
    size_t count;
    size_t active;
    char id[APP_ID_BYTES + 1];
    enum app_state state;
    int64_t revision;
};

static void on_last(void *context, struct app *app)
{
    struct last_seen *last = context;

    last->count++;
    last->active += app->state == APP_ACTIVE;
    (void)snprintf(last->id, sizeof(last->id), "%s", app->id);
    last->state = app->state;
    last->revision = app->revision;
    app_release(app);
}

static void the_first_mark_is_kept(void **state)
{
    struct catalogue_pair *pair = *state;
    const struct pepper pepper = {.bytes = {1}};
    const struct pepper another = {.bytes = {2}};
    const struct catalogue_identity first = catalogue_identity_new(&pepper, NULL);
    const struct catalogue_identity second = catalogue_identity_new(&pepper, &first.generation);
    struct catalogue_mark mark;
    struct error error = {0};

    expect_status(pair->one->operations->mark_read(pair->one, 0, &mark, &error), CATALOGUE_OK,
                  &error);
    assert_false(mark.has_pepper || mark.has_identity);
    expect_status(pair->one->operations->mark_claim(pair->one, NULL, &first, &error),
                  CATALOGUE_CREATED, &error);
    expect_status(pair->other->operations->mark_claim(pair->other, &pepper, &second, &error),
                  CATALOGUE_OK, &error);
    expect_status(pair->one->operations->mark_read(pair->one, 0, &mark, &error), CATALOGUE_OK,
                  &error);
    assert_true(!mark.has_pepper && mark.has_identity);
    assert_memory_equal(&mark.identity, &first, sizeof(first));

    expect_status(pair->one->operations->mark_claim(pair->one, &pepper, &first, &error),
                  CATALOGUE_CREATED, &error);
    expect_status(pair->other->operations->mark_claim(pair->other, &another, &first, &error),
                  CATALOGUE_OK, &error);
    expect_status(pair->other->operations->mark_read(pair->other, 0, &mark, &error), CATALOGUE_OK,
                  &error);
    assert_true(mark.has_pepper && mark.has_identity);
    assert_memory_equal(&mark.pepper, &pepper, sizeof(pepper));
    assert_memory_equal(&mark.identity, &first, sizeof(first));
}

static void a_deleted_app_is_seen_as_such_and_its_key_is_nobody_s(void **state)
{
    struct catalogue_pair *pair = *state;
    struct key_digest key = sample_digest('b');
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    struct last_seen last = {0};
    char found[APP_ID_BYTES + 1];
    struct app *app = NULL;
    struct error error = {0};
    int64_t revision = 0;
    sample_app(pair->one, 'a');
    sample_app(pair->one, 'b');
    save_policy(pair->one, "app_b00000000000", policy, CATALOGUE_CREATED);
    expect_changes(pair->other, &revision, "ab");
    struct app *kept = load_app(pair->one, "app_b00000000000");

    expect_status(pair->one->operations->app_remove(pair->one, kept->id, &error), CATALOGUE_OK,
                  &error);
    expect_status(pair->one->operations->app_remove(pair->one, kept->id, &error), CATALOGUE_ABSENT,
                  &error);

    expect_status(pair->other->operations->changes(pair->other, &revision, &last, on_last, &error),
                  CATALOGUE_OK, &error);
    assert_int_equal(last.count, 1);
    assert_string_equal(last.id, kept->id);
    assert_int_equal(last.state, APP_DELETED);
    assert_true(last.revision == revision);
    expect_status(pair->other->operations->app_find(pair->other, &key, found, &error),
                  CATALOGUE_ABSENT, &error);
    expect_status(pair->other->operations->app_load(pair->other, kept->id, &app, &error),
                  CATALOGUE_ABSENT, &error);
    expect_status(pair->other->operations->app_restore(pair->other, kept, &error), CATALOGUE_OK,
                  &error);
    expect_status(pair->other->operations->app_load(pair->other, kept->id, &app, &error),
                  CATALOGUE_ABSENT, &error);
    app_release(kept);
    arena_close(&arena);
}

static void an_app_that_is_damaged_can_be_deleted(void **state)
{
    struct catalogue_pair *pair = *state;
    struct error error = {0};
    int64_t revision = 0;
    damage_apps(pair);

    for (int damage = 0; damage < DAMAGE_COUNT; damage++) {
        char app_id[APP_ID_BYTES + 1];
        (void)snprintf(app_id, sizeof(app_id), "app_%c00000000000", 'b' + damage);
        expect_status(pair->one->operations->app_remove(pair->one, app_id, &error), CATALOGUE_OK,
                      &error);
    }

    struct last_seen last = {0};
    expect_status(pair->other->operations->changes(pair->other, &revision, &last, on_last, &error),
                  CATALOGUE_OK, &error);
    assert_int_equal(last.count, DAMAGE_COUNT + 2);
    assert_int_equal(last.active, 2);
}

static void a_suspension_is_seen_and_lifted(void **state)
{
    struct catalogue_pair *pair = *state;
    const char *app_id = sample_app(pair->one, 'a');
    struct error error = {0};
    int64_t revision = 0;

    expect_status(pair->one->operations->app_suspend(pair->one, app_id, true, &error), CATALOGUE_OK,
                  &error);
    expect_status(pair->one->operations->app_suspend(pair->one, app_id, true, &error), CATALOGUE_OK,
                  &error);
    expect_changes(pair->other, &revision, "a");
    struct app *app = load_app(pair->other, app_id);
    assert_int_equal(app->state, APP_SUSPENDED);
    app_release(app);

    expect_status(pair->one->operations->app_suspend(pair->one, app_id, false, &error),
                  CATALOGUE_OK, &error);
    expect_changes(pair->other, &revision, "a");
    app = load_app(pair->other, app_id);
    assert_int_equal(app->state, APP_ACTIVE);
    app_release(app);
    expect_status(pair->one->operations->app_suspend(pair->one, "app_b00000000000", true, &error),
                  CATALOGUE_ABSENT, &error);
}

static void a_new_key_takes_the_place_of_the_others(void **state)
{
    struct catalogue_pair *pair = *state;
    const char *app_id = sample_app(pair->one, 'a');
    struct key_digest old = sample_digest('a');
    struct key_digest new = sample_digest('n');
    char found[APP_ID_BYTES + 1];
    struct error error = {0};

    expect_status(pair->one->operations->app_rekey(pair->one, app_id, &new, &error), CATALOGUE_OK,
                  &error);

    expect_status(pair->other->operations->app_find(pair->other, &old, found, &error),
                  CATALOGUE_ABSENT, &error);
    expect_status(pair->other->operations->app_find(pair->other, &new, found, &error), CATALOGUE_OK,
                  &error);
    assert_string_equal(found, app_id);
    struct app *app = load_app(pair->other, app_id);
    assert_int_equal(app->key_count, 1);
    assert_memory_equal(&app->keys[0], &new, sizeof(new));
    app_release(app);
    expect_status(pair->one->operations->app_rekey(pair->one, "app_b00000000000", &new, &error),
                  CATALOGUE_ABSENT, &error);
}

int catalogue_operator_cases_run(CMFixtureFunction setup, CMFixtureFunction teardown)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest cases[] = {
        CASE(the_first_mark_is_kept),
        CASE(a_deleted_app_is_seen_as_such_and_its_key_is_nobody_s),
        CASE(an_app_that_is_damaged_can_be_deleted),
        CASE(a_suspension_is_seen_and_lifted),
        CASE(a_new_key_takes_the_place_of_the_others),
    };
#undef CASE

    return cmocka_run_group_tests(cases, NULL, NULL);
}
