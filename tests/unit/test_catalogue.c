/* SPDX-License-Identifier: MIT
 *
 * Instances of one catalogue: what they share, how changes reach them, and what they survive. */
#include "instance.h"

#include "base/arena.h"
#include "puppet.h"
#include "sample_policy.h"
#include "support/cmocka.h"
#include "support/redis_group.h"
#include "support/topologies.h"
#include "support/wait.h"

#include <pthread.h>
#include <sodium.h>

static void instances_of_one_catalogue_share_the_pepper(void **state)
{
    (void)state;
    char path[INSTANCE_PATH_BYTES];
    instance_new_file(path);
    struct instance one = instance_open_file(path);
    struct instance other = instance_open_file(path);

    assert_null(app_index_pepper(one.index));
    instance_start(&one);
    instance_start(&other);

    assert_memory_equal(app_index_pepper(one.index), app_index_pepper(other.index),
                        sizeof(struct pepper));
    assert_memory_equal(app_index_subject_key(one.index), app_index_subject_key(other.index),
                        sizeof(struct digest_key));
    instance_close(&one);
    instance_close(&other);
}

static void a_configured_pepper_is_used(void **state)
{
    (void)state;
    const struct pepper pepper = {.bytes = {7}};
    struct puppet *puppet = puppet_new();
    struct instance instance = instance_new(&puppet->backend, &pepper);

    instance_start(&instance);

    assert_memory_equal(app_index_pepper(instance.index), &pepper, sizeof(pepper));
    instance_close(&instance);
}

static void a_created_app_is_published_before_the_answer(void **state)
{
    (void)state;
    char path[INSTANCE_PATH_BYTES];
    instance_new_file(path);
    struct instance instance = instance_open_file(path);
    instance_start(&instance);
    struct catalogue_job job = {.kind = CATALOGUE_APP_CREATE,
                                .app_id = INSTANCE_APP_ID,
                                .name = TEXT("shop"),
                                .created_at_us = 1,
                                .key = instance_key('a')};

    assert_int_equal(instance_ask(&instance, &job), CATALOGUE_CREATED);

    struct app *app = app_index_find(instance.index, &job.key);
    assert_non_null(app);
    assert_ptr_equal(app, job.app);
    assert_true(text_equal(app->name, TEXT("shop")));
    app_release(app);
    app_release(job.app);
    assert_int_equal(instance_create(&instance), CATALOGUE_OK);
    instance_close(&instance);
}

static void a_key_registered_elsewhere_is_found_at_once(void **state)
{
    (void)state;
    char path[INSTANCE_PATH_BYTES];
    instance_new_file(path);
    struct instance one = instance_open_file(path);
    struct instance other = instance_open_file(path);
    instance_start(&one);
    instance_start(&other);

    assert_int_equal(instance_look_up(&other, 'a'), CATALOGUE_ABSENT);
    assert_int_equal(instance_create(&one), CATALOGUE_CREATED);

    assert_int_equal(instance_look_up(&other, 'a'), CATALOGUE_OK);
    assert_int_equal(app_index_count(other.index), 1);
    instance_close(&one);
    instance_close(&other);
}

static void renew(struct instance *instance)
{
    const struct key_digest key = instance_key(INSTANCE_APP_KEY);
    struct app *app = app_index_find(instance->index, &key);
    struct catalogue_job job = {
        .kind = CATALOGUE_APP_RENEW, .app_id = INSTANCE_APP_ID, .revision = app->revision};

    app_release(app);
    assert_int_equal(instance_ask(instance, &job), CATALOGUE_OK);
}

static void expect_renewals_to_bring_what_was_saved(struct instance *one, struct instance *other)
{
    enum { ROUNDS = 50 };
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    instance_start(one);
    instance_start(other);
    assert_int_equal(instance_create(one), CATALOGUE_CREATED);
    assert_int_equal(instance_look_up(other, INSTANCE_APP_KEY), CATALOGUE_OK);

    for (int64_t version = 1; version <= ROUNDS; version++) {
        (void)instance_save(one, policy);
        renew(other);
        assert_int_equal(instance_version(other, policy), version);
    }

    arena_close(&arena);
    instance_close(one);
    instance_close(other);
}

static void a_policy_saved_elsewhere_is_there_after_a_renewal(void **state)
{
    (void)state;
    char path[INSTANCE_PATH_BYTES];
    instance_new_file(path);
    struct instance file_one = instance_open_file(path);
    struct instance file_other = instance_open_file(path);
    expect_renewals_to_bring_what_was_saved(&file_one, &file_other);

    struct instance redis_one = instance_open_redis(server);
    struct instance redis_other = instance_open_redis(server);
    expect_renewals_to_bring_what_was_saved(&redis_one, &redis_other);
}

static void an_app_that_was_deleted_elsewhere_is_unknown_after_a_renewal(void **state)
{
    (void)state;
    struct error error = {0};
    struct instance instance = instance_open_redis(server);
    struct catalogue_job job = {.kind = CATALOGUE_APP_RENEW, .app_id = INSTANCE_APP_ID};
    const struct key_digest key = instance_key(INSTANCE_APP_KEY);
    instance_start(&instance);
    assert_int_equal(instance_create(&instance), CATALOGUE_CREATED);
    struct catalogue_backend *elsewhere =
        catalogue_redis_new(topology_at(redis_server_unix_url(server)));

    assert_int_equal(elsewhere->operations->app_remove(elsewhere, INSTANCE_APP_ID, &error),
                     CATALOGUE_OK);

    assert_int_equal(instance_ask(&instance, &job), CATALOGUE_ABSENT);
    assert_true(job.is_in_vain);
    assert_null(app_index_find(instance.index, &key));
    elsewhere->operations->free(elsewhere);
    instance_close(&instance);
}

/* As if the app's keys had been damaged while one was replaced. */
static void a_key_that_its_app_no_longer_has_is_unknown(void **state)
{
    (void)state;
    char hex[2 * KEY_DIGEST_BYTES + 1];
    const struct key_digest new = instance_key('n');
    struct instance one = instance_open_redis(server);
    instance_start(&one);
    assert_int_equal(instance_create(&one), CATALOGUE_CREATED);
    instance_close(&one);
    (void)sodium_bin2hex(hex, sizeof(hex), new.bytes, sizeof(new.bytes));

    (void)redis_server_command(server, "HSET sluice:{catalogue}:app:%s keys %s", INSTANCE_APP_ID,
                               hex);

    struct instance other = instance_open_redis(server);
    instance_start(&other);
    assert_int_equal(instance_look_up(&other, INSTANCE_APP_KEY), CATALOGUE_ABSENT);
    assert_int_equal(instance_look_up(&other, 'n'), CATALOGUE_OK);
    instance_close(&other);
}

static void a_changed_policy_is_published_before_the_answer(void **state)
{
    (void)state;
    char path[INSTANCE_PATH_BYTES];
    instance_new_file(path);
    struct instance instance = instance_open_file(path);
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    struct catalogue_job delete_job = {
        .kind = CATALOGUE_POLICY_REMOVE, .app_id = INSTANCE_APP_ID, .identity = policy->identity};
    instance_start(&instance);
    assert_int_equal(instance_save(&instance, policy), CATALOGUE_ABSENT);
    assert_int_equal(instance_create(&instance), CATALOGUE_CREATED);

    for (int64_t version = 1; version <= 5; version++) {
        enum catalogue_status expected = version == 1 ? CATALOGUE_CREATED : CATALOGUE_OK;
        assert_int_equal(instance_save(&instance, policy), expected);
        assert_int_equal(policy->version, version);
        assert_int_equal(instance_version(&instance, policy), version);
    }
    assert_true(policy->id != 0);
    assert_int_equal(instance_ask(&instance, &delete_job), CATALOGUE_OK);
    assert_int_equal(instance_version(&instance, policy), 0);
    assert_int_equal(instance_ask(&instance, &delete_job), CATALOGUE_ABSENT);

    arena_close(&arena);
    instance_close(&instance);
}

static void expect_changes_to_spread(struct instance *one, struct instance *other)
{
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    instance_start(one);
    instance_start(other);

    assert_int_equal(instance_create(one), CATALOGUE_CREATED);
    WAIT_FOR (INSTANCE_PATIENCE_S, app_index_count(other->index) == 1)
        ;
    assert_int_equal(instance_save(other, policy), CATALOGUE_CREATED);
    WAIT_FOR (INSTANCE_PATIENCE_S, instance_version(one, policy) == 1)
        ;
    assert_int_equal(instance_save(one, policy), CATALOGUE_OK);
    WAIT_FOR (INSTANCE_PATIENCE_S, instance_version(other, policy) == 2)
        ;

    arena_close(&arena);
    instance_close(one);
    instance_close(other);
}

static void changes_spread_through_a_file(void **state)
{
    (void)state;
    char path[INSTANCE_PATH_BYTES];
    instance_new_file(path);
    struct instance one = instance_open_file(path);
    struct instance other = instance_open_file(path);

    expect_changes_to_spread(&one, &other);
}

static void changes_spread_through_redis(void **state)
{
    (void)state;
    struct instance one = instance_open_redis(server);
    struct instance other = instance_open_redis(server);

    expect_changes_to_spread(&one, &other);
}

static void all_apps_are_there_after_a_restart(void **state)
{
    (void)state;
    char path[INSTANCE_PATH_BYTES];
    instance_new_file(path);
    struct instance before = instance_open_file(path);
    instance_start(&before);
    assert_int_equal(instance_create(&before), CATALOGUE_CREATED);
    instance_close(&before);

    struct instance after = instance_open_file(path);
    instance_start(&after);

    assert_int_equal(app_index_count(after.index), 1);
    instance_close(&after);
}

static void a_killed_redis_is_survived(void **state)
{
    (void)state;
    struct instance instance = instance_open_redis(server);
    instance_start(&instance);
    assert_int_equal(instance_create(&instance), CATALOGUE_CREATED);

    redis_server_kill(server);
    assert_int_equal(instance_look_up(&instance, 'b'), CATALOGUE_UNAVAILABLE);
    WAIT_FOR (INSTANCE_PATIENCE_S, !catalogue_is_ready(instance.catalogue))
        ;
    assert_int_equal(instance_look_up(&instance, 'b'), CATALOGUE_UNAVAILABLE);
    assert_int_equal(app_index_count(instance.index), 1);

    redis_server_restart(server);
    WAIT_FOR (INSTANCE_PATIENCE_S, catalogue_is_ready(instance.catalogue))
        ;
    assert_int_equal(instance_look_up(&instance, 'b'), CATALOGUE_ABSENT);
    instance_close(&instance);
}

static void a_hanging_redis_is_survived(void **state)
{
    (void)state;
    struct instance instance = instance_open_redis(server);
    instance_start(&instance);
    assert_int_equal(instance_create(&instance), CATALOGUE_CREATED);

    redis_server_pause(server);
    enum catalogue_status while_hanging = instance_look_up(&instance, 'b');
    redis_server_continue(server);

    assert_int_equal(while_hanging, CATALOGUE_UNAVAILABLE);
    WAIT_FOR (INSTANCE_PATIENCE_S, instance_look_up(&instance, 'b') == CATALOGUE_ABSENT)
        ;
    assert_int_equal(instance_look_up(&instance, 'a'), CATALOGUE_OK);
    instance_close(&instance);
}

/* A worker that looks an app up again and again, while the app is changed. */
struct reader {
    struct app_index *index;
    atomic_bool is_stopping;
    const char *complaint; /* NULL: every value was whole, and no older than the one before */
};

static void *reader_run(void *context)
{
    struct reader *reader = context;
    struct key_digest key = instance_key('a');
    int64_t newest = 0;

    while (!atomic_load(&reader->is_stopping)) {
        struct app *app = app_index_find(reader->index, &key);

        if (app == NULL || app->revision < newest)
            reader->complaint = "the app was lost or came back older";
        else
            newest = app->revision;
        for (size_t i = 0; app != NULL && i < policy_set_count(app->policies); i++) {
            if (policy_set_at(app->policies, i)->rule.limit_count != 1)
                reader->complaint = "a policy was not whole";
        }
        app_release(app);
    }
    return NULL;
}

static void policies_change_while_workers_read_them(void **state)
{
    enum { ROUNDS = 50 };
    (void)state;
    char path[INSTANCE_PATH_BYTES];
    instance_new_file(path);
    struct instance instance = instance_open_file(path);
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    struct reader reader = {.index = instance.index};
    pthread_t thread;
    instance_start(&instance);
    assert_int_equal(instance_create(&instance), CATALOGUE_CREATED);
    assert_int_equal(pthread_create(&thread, NULL, reader_run, &reader), 0);

    for (int i = 0; i < ROUNDS; i++) {
        enum catalogue_status expected = i == 0 ? CATALOGUE_CREATED : CATALOGUE_OK;
        assert_int_equal(instance_save(&instance, policy), expected);
    }

    atomic_store(&reader.is_stopping, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_null(reader.complaint);
    arena_close(&arena);
    instance_close(&instance);
}

int main(void)
{
#define WITH_REDIS(name) cmocka_unit_test_setup(name, redis_group_empty)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instances_of_one_catalogue_share_the_pepper),
        cmocka_unit_test(a_configured_pepper_is_used),
        cmocka_unit_test(a_created_app_is_published_before_the_answer),
        cmocka_unit_test(a_key_registered_elsewhere_is_found_at_once),
        WITH_REDIS(a_policy_saved_elsewhere_is_there_after_a_renewal),
        WITH_REDIS(an_app_that_was_deleted_elsewhere_is_unknown_after_a_renewal),
        cmocka_unit_test(a_changed_policy_is_published_before_the_answer),
        cmocka_unit_test(changes_spread_through_a_file),
        WITH_REDIS(a_key_that_its_app_no_longer_has_is_unknown),
        WITH_REDIS(changes_spread_through_redis),
        cmocka_unit_test(all_apps_are_there_after_a_restart),
        WITH_REDIS(a_killed_redis_is_survived),
        WITH_REDIS(a_hanging_redis_is_survived),
        cmocka_unit_test(policies_change_while_workers_read_them),
    };
#undef WITH_REDIS

    return cmocka_run_group_tests(tests, redis_group_open, redis_group_close);
}
