/* SPDX-License-Identifier: MIT */
#include "catalogue_case.h"

#include "base/arena.h"
#include "sample_policy.h"

#include <pthread.h>

void expect_status(enum catalogue_status status, enum catalogue_status expected,
                   const struct error *error)
{
    if (status != expected)
        fail_msg("status %d instead of %d: %s", (int)status, (int)expected, error->message);
}

struct key_digest sample_digest(uint8_t byte)
{
    struct key_digest digest;

    memset(digest.bytes, byte, sizeof(digest.bytes));
    return digest;
}

const char *sample_app(struct catalogue_backend *backend, char letter)
{
    static char app_id[APP_ID_BYTES + 1];
    struct key_digest key = sample_digest((uint8_t)letter);
    struct error error = {0};

    (void)snprintf(app_id, sizeof(app_id), "app_%c00000000000", letter);
    expect_status(backend->operations->app_create(
                      backend,
                      &(struct catalogue_new_app){.app_id = app_id,
                                                  .name = (struct text){&letter, 1},
                                                  .created_at_us = CREATED_AT_US,
                                                  .key = &key},
                      &error),
                  CATALOGUE_CREATED, &error);
    return app_id;
}

enum catalogue_status settle_pepper(struct catalogue_backend *backend, struct pepper *pepper,
                                    struct error *error)
{
    const struct catalogue_identity identity = catalogue_identity_new(pepper, NULL);
    struct catalogue_mark mark;
    enum catalogue_status status = backend->operations->mark_read(backend, 0, &mark, error);

    if (status == CATALOGUE_OK && !mark.has_pepper) {
        status = backend->operations->mark_claim(backend, pepper, &identity, error);
        if (status != CATALOGUE_UNAVAILABLE)
            status = backend->operations->mark_read(backend, 0, &mark, error);
    }
    *pepper = mark.pepper;
    return status;
}

struct app *load_app(struct catalogue_backend *backend, const char *app_id)
{
    struct app *app = NULL;
    struct error error = {0};

    expect_status(backend->operations->app_load(backend, app_id, &app, &error), CATALOGUE_OK,
                  &error);
    assert_non_null(app);
    return app;
}

void save_policy(struct catalogue_backend *backend, const char *app_id, struct policy *policy,
                 enum catalogue_status expected)
{
    struct error error = {0};

    expect_status(backend->operations->policy_save(backend, app_id, policy, NULL, &error), expected,
                  &error);
}

static void discard(struct catalogue_backend *backend, const char *app_id,
                    const struct policy *policy, enum catalogue_status expected)
{
    struct error error = {0};

    expect_status(backend->operations->policy_remove(backend, app_id, &policy->identity, &error),
                  expected, &error);
}

void on_seen(void *context, struct app *app)
{
    struct seen *seen = context;

    assert_true(seen->count < sizeof(seen->letters) - 1);
    if (app->state != APP_DAMAGED)
        seen->letters[seen->count++] = app->id[4];
    assert_true(app->revision > seen->revision);
    seen->revision = app->revision;
    app_release(app);
}

void expect_changes(struct catalogue_backend *backend, int64_t *revision, const char *letters)
{
    struct seen seen = {.revision = *revision};
    struct error error = {0};

    expect_status(backend->operations->changes(backend, revision, &seen, on_seen, &error),
                  CATALOGUE_OK, &error);
    assert_string_equal(seen.letters, letters);
    assert_true(*revision == seen.revision);
}

static void the_first_pepper_is_kept(void **state)
{
    struct catalogue_pair *pair = *state;
    struct pepper first = {.bytes = {0, 1, 0, 2}};
    struct pepper second = {.bytes = {9, 9}};
    const struct pepper kept = first;
    struct error error = {0};

    expect_status(settle_pepper(pair->one, &first, &error), CATALOGUE_OK, &error);
    expect_status(settle_pepper(pair->other, &second, &error), CATALOGUE_OK, &error);

    assert_memory_equal(&first, &kept, sizeof(kept));
    assert_memory_equal(&second, &kept, sizeof(kept));
}

static void a_created_app_is_found_by_its_key_everywhere(void **state)
{
    struct catalogue_pair *pair = *state;
    struct key_digest key = sample_digest('a');
    const char *app_id = sample_app(pair->one, 'a');
    char found[APP_ID_BYTES + 1] = "";
    struct error error = {0};

    enum catalogue_status status =
        pair->other->operations->app_find(pair->other, &key, found, &error);

    expect_status(status, CATALOGUE_OK, &error);
    assert_string_equal(found, app_id);
    struct app *app = load_app(pair->other, found);
    assert_string_equal(app->id, app_id);
    assert_true(text_equal(app->name, TEXT("a")));
    assert_true(app->created_at_us == CREATED_AT_US);
    assert_true(app->revision > 0);
    assert_int_equal(app->key_count, 1);
    assert_memory_equal(&app->keys[0], &key, sizeof(key));
    assert_int_equal(policy_set_count(app->policies), 0);
    app_release(app);
}

static void what_was_never_created_is_absent(void **state)
{
    struct catalogue_pair *pair = *state;
    struct key_digest key = sample_digest('b');
    char found[APP_ID_BYTES + 1] = "";
    struct app *app = NULL;
    struct error error = {0};
    sample_app(pair->one, 'a');

    expect_status(pair->one->operations->app_find(pair->one, &key, found, &error), CATALOGUE_ABSENT,
                  &error);
    expect_status(pair->one->operations->app_load(pair->one, "app_b00000000000", &app, &error),
                  CATALOGUE_ABSENT, &error);

    assert_null(app);
}

static void creating_with_a_taken_id_or_key_changes_nothing(void **state)
{
    struct catalogue_pair *pair = *state;
    const char *app_id = sample_app(pair->one, 'a');
    struct key_digest own = sample_digest('a');
    struct key_digest another = sample_digest('b');
    char found[APP_ID_BYTES + 1] = "";
    struct error error = {0};
    int64_t revision = 0;
    expect_changes(pair->one, &revision, "a");

    expect_status(
        pair->one->operations->app_create(
            pair->one,
            &(struct catalogue_new_app){
                .app_id = app_id, .name = TEXT("same id"), .created_at_us = 1, .key = &another},
            &error),
        CATALOGUE_OK, &error);
    expect_status(
        pair->one->operations->app_create(pair->one,
                                          &(struct catalogue_new_app){.app_id = "app_b00000000000",
                                                                      .name = TEXT("same key"),
                                                                      .created_at_us = 1,
                                                                      .key = &own},
                                          &error),
        CATALOGUE_OK, &error);

    expect_changes(pair->one, &revision, "");
    expect_status(pair->one->operations->app_find(pair->one, &another, found, &error),
                  CATALOGUE_ABSENT, &error);
    expect_status(pair->one->operations->app_find(pair->one, &own, found, &error), CATALOGUE_OK,
                  &error);
    assert_string_equal(found, app_id);
}

static void names_are_kept_byte_by_byte(void **state)
{
    struct catalogue_pair *pair = *state;
    struct text name = TEXT("Zo\xc3\xab's \"shop\"; DROP TABLE apps; -- {x} %s \xf0\x9f\x9b\x92");
    struct key_digest key = sample_digest('a');
    struct error error = {0};

    expect_status(pair->one->operations->app_create(
                      pair->one,
                      &(struct catalogue_new_app){.app_id = "app_a00000000000",
                                                  .name = name,
                                                  .created_at_us = CREATED_AT_US,
                                                  .key = &key},
                      &error),
                  CATALOGUE_CREATED, &error);

    struct app *app = load_app(pair->other, "app_a00000000000");
    assert_true(text_equal(app->name, name));
    app_release(app);
}

static void a_saved_policy_is_loaded_as_it_was(void **state)
{
    static const char *const policies[] = {
        "{'route_key':'/plain','limit':5,'window_seconds':60}",
        "{'route_key':'/full','role':'gold','user_id':'u 1','limits':[{'name':'second','limit':1,"
        "'window_seconds':1},{'name':'day','algorithm':'token_bucket','limit':1000000000,"
        "'window_seconds':31536000,'burst':7}],'mode':'shadow','is_active':false,"
        "'on_store_error':'deny','description':'Zo\xc3\xab \\'quoted\\' \\\\ \\n'}",
        "{'route_key':'*','limit':0,'window_seconds':1}",
    };
    struct catalogue_pair *pair = *state;
    const char *app_id = sample_app(pair->one, 'a');
    struct arena arena = {0};
    struct policy *saved[ARRAY_COUNT(policies)];

    for (size_t i = 0; i < ARRAY_COUNT(policies); i++) {
        saved[i] = sample_policy(&arena, policies[i]);
        saved[i]->id = 0x8000000000000000 + i;
        save_policy(pair->one, app_id, saved[i], CATALOGUE_CREATED);
    }

    struct app *app = load_app(pair->other, app_id);
    assert_int_equal(policy_set_count(app->policies), ARRAY_COUNT(policies));
    for (size_t i = 0; i < ARRAY_COUNT(policies); i++) {
        const struct policy *found = policy_set_find(app->policies, &saved[i]->identity);
        assert_same_policy(found, saved[i]);
        assert_true(found->id == 0x8000000000000000 + i);
        for (size_t which = 0; which < found->rule.limit_count; which++)
            assert_int_equal(found->rule.limits[which].id, saved[i]->rule.limits[which].id);
        assert_int_equal(found->version, 1);
    }
    app_release(app);
    arena_close(&arena);
}

static void saving_again_keeps_the_id_and_raises_the_version(void **state)
{
    struct catalogue_pair *pair = *state;
    const char *app_id = sample_app(pair->one, 'a');
    struct arena arena = {0};
    struct policy *first = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    struct policy *second = sample_policy(&arena, "{'route_key':'/a','rate':'6/s'}");
    first->id = 11;
    second->id = 22;

    save_policy(pair->one, app_id, first, CATALOGUE_CREATED);
    save_policy(pair->other, app_id, second, CATALOGUE_OK);

    assert_int_equal(first->version, 1);
    assert_int_equal(second->id, 11);
    assert_int_equal(second->version, 2);
    struct app *app = load_app(pair->one, app_id);
    assert_int_equal(policy_set_count(app->policies), 1);
    assert_int_equal(policy_set_at(app->policies, 0)->version, 2);
    assert_int_equal(policy_set_at(app->policies, 0)->id, 11);
    assert_same_policy(policy_set_at(app->policies, 0), second);
    app_release(app);
    arena_close(&arena);
}

static void identities_never_collide(void **state)
{
    static const char *const policies[] = {
        "{'route_key':'a','role':'b','limit':1,'window_seconds':1}",
        "{'route_key':'a','role':'b','user_id':'c','limit':1,'window_seconds':1}",
        "{'route_key':'a','role':'b:c','limit':1,'window_seconds':1}",
        "{'route_key':'a:b','role':'c','limit':1,'window_seconds':1}",
        "{'route_key':'a','role':'b\\',\\'c','limit':1,'window_seconds':1}",
        "{'route_key':'a\\',\\'b','role':'c','limit':1,'window_seconds':1}",
        "{'route_key':'a','limit':1,'window_seconds':1}",
        "{'route_key':'a','user_id':'default','limit':1,'window_seconds':1}",
        "{'route_key':'a','user_id':'null','limit':1,'window_seconds':1}",
        "{'route_key':'A','limit':1,'window_seconds':1}",
        "{'route_key':'a ','limit':1,'window_seconds':1}",
        "{'route_key':'a*','limit':1,'window_seconds':1}",
        "{'route_key':'a','subject':{'org':'c'},'limit':1,'window_seconds':1}",
        "{'route_key':'a','subject':{'orgs':'c'},'limit':1,'window_seconds':1}",
        "{'route_key':'a','subject':{'org':'sc'},'limit':1,'window_seconds':1}",
        "{'route_key':'a','subject':{'org':'default'},'limit':1,'window_seconds':1}",
        "{'route_key':'a','user_id':'{\\'org\\':\\'c\\'}','limit':1,'window_seconds':1}",
        "{'route_key':'a','user_id':'org=c','limit':1,'window_seconds':1}",
    };
    struct catalogue_pair *pair = *state;
    const char *app_id = sample_app(pair->one, 'a');
    struct arena arena = {0};

    for (size_t i = 0; i < ARRAY_COUNT(policies); i++)
        save_policy(pair->one, app_id, sample_policy(&arena, policies[i]), CATALOGUE_CREATED);

    struct app *app = load_app(pair->one, app_id);
    assert_int_equal(policy_set_count(app->policies), ARRAY_COUNT(policies));
    app_release(app);
    arena_close(&arena);
}

static void a_deleted_policy_is_gone_and_comes_back_as_a_new_one(void **state)
{
    struct catalogue_pair *pair = *state;
    const char *app_id = sample_app(pair->one, 'a');
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    struct policy *of_user = sample_policy(&arena, "{'route_key':'/a','user_id':'u','rate':'5/s'}");
    struct policy *of_org =
        sample_policy(&arena, "{'route_key':'/a','subject':{'org':'u'},'rate':'5/s'}");
    policy->id = 11;
    save_policy(pair->one, app_id, policy, CATALOGUE_CREATED);
    save_policy(pair->one, app_id, policy, CATALOGUE_OK);
    save_policy(pair->one, app_id, of_user, CATALOGUE_CREATED);
    save_policy(pair->one, app_id, of_org, CATALOGUE_CREATED);
    save_policy(pair->other, app_id, of_org, CATALOGUE_OK);

    discard(pair->other, app_id, of_org, CATALOGUE_OK);
    discard(pair->other, app_id, policy, CATALOGUE_OK);
    discard(pair->one, app_id, policy, CATALOGUE_ABSENT);

    struct app *app = load_app(pair->one, app_id);
    assert_int_equal(policy_set_count(app->policies), 1);
    assert_same_policy(policy_set_at(app->policies, 0), of_user);
    app_release(app);
    policy->id = 12;
    save_policy(pair->one, app_id, policy, CATALOGUE_CREATED);
    assert_int_equal(policy->id, 12);
    assert_int_equal(policy->version, 1);
    arena_close(&arena);
}

static void policies_of_an_unknown_app_are_refused(void **state)
{
    struct catalogue_pair *pair = *state;
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    sample_app(pair->one, 'a');

    save_policy(pair->one, "app_b00000000000", policy, CATALOGUE_ABSENT);
    discard(pair->one, "app_b00000000000", policy, CATALOGUE_ABSENT);

    int64_t revision = 0;
    expect_changes(pair->one, &revision, "a");
    arena_close(&arena);
}

static void policies_of_one_app_are_not_another_s(void **state)
{
    struct catalogue_pair *pair = *state;
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    sample_app(pair->one, 'a');
    sample_app(pair->one, 'b');

    save_policy(pair->one, "app_a00000000000", policy, CATALOGUE_CREATED);
    discard(pair->one, "app_b00000000000", policy, CATALOGUE_ABSENT);

    struct app *app = load_app(pair->one, "app_b00000000000");
    assert_int_equal(policy_set_count(app->policies), 0);
    app_release(app);
    arena_close(&arena);
}

static void the_number_of_policies_is_bounded(void **state)
{
    struct catalogue_pair *pair = *state;
    const char *app_id = sample_app(pair->one, 'a');
    struct arena arena = {0};
    struct policy *policy = NULL;

    for (int i = 0; i < POLICIES_PER_APP_MAX; i++) {
        char quoted[128];
        (void)snprintf(quoted, sizeof(quoted), "{'route_key':'/%d','rate':'5/s'}", i);
        policy = sample_policy(&arena, quoted);
        save_policy(pair->one, app_id, policy, CATALOGUE_CREATED);
    }
    struct policy *one_more = sample_policy(&arena, "{'route_key':'/more','rate':'5/s'}");

    save_policy(pair->one, app_id, one_more, CATALOGUE_FULL);
    save_policy(pair->one, app_id, policy, CATALOGUE_OK);
    discard(pair->one, app_id, policy, CATALOGUE_OK);
    save_policy(pair->one, app_id, one_more, CATALOGUE_CREATED);

    struct app *app = load_app(pair->one, app_id);
    assert_int_equal(policy_set_count(app->policies), POLICIES_PER_APP_MAX);
    app_release(app);
    arena_close(&arena);
}

static void changes_are_seen_once_by_each_instance(void **state)
{
    struct catalogue_pair *pair = *state;
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    int64_t of_one = 0;
    int64_t of_other = 0;

    expect_changes(pair->one, &of_one, "");
    sample_app(pair->one, 'a');
    sample_app(pair->other, 'b');
    sample_app(pair->one, 'c');
    expect_changes(pair->one, &of_one, "abc");
    expect_changes(pair->one, &of_one, "");

    save_policy(pair->one, "app_b00000000000", policy, CATALOGUE_CREATED);
    expect_changes(pair->one, &of_one, "b");
    discard(pair->other, "app_b00000000000", policy, CATALOGUE_OK);
    save_policy(pair->other, "app_a00000000000", policy, CATALOGUE_CREATED);
    expect_changes(pair->one, &of_one, "ba");
    expect_changes(pair->other, &of_other, "cba");
    assert_true(of_one == of_other);
    arena_close(&arena);
}

static enum catalogue_status revision_of(struct catalogue_backend *backend, const char *app_id,
                                         int64_t *revision)
{
    struct error error = {0};

    return backend->operations->app_revision(backend, app_id, revision, &error);
}

static void an_app_s_revision_is_that_of_its_last_change_anywhere(void **state)
{
    struct catalogue_pair *pair = *state;
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    char app_id[APP_ID_BYTES + 1];
    struct error error = {0};
    int64_t before = 0;
    int64_t after = 0;
    (void)snprintf(app_id, sizeof(app_id), "%s", sample_app(pair->one, 'a'));
    sample_app(pair->one, 'b');
    assert_int_equal(revision_of(pair->other, app_id, &before), CATALOGUE_OK);

    save_policy(pair->one, app_id, policy, CATALOGUE_CREATED);

    assert_int_equal(revision_of(pair->other, app_id, &after), CATALOGUE_OK);
    assert_true(after > before);
    struct app *app = load_app(pair->other, app_id);
    assert_true(app->revision == after);
    app_release(app);
    expect_status(pair->one->operations->app_remove(pair->one, app_id, &error), CATALOGUE_OK,
                  &error);
    assert_int_equal(revision_of(pair->other, app_id, &after), CATALOGUE_ABSENT);
    arena_close(&arena);
}

/* One of two writers at once. */
struct rival {
    struct catalogue_backend *backend;
    int saved;
};

static void *rival_run(void *context)
{
    enum { ROUNDS = 50 };
    struct rival *rival = context;
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");

    for (int i = 0; i < ROUNDS; i++) {
        struct error error = {0};
        enum catalogue_status status = rival->backend->operations->policy_save(
            rival->backend, "app_a00000000000", policy, NULL, &error);
        rival->saved += status == CATALOGUE_OK;
    }
    arena_close(&arena);
    return NULL;
}

static void no_version_is_lost_between_two_writers(void **state)
{
    struct catalogue_pair *pair = *state;
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    struct rival rivals[] = {{.backend = pair->one}, {.backend = pair->other}};
    pthread_t threads[ARRAY_COUNT(rivals)];
    save_policy(pair->one, sample_app(pair->one, 'a'), policy, CATALOGUE_CREATED);

    for (size_t i = 0; i < ARRAY_COUNT(rivals); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, rival_run, &rivals[i]), 0);
    for (size_t i = 0; i < ARRAY_COUNT(rivals); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);

    assert_true(rivals[0].saved > 0 && rivals[1].saved > 0);
    struct app *app = load_app(pair->one, "app_a00000000000");
    assert_int_equal(policy_set_at(app->policies, 0)->version,
                     1 + rivals[0].saved + rivals[1].saved);
    app_release(app);
    arena_close(&arena);
}

int catalogue_cases_run(CMFixtureFunction setup, CMFixtureFunction teardown)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest cases[] = {
        CASE(the_first_pepper_is_kept),
        CASE(a_created_app_is_found_by_its_key_everywhere),
        CASE(what_was_never_created_is_absent),
        CASE(creating_with_a_taken_id_or_key_changes_nothing),
        CASE(names_are_kept_byte_by_byte),
        CASE(a_saved_policy_is_loaded_as_it_was),
        CASE(saving_again_keeps_the_id_and_raises_the_version),
        CASE(identities_never_collide),
        CASE(a_deleted_policy_is_gone_and_comes_back_as_a_new_one),
        CASE(policies_of_an_unknown_app_are_refused),
        CASE(policies_of_one_app_are_not_another_s),
        CASE(the_number_of_policies_is_bounded),
        CASE(changes_are_seen_once_by_each_instance),
        CASE(an_app_s_revision_is_that_of_its_last_change_anywhere),
        CASE(no_version_is_lost_between_two_writers),
    };
#undef CASE

    return cmocka_run_group_tests(cases, NULL, NULL) + catalogue_afresh_cases_run(setup, teardown) +
           catalogue_damage_cases_run(setup, teardown) +
           catalogue_newcomer_cases_run(setup, teardown) +
           catalogue_operator_cases_run(setup, teardown) +
           catalogue_restore_cases_run(setup, teardown);
}
