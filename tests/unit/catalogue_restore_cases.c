/* SPDX-License-Identifier: MIT */
#include "base/arena.h"
#include "catalogue_case.h"
#include "sample_policy.h"

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

int catalogue_restore_cases_run(CMFixtureFunction setup, CMFixtureFunction teardown)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest cases[] = {
        CASE(an_app_is_put_back_as_it_was),
        CASE(nothing_is_put_back_over_what_is_there),
    };
#undef CASE

    return cmocka_run_group_tests(cases, NULL, NULL);
}
