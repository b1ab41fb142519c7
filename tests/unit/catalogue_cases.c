/* SPDX-License-Identifier: MIT */
#include "catalogue_cases.h"

#include "base/arena.h"
#include "sample_policy.h"
#include "support/scratch.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#define CREATED_AT_US INT64_C(1763733600123456)

static void expect(enum catalogue_status status, enum catalogue_status expected,
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
    expect(backend->operations->app_create(backend, app_id, (struct text){&letter, 1},
                                           CREATED_AT_US, &key, &error),
           CATALOGUE_CREATED, &error);
    return app_id;
}

enum catalogue_status settle_pepper(struct catalogue_backend *backend, struct pepper *pepper,
                                    struct error *error)
{
    const struct catalogue_identity identity = catalogue_identity_new(pepper, NULL);
    struct catalogue_mark mark;
    enum catalogue_status status = backend->operations->mark_read(backend, &mark, error);

    if (status == CATALOGUE_OK && !mark.has_pepper) {
        status = backend->operations->mark_claim(backend, pepper, &identity, error);
        if (status != CATALOGUE_UNAVAILABLE)
            status = backend->operations->mark_read(backend, &mark, error);
    }
    *pepper = mark.pepper;
    return status;
}

struct app *load_app(struct catalogue_backend *backend, const char *app_id)
{
    struct app *app = NULL;
    struct error error = {0};

    expect(backend->operations->app_load(backend, app_id, &app, &error), CATALOGUE_OK, &error);
    assert_non_null(app);
    return app;
}

static void save(struct catalogue_backend *backend, const char *app_id, struct policy *policy,
                 enum catalogue_status expected)
{
    struct error error = {0};

    expect(backend->operations->policy_save(backend, app_id, policy, &error), expected, &error);
}

static void discard(struct catalogue_backend *backend, const char *app_id,
                    const struct policy *policy, enum catalogue_status expected)
{
    struct error error = {0};

    expect(backend->operations->policy_remove(backend, app_id, &policy->identity, &error), expected,
           &error);
}

/* The ids of the apps that changes() gives, in order, as their letters. */
struct seen {
    char letters[64];
    size_t count;
    int64_t revision;
};

static void on_seen(void *context, struct app *app)
{
    struct seen *seen = context;

    assert_true(seen->count < sizeof(seen->letters) - 1);
    seen->letters[seen->count++] = app->id[4];
    assert_true(app->revision > seen->revision);
    seen->revision = app->revision;
    app_release(app);
}

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

static void expect_changes(struct catalogue_backend *backend, int64_t *revision,
                           const char *letters)
{
    struct seen seen = {.revision = *revision};
    struct error error = {0};

    expect(backend->operations->changes(backend, revision, &seen, on_seen, &error), CATALOGUE_OK,
           &error);
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

    expect(settle_pepper(pair->one, &first, &error), CATALOGUE_OK, &error);
    expect(settle_pepper(pair->other, &second, &error), CATALOGUE_OK, &error);

    assert_memory_equal(&first, &kept, sizeof(kept));
    assert_memory_equal(&second, &kept, sizeof(kept));
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

    expect(pair->one->operations->mark_read(pair->one, &mark, &error), CATALOGUE_OK, &error);
    assert_false(mark.has_pepper || mark.has_identity);
    expect(pair->one->operations->mark_claim(pair->one, NULL, &first, &error), CATALOGUE_CREATED,
           &error);
    expect(pair->other->operations->mark_claim(pair->other, &pepper, &second, &error), CATALOGUE_OK,
           &error);
    expect(pair->one->operations->mark_read(pair->one, &mark, &error), CATALOGUE_OK, &error);
    assert_true(!mark.has_pepper && mark.has_identity);
    assert_memory_equal(&mark.identity, &first, sizeof(first));

    expect(pair->one->operations->mark_claim(pair->one, &pepper, &first, &error), CATALOGUE_CREATED,
           &error);
    expect(pair->other->operations->mark_claim(pair->other, &another, &first, &error), CATALOGUE_OK,
           &error);
    expect(pair->other->operations->mark_read(pair->other, &mark, &error), CATALOGUE_OK, &error);
    assert_true(mark.has_pepper && mark.has_identity);
    assert_memory_equal(&mark.pepper, &pepper, sizeof(pepper));
    assert_memory_equal(&mark.identity, &first, sizeof(first));
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

    expect(pair->one->operations->app_restore(pair->one, kept, &error), CATALOGUE_CREATED, &error);

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
    expect(pair->one->operations->app_find(pair->one, &key, found, &error), CATALOGUE_OK, &error);
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

    expect(pair->one->operations->app_restore(pair->one, there, &error), CATALOGUE_OK, &error);
    expect(pair->one->operations->app_restore(pair->one, with_its_key, &error), CATALOGUE_OK,
           &error);

    expect_changes(pair->other, &revision, "");
    app_release(there);
    app_release(with_its_key);
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

    expect(status, CATALOGUE_OK, &error);
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

    expect(pair->one->operations->app_find(pair->one, &key, found, &error), CATALOGUE_ABSENT,
           &error);
    expect(pair->one->operations->app_load(pair->one, "app_b00000000000", &app, &error),
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

    expect(
        pair->one->operations->app_create(pair->one, app_id, TEXT("same id"), 1, &another, &error),
        CATALOGUE_OK, &error);
    expect(pair->one->operations->app_create(pair->one, "app_b00000000000", TEXT("same key"), 1,
                                             &own, &error),
           CATALOGUE_OK, &error);

    expect_changes(pair->one, &revision, "");
    expect(pair->one->operations->app_find(pair->one, &another, found, &error), CATALOGUE_ABSENT,
           &error);
    expect(pair->one->operations->app_find(pair->one, &own, found, &error), CATALOGUE_OK, &error);
    assert_string_equal(found, app_id);
}

static void names_are_kept_byte_by_byte(void **state)
{
    struct catalogue_pair *pair = *state;
    struct text name = TEXT("Zo\xc3\xab's \"shop\"; DROP TABLE apps; -- {x} %s \xf0\x9f\x9b\x92");
    struct key_digest key = sample_digest('a');
    struct error error = {0};

    expect(pair->one->operations->app_create(pair->one, "app_a00000000000", name, CREATED_AT_US,
                                             &key, &error),
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
        save(pair->one, app_id, saved[i], CATALOGUE_CREATED);
    }

    struct app *app = load_app(pair->other, app_id);
    assert_int_equal(policy_set_count(app->policies), ARRAY_COUNT(policies));
    for (size_t i = 0; i < ARRAY_COUNT(policies); i++) {
        const struct policy *found = policy_set_find(app->policies, &saved[i]->identity);
        assert_same_policy(found, saved[i]);
        assert_true(found->id == 0x8000000000000000 + i);
        assert_memory_equal(&found->rule.layout, &saved[i]->rule.layout, sizeof(struct digest));
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

    save(pair->one, app_id, first, CATALOGUE_CREATED);
    save(pair->other, app_id, second, CATALOGUE_OK);

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
    };
    struct catalogue_pair *pair = *state;
    const char *app_id = sample_app(pair->one, 'a');
    struct arena arena = {0};

    for (size_t i = 0; i < ARRAY_COUNT(policies); i++)
        save(pair->one, app_id, sample_policy(&arena, policies[i]), CATALOGUE_CREATED);

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
    policy->id = 11;
    save(pair->one, app_id, policy, CATALOGUE_CREATED);
    save(pair->one, app_id, policy, CATALOGUE_OK);
    save(pair->one, app_id, of_user, CATALOGUE_CREATED);

    discard(pair->other, app_id, policy, CATALOGUE_OK);
    discard(pair->one, app_id, policy, CATALOGUE_ABSENT);

    struct app *app = load_app(pair->one, app_id);
    assert_int_equal(policy_set_count(app->policies), 1);
    assert_same_policy(policy_set_at(app->policies, 0), of_user);
    app_release(app);
    policy->id = 12;
    save(pair->one, app_id, policy, CATALOGUE_CREATED);
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

    save(pair->one, "app_b00000000000", policy, CATALOGUE_ABSENT);
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

    save(pair->one, "app_a00000000000", policy, CATALOGUE_CREATED);
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
        save(pair->one, app_id, policy, CATALOGUE_CREATED);
    }
    struct policy *one_more = sample_policy(&arena, "{'route_key':'/more','rate':'5/s'}");

    save(pair->one, app_id, one_more, CATALOGUE_FULL);
    save(pair->one, app_id, policy, CATALOGUE_OK);
    discard(pair->one, app_id, policy, CATALOGUE_OK);
    save(pair->one, app_id, one_more, CATALOGUE_CREATED);

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

    save(pair->one, "app_b00000000000", policy, CATALOGUE_CREATED);
    expect_changes(pair->one, &of_one, "b");
    discard(pair->other, "app_b00000000000", policy, CATALOGUE_OK);
    save(pair->other, "app_a00000000000", policy, CATALOGUE_CREATED);
    expect_changes(pair->one, &of_one, "ba");
    expect_changes(pair->other, &of_other, "cba");
    assert_true(of_one == of_other);
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
            rival->backend, "app_a00000000000", policy, &error);
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
    save(pair->one, sample_app(pair->one, 'a'), policy, CATALOGUE_CREATED);

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

/* An app of each letter from 'b' on has a damage of its own, between two that have none. */
static void damage_apps(struct catalogue_pair *pair)
{
    sample_app(pair->one, 'a');
    for (int damage = 0; damage < DAMAGE_COUNT; damage++) {
        const char *app_id = sample_app(pair->one, (char)('b' + damage));
        pair->damage(pair, app_id, (enum catalogue_damage)damage);
    }
    sample_app(pair->one, 'z');
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
    save(pair->one, "app_b00000000000", policy, CATALOGUE_CREATED);
    expect_changes(pair->other, &revision, "ab");
    struct app *kept = load_app(pair->one, "app_b00000000000");

    expect(pair->one->operations->app_remove(pair->one, kept->id, &error), CATALOGUE_OK, &error);
    expect(pair->one->operations->app_remove(pair->one, kept->id, &error), CATALOGUE_ABSENT,
           &error);

    expect(pair->other->operations->changes(pair->other, &revision, &last, on_last, &error),
           CATALOGUE_OK, &error);
    assert_int_equal(last.count, 1);
    assert_string_equal(last.id, kept->id);
    assert_int_equal(last.state, APP_DELETED);
    assert_true(last.revision == revision);
    expect(pair->other->operations->app_find(pair->other, &key, found, &error), CATALOGUE_ABSENT,
           &error);
    expect(pair->other->operations->app_load(pair->other, kept->id, &app, &error), CATALOGUE_ABSENT,
           &error);
    expect(pair->other->operations->app_restore(pair->other, kept, &error), CATALOGUE_OK, &error);
    expect(pair->other->operations->app_load(pair->other, kept->id, &app, &error), CATALOGUE_ABSENT,
           &error);
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
        expect(pair->one->operations->app_remove(pair->one, app_id, &error), CATALOGUE_OK, &error);
    }

    struct last_seen last = {0};
    expect(pair->other->operations->changes(pair->other, &revision, &last, on_last, &error),
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

    expect(pair->one->operations->app_suspend(pair->one, app_id, true, &error), CATALOGUE_OK,
           &error);
    expect(pair->one->operations->app_suspend(pair->one, app_id, true, &error), CATALOGUE_OK,
           &error);
    expect_changes(pair->other, &revision, "a");
    struct app *app = load_app(pair->other, app_id);
    assert_int_equal(app->state, APP_SUSPENDED);
    app_release(app);

    expect(pair->one->operations->app_suspend(pair->one, app_id, false, &error), CATALOGUE_OK,
           &error);
    expect_changes(pair->other, &revision, "a");
    app = load_app(pair->other, app_id);
    assert_int_equal(app->state, APP_ACTIVE);
    app_release(app);
    expect(pair->one->operations->app_suspend(pair->one, "app_b00000000000", true, &error),
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

    expect(pair->one->operations->app_rekey(pair->one, app_id, &new, &error), CATALOGUE_OK, &error);

    expect(pair->other->operations->app_find(pair->other, &old, found, &error), CATALOGUE_ABSENT,
           &error);
    expect(pair->other->operations->app_find(pair->other, &new, found, &error), CATALOGUE_OK,
           &error);
    assert_string_equal(found, app_id);
    struct app *app = load_app(pair->other, app_id);
    assert_int_equal(app->key_count, 1);
    assert_memory_equal(&app->keys[0], &new, sizeof(new));
    app_release(app);
    expect(pair->one->operations->app_rekey(pair->one, "app_b00000000000", &new, &error),
           CATALOGUE_ABSENT, &error);
}

/* Standard error goes to a file in between. */
struct captured {
    char path[SCRATCH_PATH_BYTES];
    int standard_error;
};

static void capture_begin(struct captured *captured)
{
    scratch_file("log", "", captured->path);
    int file = open(captured->path, O_WRONLY | O_APPEND | O_CLOEXEC);
    captured->standard_error = dup(STDERR_FILENO);
    assert_true(file >= 0 && captured->standard_error >= 0);
    assert_int_equal(dup2(file, STDERR_FILENO), STDERR_FILENO);
    (void)close(file);
}

/* How often the text was written. */
static int capture_end(struct captured *captured, const char *needle)
{
    char *text = scratch_read(captured->path);
    int count = 0;

    assert_int_equal(dup2(captured->standard_error, STDERR_FILENO), STDERR_FILENO);
    (void)close(captured->standard_error);
    for (const char *at = text; (at = strstr(at, needle)) != NULL; at++)
        count++;
    free(text);
    return count;
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

    /* The one beside which there is another is whole. */
    expect(status, CATALOGUE_OK, &error);
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
    struct app *app = NULL;
    struct error error = {0};
    damage_apps(pair);

    capture_begin(&captured);
    for (int i = 0; i < 3; i++) {
        struct seen seen = {.revision = 0};
        int64_t revision = 0;
        (void)pair->other->operations->changes(pair->other, &revision, &seen, on_seen, &error);
    }
    (void)pair->other->operations->app_load(pair->other, "app_f00000000000", &app, &error);
    int count = capture_end(&captured, "stored app skipped");

    assert_null(app);
    assert_int_equal(count, DAMAGE_COUNT);
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

    expect(pair->one->operations->app_load(pair->one, app_id, &app, &error), CATALOGUE_DAMAGED,
           &error);
    assert_string_not_equal(error.message, "");
    assert_int_not_equal(pair->one->operations->policy_save(pair->one, app_id, policy, &error),
                         CATALOGUE_UNAVAILABLE);
    assert_int_not_equal(
        pair->one->operations->policy_remove(pair->one, app_id, &policy->identity, &error),
        CATALOGUE_UNAVAILABLE);
    sample_app(pair->one, 'b');
    arena_close(&arena);
}

static void a_key_whose_app_is_gone_is_free(void **state)
{
    struct catalogue_pair *pair = *state;
    struct key_digest key = sample_digest('a');
    char found[APP_ID_BYTES + 1] = "";
    struct error error = {0};
    pair->lose(pair, sample_app(pair->one, 'a'));

    expect(pair->one->operations->app_create(pair->one, "app_b00000000000", TEXT("b"), 1, &key,
                                             &error),
           CATALOGUE_CREATED, &error);

    expect(pair->one->operations->app_find(pair->one, &key, found, &error), CATALOGUE_OK, &error);
    assert_string_equal(found, "app_b00000000000");
    app_release(load_app(pair->one, found));
}

int catalogue_cases_run(CMFixtureFunction setup, CMFixtureFunction teardown)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest cases[] = {
        CASE(the_first_pepper_is_kept),
        CASE(the_first_mark_is_kept),
        CASE(an_app_is_put_back_as_it_was),
        CASE(nothing_is_put_back_over_what_is_there),
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
        CASE(no_version_is_lost_between_two_writers),
        CASE(apps_that_cannot_be_read_are_passed_over),
        CASE(what_cannot_be_read_is_logged_once_by_name),
        CASE(a_damaged_app_is_told_from_a_catalogue_that_is_away),
        CASE(a_key_whose_app_is_gone_is_free),
        CASE(a_deleted_app_is_seen_as_such_and_its_key_is_nobody_s),
        CASE(an_app_that_is_damaged_can_be_deleted),
        CASE(a_suspension_is_seen_and_lifted),
        CASE(a_new_key_takes_the_place_of_the_others),
    };
#undef CASE

    return cmocka_run_group_tests(cases, NULL, NULL);
}
