/* SPDX-License-Identifier: MIT */
#include "catalogue/provisioning.h"

#include "auth/api_key.h"
#include "base/arena.h"
#include "instance.h"
#include "sample_policy.h"
#include "support/cmocka.h"
#include "support/redis_group.h"
#include "support/wait.h"

/* An app that the configuration declares. */
struct declaration {
    struct arena arena;
    char api_key[API_KEY_BYTES + 1];
    struct policy *policies[2];
    struct catalogue_provision provision;
};

static void declaration_open(struct declaration *declaration)
{
    *declaration = (struct declaration){0};
    api_key_generate(declaration->api_key);
    declaration->policies[0] =
        sample_policy(&declaration->arena, "{'route_key':'/a','rate':'5/s','description':'A'}");
    declaration->policies[1] = sample_policy(
        &declaration->arena,
        "{'route_key':'/"
        "b','role':'gold','subject':{'ip':'2001:DB8::7'},'limits':[{'name':'x','rate':'5/s'},"
        "{'name':'y','rate':'100/h'}],'mode':'shadow'}");
    declaration->provision = (struct catalogue_provision){.app_id = INSTANCE_APP_ID,
                                                          .name = TEXT("declared"),
                                                          .api_key = declaration->api_key,
                                                          .policies = declaration->policies,
                                                          .policy_count = 2};
}

static void provision(struct instance *instance, const struct declaration *declaration)
{
    catalogue_provision(instance->catalogue, &declaration->provision, 1);
}

/* Finds the app by the digest that authentication computes. It has the id of its first declaration.
 * NULL: it is not in the index yet. */
static struct app *declared_app(struct instance *instance, const struct declaration *declaration)
{
    const struct pepper *pepper = app_index_pepper(instance->index);

    if (pepper == NULL)
        return NULL;
    struct key_digest digest = key_digest_of(pepper, text_of(declaration->api_key));
    struct app *app = app_index_find(instance->index, &digest);
    if (app != NULL)
        assert_string_equal(app->id, INSTANCE_APP_ID);
    return app;
}

/* Like instance_version(). */
static int64_t declared_version(struct instance *instance, const struct declaration *declaration,
                                const struct policy *policy)
{
    return instance_version_take(declared_app(instance, declaration), policy);
}

static void a_declared_app_is_created_with_its_policies(void **state)
{
    (void)state;
    char path[INSTANCE_PATH_BYTES];
    instance_new_file(path);
    struct instance instance = instance_open_file(path);
    struct declaration declaration;
    declaration_open(&declaration);

    provision(&instance, &declaration);
    instance_start(&instance);

    struct app *app = declared_app(&instance, &declaration);
    assert_non_null(app);
    assert_true(text_equal(app->name, TEXT("declared")));
    assert_int_equal(policy_set_count(app->policies), 2);
    for (size_t i = 0; i < 2; i++) {
        const struct policy *policy = declaration.policies[i];
        assert_same_policy(policy_set_find(app->policies, &policy->identity), policy);
    }
    app_release(app);
    arena_close(&declaration.arena);
    instance_close(&instance);
}

static void declaring_again_saves_only_what_differs(void **state)
{
    (void)state;
    char path[INSTANCE_PATH_BYTES];
    instance_new_file(path);
    struct instance instance = instance_open_file(path);
    struct declaration declaration;
    declaration_open(&declaration);
    struct policy *unnamed = sample_policy(&declaration.arena, "{'route_key':'/c','rate':'9/s'}");
    provision(&instance, &declaration);
    instance_start(&instance);
    assert_int_equal(instance_save(&instance, unnamed), CATALOGUE_CREATED);
    instance_close(&instance);

    instance = instance_open_file(path);
    memcpy(declaration.provision.app_id, "app_b00000000000", APP_ID_BYTES);
    declaration.policies[1] = sample_policy(
        &declaration.arena,
        "{'route_key':'/"
        "b','role':'gold','subject':{'ip':'2001:DB8::7'},'limits':[{'name':'x','rate':'5/s'},"
        "{'name':'y','rate':'200/h'}],'mode':'shadow'}");
    provision(&instance, &declaration);
    instance_start(&instance);

    assert_int_equal(app_index_count(instance.index), 1);
    assert_int_equal(declared_version(&instance, &declaration, declaration.policies[0]), 1);
    assert_int_equal(declared_version(&instance, &declaration, declaration.policies[1]), 2);
    assert_int_equal(declared_version(&instance, &declaration, unnamed), 1);
    arena_close(&declaration.arena);
    instance_close(&instance);
}

static void a_declaration_takes_effect_while_running(void **state)
{
    (void)state;
    char path[INSTANCE_PATH_BYTES];
    instance_new_file(path);
    struct instance instance = instance_open_file(path);
    struct declaration declaration;
    declaration_open(&declaration);
    instance_start(&instance);

    provision(&instance, &declaration);

    WAIT_FOR (INSTANCE_PATIENCE_S,
              declared_version(&instance, &declaration, declaration.policies[1]) == 1)
        ;
    declaration.policies[0] =
        sample_policy(&declaration.arena, "{'route_key':'/a','rate':'6/s','description':'A'}");
    provision(&instance, &declaration);
    WAIT_FOR (INSTANCE_PATIENCE_S,
              declared_version(&instance, &declaration, declaration.policies[0]) == 2)
        ;
    assert_int_equal(declared_version(&instance, &declaration, declaration.policies[1]), 1);
    arena_close(&declaration.arena);
    instance_close(&instance);
}

static void a_declaration_waits_for_the_backend(void **state)
{
    (void)state;
    struct declaration declaration;
    declaration_open(&declaration);
    redis_server_kill(server);
    struct instance instance = instance_open_redis(server);
    struct instance never_started = instance_open_redis(server);

    provision(&never_started, &declaration);
    provision(&instance, &declaration);
    catalogue_start(instance.catalogue);
    assert_int_equal(instance_look_up(&instance, 'a'), CATALOGUE_UNAVAILABLE);
    redis_server_restart(server);

    WAIT_FOR (INSTANCE_PATIENCE_S,
              declared_version(&instance, &declaration, declaration.policies[1]) == 1)
        ;
    arena_close(&declaration.arena);
    instance_close(&instance);
    instance_close(&never_started);
}

static void instances_with_the_same_declaration_make_one_app(void **state)
{
    (void)state;
    struct instance one = instance_open_redis(server);
    struct instance other = instance_open_redis(server);
    struct declaration declaration;
    declaration_open(&declaration);

    provision(&one, &declaration);
    memcpy(declaration.provision.app_id, "app_b00000000000", APP_ID_BYTES);
    provision(&other, &declaration);
    catalogue_start(one.catalogue);
    catalogue_start(other.catalogue);

    WAIT_FOR (INSTANCE_PATIENCE_S, catalogue_is_ready(one.catalogue))
        ;
    WAIT_FOR (INSTANCE_PATIENCE_S, catalogue_is_ready(other.catalogue))
        ;
    const redisReply *apps = redis_server_command(server, "ZCARD sluice:{catalogue}:apps");
    assert_int_equal(apps->integer, 1);
    arena_close(&declaration.arena);
    instance_close(&one);
    instance_close(&other);
}

/* With another id, as after each reading of the configuration. */
static void a_declared_app_whose_hash_is_gone_is_made_again(void **state)
{
    (void)state;
    struct instance instance = instance_open_redis(server);
    struct declaration declaration;
    declaration_open(&declaration);
    provision(&instance, &declaration);
    instance_start(&instance);
    instance_close(&instance);

    (void)redis_server_command(server, "DEL sluice:{catalogue}:app:%s", INSTANCE_APP_ID);
    instance = instance_open_redis(server);
    (void)snprintf(declaration.provision.app_id, sizeof(declaration.provision.app_id), "%s",
                   "app_b00000000000");
    provision(&instance, &declaration);
    instance_start(&instance);

    const struct key_digest digest =
        key_digest_of(app_index_pepper(instance.index), text_of(declaration.api_key));
    struct app *app = app_index_find(instance.index, &digest);
    assert_non_null(app);
    assert_string_equal(app->id, "app_b00000000000");
    assert_int_equal(instance_version_take(app, declaration.policies[0]), 1);
    arena_close(&declaration.arena);
    instance_close(&instance);
}

static void what_is_declared_takes_the_place_of_what_is_not_yet_applied(void **state)
{
    (void)state;
    char path[INSTANCE_PATH_BYTES];
    instance_new_file(path);
    struct instance instance = instance_open_file(path);
    struct declaration earlier;
    struct declaration later;
    declaration_open(&earlier);
    declaration_open(&later);
    memcpy(earlier.provision.app_id, "app_b00000000000", APP_ID_BYTES);

    for (int i = 0; i < 3; i++)
        provision(&instance, &earlier);
    provision(&instance, &later);
    instance_start(&instance);

    assert_int_equal(app_index_count(instance.index), 1);
    assert_null(declared_app(&instance, &earlier));
    assert_int_equal(declared_version(&instance, &later, later.policies[0]), 1);
    arena_close(&earlier.arena);
    arena_close(&later.arena);
    instance_close(&instance);
}

static void a_declared_app_that_cannot_be_read_keeps_no_other_out(void **state)
{
    (void)state;
    struct instance instance = instance_open_redis(server);
    struct declaration damaged;
    struct declaration whole;
    declaration_open(&damaged);
    declaration_open(&whole);
    provision(&instance, &damaged);
    instance_start(&instance);
    instance_close(&instance);

    (void)redis_server_command(server, "SET sluice:{catalogue}:app:%s text", INSTANCE_APP_ID);
    memcpy(whole.provision.app_id, "app_b00000000000", APP_ID_BYTES);
    const struct catalogue_provision both[] = {damaged.provision, whole.provision};
    instance = instance_open_redis(server);
    catalogue_provision(instance.catalogue, both, ARRAY_COUNT(both));
    instance_start(&instance);

    assert_int_equal(app_index_count(instance.index), 1);
    arena_close(&damaged.arena);
    arena_close(&whole.arena);
    instance_close(&instance);
}

static void no_api_key_is_stored_in_clear(void **state)
{
    (void)state;
    char path[INSTANCE_PATH_BYTES];
    char secret[33] = "";
    instance_new_file(path);
    struct instance in_file = instance_open_file(path);
    struct instance in_redis = instance_open_redis(server);
    struct declaration declaration;
    declaration_open(&declaration);
    memcpy(secret, declaration.api_key + 17, 32);

    provision(&in_file, &declaration);
    provision(&in_redis, &declaration);
    instance_start(&in_file);
    instance_start(&in_redis);

    *strrchr(path, '/') = '\0';
    assert_true(scratch_contains(path, "declared"));
    assert_false(scratch_contains(path, secret));
    assert_true(redis_server_contains(server, "declared"));
    assert_false(redis_server_contains(server, secret));
    arena_close(&declaration.arena);
    instance_close(&in_file);
    instance_close(&in_redis);
}

/* A new instance declares the same app with another id. */
static struct instance open_again(struct instance *instance, struct declaration *declaration)
{
    instance_close(instance);
    struct instance next = instance_open_redis(server);

    memcpy(declaration->provision.app_id, "app_b00000000000", APP_ID_BYTES);
    provision(&next, declaration);
    instance_start(&next);
    return next;
}

static void what_finds_apps_by_their_keys_may_be_lost(void **state)
{
    (void)state;
    struct instance instance = instance_open_redis(server);
    struct declaration declaration;
    declaration_open(&declaration);
    provision(&instance, &declaration);
    instance_start(&instance);

    (void)redis_server_command(server, "DEL sluice:{catalogue}:keys");
    instance = open_again(&instance, &declaration);

    assert_int_equal(app_index_count(instance.index), 1);
    app_release(declared_app(&instance, &declaration));
    arena_close(&declaration.arena);
    instance_close(&instance);
}

static void a_key_that_its_app_no_longer_has_is_free(void **state)
{
    (void)state;
    struct instance instance = instance_open_redis(server);
    struct declaration declaration;
    declaration_open(&declaration);
    provision(&instance, &declaration);
    instance_start(&instance);

    (void)redis_server_command(server, "EVAL %s 1 sluice:{catalogue}:app:%s",
                               "redis.call('HSET', KEYS[1], 'keys', string.rep('a', 64))",
                               INSTANCE_APP_ID);
    instance = open_again(&instance, &declaration);

    assert_int_equal(app_index_count(instance.index), 2);
    arena_close(&declaration.arena);
    instance_close(&instance);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, redis_group_empty)
    const struct CMUnitTest tests[] = {
        TEST(a_declared_app_is_created_with_its_policies),
        TEST(declaring_again_saves_only_what_differs),
        TEST(a_declaration_takes_effect_while_running),
        cmocka_unit_test(what_is_declared_takes_the_place_of_what_is_not_yet_applied),
        TEST(a_declaration_waits_for_the_backend),
        TEST(instances_with_the_same_declaration_make_one_app),
        TEST(a_declared_app_whose_hash_is_gone_is_made_again),
        TEST(a_declared_app_that_cannot_be_read_keeps_no_other_out),
        TEST(no_api_key_is_stored_in_clear),
        TEST(what_finds_apps_by_their_keys_may_be_lost),
        TEST(a_key_that_its_app_no_longer_has_is_free),
    };
#undef TEST

    return cmocka_run_group_tests(tests, redis_group_open, redis_group_close);
}
