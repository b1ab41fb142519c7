/* SPDX-License-Identifier: MIT */
#include "base/arena.h"
#include "captured.h"
#include "catalogue_case.h"
#include "sample_policy.h"

void damage_apps(struct catalogue_pair *pair)
{
    sample_app(pair->one, 'a');
    for (int damage = 0; damage < DAMAGE_COUNT; damage++) {
        const char *app_id = sample_app(pair->one, (char)('b' + damage));
        pair->damage(pair, app_id, (enum catalogue_damage)damage);
    }
    sample_app(pair->one, 'z');
}

static void apps_that_cannot_be_read_are_passed_over(void **state)
{
    struct catalogue_pair *pair = *state;
    struct seen seen = {.revision = 0};
    struct error error = {0};
    int64_t revision = 0;
    damage_apps(pair);

    enum catalogue_status status =
        pair->other->operations->changes(pair->other, &revision, &seen, on_seen, &error);

    /* "b" is seen, because its damage is a second app beside it, and it is whole itself. */
    expect_status(status, CATALOGUE_OK, &error);
    assert_string_equal(seen.letters, "abz");
    assert_true(revision == seen.revision);
    expect_changes(pair->other, &revision, "");
    sample_app(pair->one, 'y');
    expect_changes(pair->other, &revision, "y");
}

static void what_cannot_be_read_is_logged_once_by_name(void **state)
{
    struct catalogue_pair *pair = *state;
    struct captured captured;
    char app_id[APP_ID_BYTES + 1];
    struct app *app = NULL;
    struct error error = {0};
    damage_apps(pair);

    capture_begin(&captured);
    for (int i = 0; i < 3; i++) {
        struct seen seen = {.revision = 0};
        int64_t revision = 0;
        (void)pair->other->operations->changes(pair->other, &revision, &seen, on_seen, &error);
    }
    (void)snprintf(app_id, sizeof(app_id), "app_%c00000000000", 'b' + DAMAGE_KEY);
    (void)pair->other->operations->app_load(pair->other, app_id, &app, &error);
    int count = capture_end(&captured, "stored app skipped");

    assert_null(app);
    assert_int_equal(count, DAMAGE_COUNT);
}

static void on_state(void *context, struct app *app)
{
    *(enum app_state *)context = app->state;
    app_release(app);
}

/* An older copy may be wrong about its keys or its suspension: just that may have changed. */
static void a_damaged_app_that_changes_is_seen_as_such(void **state)
{
    struct catalogue_pair *pair = *state;
    const char *app_id = sample_app(pair->one, 'a');
    enum app_state seen = APP_ACTIVE;
    struct error error = {0};
    int64_t revision = 0;
    expect_changes(pair->other, &revision, "a");
    pair->damage(pair, app_id, DAMAGE_NAME);

    expect_status(pair->one->operations->app_suspend(pair->one, app_id, true, &error), CATALOGUE_OK,
                  &error);

    expect_status(pair->other->operations->changes(pair->other, &revision, &seen, on_state, &error),
                  CATALOGUE_OK, &error);
    assert_int_equal(seen, APP_DAMAGED);
    expect_changes(pair->other, &revision, "");
}

static void a_revision_that_is_damaged_outranks_no_change(void **state)
{
    static const enum catalogue_damage damages[] = {DAMAGE_RANK, DAMAGE_AHEAD, DAMAGE_REVISION,
                                                    DAMAGE_PAST};
    struct catalogue_pair *pair = *state;
    struct error error = {0};
    int64_t revision = 0;

    for (size_t i = 0; i < ARRAY_COUNT(damages); i++) {
        const char letters[] = {(char)('a' + i), '\0'};
        const char *app_id = sample_app(pair->one, letters[0]);
        pair->damage(pair, app_id, damages[i]);

        expect_status(pair->one->operations->app_suspend(pair->one, app_id, true, &error),
                      CATALOGUE_OK, &error);

        struct app *app = load_app(pair->other, app_id);
        assert_int_equal(app->state, APP_SUSPENDED);
        app_release(app);
        expect_changes(pair->other, &revision, letters);
    }
}

static void no_damage_of_an_app_looks_as_if_the_catalogue_were_away(void **state)
{
    struct catalogue_pair *pair = *state;
    char app_id[APP_ID_BYTES + 1];
    struct error error = {0};
    int64_t revision = 0;
    damage_apps(pair);

    for (int damage = 0; damage < DAMAGE_COUNT; damage++) {
        (void)snprintf(app_id, sizeof(app_id), "app_%c00000000000", 'b' + damage);
        assert_int_not_equal(
            pair->other->operations->app_revision(pair->other, app_id, &revision, &error),
            CATALOGUE_UNAVAILABLE);
    }
}

static void a_damaged_app_is_told_from_a_catalogue_that_is_away(void **state)
{
    struct catalogue_pair *pair = *state;
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    const char *app_id = sample_app(pair->one, 'a');
    struct app *app = NULL;
    struct error error = {0};
    pair->damage(pair, app_id, DAMAGE_TYPE);

    expect_status(pair->one->operations->app_load(pair->one, app_id, &app, &error),
                  CATALOGUE_DAMAGED, &error);
    assert_string_not_equal(error.message, "");
    assert_int_not_equal(
        pair->one->operations->policy_save(pair->one, app_id, policy, NULL, &error),
        CATALOGUE_UNAVAILABLE);
    assert_int_not_equal(
        pair->one->operations->policy_remove(pair->one, app_id, &policy->identity, &error),
        CATALOGUE_UNAVAILABLE);
    sample_app(pair->one, 'b');
    arena_close(&arena);
}

static void a_policy_after_whose_version_there_is_none_is_saved_as_a_first_one(void **state)
{
    struct catalogue_pair *pair = *state;
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    const char *app_id = sample_app(pair->one, 'a');
    save_policy(pair->one, app_id, policy, CATALOGUE_CREATED);
    pair->exhaust(pair, app_id);

    save_policy(pair->one, app_id, policy, CATALOGUE_OK);

    assert_int_equal(policy->version, 1);
    struct app *app = load_app(pair->other, app_id);
    assert_int_equal(policy_set_count(app->policies), 1);
    app_release(app);
    arena_close(&arena);
}

static void a_key_whose_app_is_gone_is_free(void **state)
{
    struct catalogue_pair *pair = *state;
    struct key_digest key = sample_digest('a');
    char found[APP_ID_BYTES + 1] = "";
    struct error error = {0};
    pair->lose(pair, sample_app(pair->one, 'a'));

    expect_status(
        pair->one->operations->app_create(
            pair->one,
            &(struct catalogue_new_app){
                .app_id = "app_b00000000000", .name = TEXT("b"), .created_at_us = 1, .key = &key},
            &error),
        CATALOGUE_CREATED, &error);

    expect_status(pair->one->operations->app_find(pair->one, &key, found, &error), CATALOGUE_OK,
                  &error);
    assert_string_equal(found, "app_b00000000000");
    app_release(load_app(pair->one, found));
}

int catalogue_damage_cases_run(CMFixtureFunction setup, CMFixtureFunction teardown)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest cases[] = {
        CASE(apps_that_cannot_be_read_are_passed_over),
        CASE(what_cannot_be_read_is_logged_once_by_name),
        CASE(a_damaged_app_that_changes_is_seen_as_such),
        CASE(a_revision_that_is_damaged_outranks_no_change),
        CASE(no_damage_of_an_app_looks_as_if_the_catalogue_were_away),
        CASE(a_damaged_app_is_told_from_a_catalogue_that_is_away),
        CASE(a_policy_after_whose_version_there_is_none_is_saved_as_a_first_one),
        CASE(a_key_whose_app_is_gone_is_free),
    };
#undef CASE

    return cmocka_run_group_tests(cases, NULL, NULL);
}
