/* SPDX-License-Identifier: MIT
 *
 * A catalogue that is no longer the one that the instances know. */
#include "base/arena.h"
#include "loss.h"
#include "sample_policy.h"
#include "support/cmocka.h"
#include "support/redis_group.h"
#include "support/wait.h"

#include <stdatomic.h>

static struct catalogue_backend *new_backend(void)
{
    struct redis_url url;
    struct error error = {0};

    assert_true(redis_url_parse(text_of(redis_server_unix_url(server)), &url, &error));
    return catalogue_redis_new(&url);
}

/* Scripts that Redis has run. */
static long long scripts_run(void)
{
    const redisReply *reply = redis_server_command(server, "INFO commandstats");
    const char *at = strstr(reply->str, "cmdstat_eval:calls=");

    return at == NULL ? 0 : strtoll(at + strlen("cmdstat_eval:calls="), NULL, 10);
}

static void wait_until(const struct instance *instance, enum catalogue_continuity continuity)
{
    WAIT_FOR (INSTANCE_PATIENCE_S, catalogue_continuity(instance->catalogue) == continuity)
        ;
}

static void a_flushed_redis_gets_back_what_was_there(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    struct instance instance = loss_start_instance(policy);

    (void)redis_server_command(server, "FLUSHALL");
    loss_wait_until_whole(&instance, 1);

    loss_expect_all_there(&instance, policy);
    assert_int_equal(instance_save(&instance, policy), CATALOGUE_OK);
    assert_int_equal(policy->version, 2);
    arena_close(&arena);
    instance_close(&instance);
}

/* A lock that would never expire, or not for days, is nobody's. */
static void a_lock_of_a_stranger_does_not_keep_it_from_being_put_back(void **state)
{
    static const char *const locks[] = {"'SET', KEYS[1], '1'", "'LPUSH', KEYS[1], '1'",
                                        "'SET', KEYS[1], '1', 'EX', '86400'"};

    (void)state;
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    struct instance instance = loss_start_instance(policy);

    for (unsigned i = 0; i < ARRAY_COUNT(locks); i++) {
        char script[128];

        (void)snprintf(script, sizeof(script), "redis.call('FLUSHALL') redis.call(%s)", locks[i]);
        (void)redis_server_command(server, "EVAL %s 1 sluice:{catalogue}:restoring", script);
        loss_wait_until_whole(&instance, i + 1);
        loss_expect_all_there(&instance, policy);
    }
    arena_close(&arena);
    instance_close(&instance);
}

static void what_is_lost_is_not_called_absent_before_the_loss_is_noticed(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    struct instance instance = loss_start_instance(policy);

    for (unsigned i = 1; i <= 3; i++) {
        (void)redis_server_command(server, "FLUSHALL");
        assert_int_not_equal(instance_save(&instance, policy), CATALOGUE_ABSENT);
        (void)redis_server_command(server, "FLUSHALL");
        assert_int_not_equal(instance_look_up(&instance, 'b'), CATALOGUE_ABSENT);
        loss_wait_until_whole(&instance, catalogue_losses(instance.catalogue));
    }
    assert_int_equal(instance_look_up(&instance, 'b'), CATALOGUE_ABSENT);
    arena_close(&arena);
    instance_close(&instance);
}

static void a_pepper_or_identity_that_is_damaged_is_put_back(void **state)
{
    static const char *const keys[] = {LOSS_PEPPER, LOSS_IDENTITY};
    static const char *const damages[] = {"'SET', KEYS[1], 'abcde'", "'SADD', KEYS[1], 'x'"};

    (void)state;
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    struct instance instance = loss_start_instance(policy);
    const long long lengths[] = {sizeof(struct pepper), sizeof(struct catalogue_identity)};

    for (size_t i = 0; i < ARRAY_COUNT(keys) * ARRAY_COUNT(damages); i++) {
        const char *key = keys[i / ARRAY_COUNT(damages)];
        char script[128];
        (void)snprintf(script, sizeof(script), "redis.call('DEL', KEYS[1]) redis.call(%s)",
                       damages[i % ARRAY_COUNT(damages)]);
        (void)redis_server_command(server, "EVAL %s 1 %s", script, key);
        WAIT_FOR (INSTANCE_PATIENCE_S,
                  redis_server_command(server, "EVAL %s 1 %s",
                                       "local is = redis.pcall('STRLEN', KEYS[1]) "
                                       "return type(is) == 'number' and is or 0",
                                       key)
                          ->integer == lengths[i / ARRAY_COUNT(damages)])
            ;
        loss_expect_all_there(&instance, policy);
    }
    arena_close(&arena);
    instance_close(&instance);
}

/* Nobody is left who knows it, and one that is made anew would make all keys unknown. */
static void who_has_no_pepper_does_not_replace_a_damaged_one(void **state)
{
    (void)state;
    struct error error = {0};
    struct instance instance = instance_open_redis(server);
    (void)redis_server_command(server, "SET " LOSS_PEPPER " abcde");
    struct catalogue_backend *backend = new_backend();
    assert_true(catalogue_admits(backend, NULL, &error));
    const long long before = scripts_run();

    catalogue_start(instance.catalogue);
    WAIT_FOR (INSTANCE_PATIENCE_S, scripts_run() >= before + 3)
        ;

    assert_false(catalogue_is_ready(instance.catalogue));
    assert_string_equal(redis_server_command(server, "GET " LOSS_PEPPER)->str, "abcde");
    backend->operations->free(backend);
    instance_close(&instance);
}

static void a_damaged_pepper_in_the_file_is_put_back(void **state)
{
    (void)state;
    char path[INSTANCE_PATH_BYTES];
    instance_new_file(path);
    struct instance instance = instance_open_file(path);
    instance_start(&instance);
    assert_int_equal(instance_create(&instance), CATALOGUE_CREATED);

    loss_run_sql(path, "UPDATE settings SET value = 'abcde' WHERE name = 'pepper'");
    struct instance fresh = instance_open_file(path);
    instance_start(&fresh);

    assert_memory_equal(app_index_pepper(fresh.index), app_index_pepper(instance.index),
                        sizeof(struct pepper));
    assert_int_equal(catalogue_losses(instance.catalogue), 0);
    instance_close(&fresh);
    instance_close(&instance);
}

/* As when somebody uses a key of ours for himself. */
static void what_stands_in_the_way_of_putting_it_back_is_replaced(void **state)
{
    static const char *const keys[] = {"revision",
                                       "apps",
                                       "keys",
                                       "history",
                                       "deleted",
                                       "app:" INSTANCE_APP_ID,
                                       "policies:" INSTANCE_APP_ID};

    (void)state;
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    struct instance instance = loss_start_instance(policy);
    app_index_publish_give(instance.index, app_new_deleted("app_d00000000000", 1));

    for (unsigned i = 0; i < ARRAY_COUNT(keys); i++) {
        (void)redis_server_command(server, "EVAL %s 1 sluice:{catalogue}:%s",
                                   "redis.call('FLUSHALL') redis.call('SADD', KEYS[1], 'x')",
                                   keys[i]);
        loss_wait_until_whole(&instance, i + 1);
        loss_expect_all_there(&instance, policy);
    }
    arena_close(&arena);
    instance_close(&instance);
}

/* The backend says of the first attempts that what is stored cannot be read. */
static struct catalogue_operations refusing;
static catalogue_app_restore_fn *real_app_restore;
static atomic_int refusals;

static enum catalogue_status app_restore_refused(struct catalogue_backend *backend,
                                                 const struct app *app, struct error *error)
{
    if (atomic_fetch_sub(&refusals, 1) <= 0)
        return real_app_restore(backend, app, error);
    (void)error_set(error, "what is there cannot be read");
    return CATALOGUE_DAMAGED;
}

static void what_cannot_be_put_back_is_kept_and_tried_again(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    struct policy saved = *policy;
    struct catalogue_backend *backend = new_backend();
    refusing = *backend->operations;
    real_app_restore = refusing.app_restore;
    refusing.app_restore = app_restore_refused;
    backend->operations = &refusing;
    struct instance instance = instance_new(backend, NULL);
    instance_start(&instance);
    assert_int_equal(instance_create(&instance), CATALOGUE_CREATED);
    assert_int_equal(instance_save(&instance, &saved), CATALOGUE_CREATED);

    atomic_store(&refusals, 2);
    (void)redis_server_command(server, "FLUSHALL");
    loss_wait_until_whole(&instance, 1);

    assert_true(atomic_load(&refusals) < 0);
    loss_expect_all_there(&instance, policy);
    arena_close(&arena);
    instance_close(&instance);
}

/* The first apps go back, and the last one does not as long as the test keeps it. */
static atomic_bool keeps_last;
static atomic_int put_back;

static enum catalogue_status app_restore_stuck(struct catalogue_backend *backend,
                                               const struct app *app, struct error *error)
{
    if (atomic_load(&keeps_last) && atomic_load(&put_back) > 0) {
        (void)error_set(error, "not yet");
        return CATALOGUE_UNAVAILABLE;
    }
    atomic_fetch_add(&put_back, 1);
    return real_app_restore(backend, app, error);
}

static void what_is_deleted_while_apps_are_put_back_is_gone_at_once(void **state)
{
    (void)state;
    struct error error = {0};
    struct catalogue_backend *backend = new_backend();
    refusing = *backend->operations;
    real_app_restore = refusing.app_restore;
    refusing.app_restore = app_restore_stuck;
    backend->operations = &refusing;
    struct instance instance = instance_new(backend, NULL);
    instance_start(&instance);
    loss_publish_app(&instance, "app_x00000000000", 'x');
    loss_publish_app(&instance, "app_y00000000000", 'y');
    struct catalogue_backend *administrator = new_backend();

    atomic_store(&put_back, 0);
    atomic_store(&keeps_last, true);
    (void)redis_server_command(server, "FLUSHALL");
    WAIT_FOR (INSTANCE_PATIENCE_S, atomic_load(&put_back) == 1)
        ;
    const bool has_x =
        redis_server_command(server, "EXISTS sluice:{catalogue}:app:app_x00000000000")->integer ==
        1;
    assert_int_equal(administrator->operations->app_remove(
                         administrator, has_x ? "app_x00000000000" : "app_y00000000000", &error),
                     CATALOGUE_OK);

    WAIT_FOR (INSTANCE_PATIENCE_S, app_index_count(instance.index) == 1)
        ;
    assert_int_equal(catalogue_continuity(instance.catalogue), CATALOGUE_LOST);
    atomic_store(&keeps_last, false);
    loss_wait_until_whole(&instance, 1);
    assert_int_equal(app_index_count(instance.index), 1);
    administrator->operations->free(administrator);
    instance_close(&instance);
}

/* It would answer 401 for the keys that are not yet back. */
static void who_starts_while_apps_are_put_back_is_not_ready(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    struct instance instance = loss_start_instance(policy);
    struct catalogue_backend *restorer = new_backend();
    struct error error = {0};
    assert_int_equal(restorer->operations->restore_begin(restorer, "host:1:a", &error),
                     CATALOGUE_CREATED);
    struct instance fresh = instance_open_redis(server);
    const long long before = scripts_run();

    catalogue_start(fresh.catalogue);
    WAIT_FOR (INSTANCE_PATIENCE_S, scripts_run() >= before + 10)
        ;

    assert_false(catalogue_is_ready(fresh.catalogue));
    assert_false(catalogue_serves(fresh.catalogue));
    assert_true(catalogue_is_ready(instance.catalogue));
    restorer->operations->restore_end(restorer, "host:1:a");
    WAIT_FOR (INSTANCE_PATIENCE_S, catalogue_is_ready(fresh.catalogue))
        ;
    assert_int_equal(app_index_count(fresh.index), 1);
    restorer->operations->free(restorer);
    arena_close(&arena);
    instance_close(&fresh);
    instance_close(&instance);
}

static void who_died_while_it_put_apps_back_is_given_up(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    struct instance instance = loss_start_instance(policy);

    (void)redis_server_command(server, "SET sluice:{catalogue}:restoring %s",
                               "1764000000000000 host:1:a");
    WAIT_FOR (INSTANCE_PATIENCE_S,
              redis_server_command(server, "EXISTS sluice:{catalogue}:restoring")->integer == 0)
        ;

    assert_int_equal(catalogue_losses(instance.catalogue), 0);
    loss_expect_all_there(&instance, policy);
    arena_close(&arena);
    instance_close(&instance);
}

static void a_redis_that_restarted_without_persistence_gets_it_back(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    struct instance instance = loss_start_instance(policy);

    redis_server_kill(server);
    redis_server_restart(server);
    loss_wait_until_whole(&instance, 1);

    loss_expect_all_there(&instance, policy);
    arena_close(&arena);
    instance_close(&instance);
}

static void an_emptied_file_gets_it_back(void **state)
{
    (void)state;
    char path[INSTANCE_PATH_BYTES];
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    instance_new_file(path);
    struct instance instance = instance_open_file(path);
    instance_start(&instance);
    assert_int_equal(instance_create(&instance), CATALOGUE_CREATED);
    assert_int_equal(instance_save(&instance, policy), CATALOGUE_CREATED);

    loss_run_sql(path,
                 "BEGIN IMMEDIATE; DELETE FROM policies; DELETE FROM api_keys; DELETE FROM apps;"
                 "DELETE FROM settings; COMMIT");
    loss_wait_until_whole(&instance, 1);

    assert_int_equal(instance_version(&instance, policy), 1);
    struct instance fresh = instance_open_file(path);
    instance_start(&fresh);
    assert_memory_equal(app_index_pepper(fresh.index), app_index_pepper(instance.index),
                        sizeof(struct pepper));
    assert_int_equal(instance_version(&fresh, policy), 1);
    arena_close(&arena);
    instance_close(&fresh);
    instance_close(&instance);
}

/* The apps themselves may still be there, and are then as they are: newer than any copy. */
static void a_lost_list_of_apps_is_put_back(void **state)
{
    static const char *const losses[] = {
        "redis.call('DEL', KEYS[1])",
        "redis.call('SET', KEYS[1], 'text')",
        "redis.call('DEL', KEYS[1], KEYS[2], KEYS[3])",
    };

    (void)state;
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    struct instance instance = loss_start_instance(policy);

    for (unsigned i = 0; i < ARRAY_COUNT(losses); i++) {
        (void)redis_server_command(server,
                                   "EVAL %s 3 sluice:{catalogue}:apps sluice:{catalogue}:app:%s "
                                   "sluice:{catalogue}:policies:%s",
                                   losses[i], INSTANCE_APP_ID, INSTANCE_APP_ID);
        loss_wait_until_whole(&instance, i + 1);
        loss_expect_all_there(&instance, policy);
    }
    arena_close(&arena);
    instance_close(&instance);
}

static void a_file_without_apps_gets_them_back(void **state)
{
    (void)state;
    char path[INSTANCE_PATH_BYTES];
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    instance_new_file(path);
    struct instance instance = instance_open_file(path);
    instance_start(&instance);
    assert_int_equal(instance_create(&instance), CATALOGUE_CREATED);
    assert_int_equal(instance_save(&instance, policy), CATALOGUE_CREATED);

    loss_run_sql(path, "DELETE FROM apps");
    loss_wait_until_whole(&instance, 1);

    struct instance fresh = instance_open_file(path);
    instance_start(&fresh);
    assert_int_equal(instance_version(&instance, policy), 1);
    assert_int_equal(instance_version(&fresh, policy), 1);
    arena_close(&arena);
    instance_close(&fresh);
    instance_close(&instance);
}

static void what_one_instance_alone_has_seen_is_put_back_too(void **state)
{
    (void)state;
    struct instance one = instance_open_redis(server);
    struct instance other = instance_open_redis(server);
    instance_start(&one);
    instance_start(&other);
    loss_publish_app(&one, "app_x00000000000", 'x');
    loss_publish_app(&other, "app_y00000000000", 'y');

    (void)redis_server_command(server, "FLUSHALL");
    loss_wait_until_whole(&one, 1);
    loss_wait_until_whole(&other, 1);

    assert_int_equal(redis_server_command(server, "ZCARD sluice:{catalogue}:apps")->integer, 2);
    WAIT_FOR (INSTANCE_PATIENCE_S,
              app_index_count(one.index) == 2 && app_index_count(other.index) == 2)
        ;
    instance_close(&one);
    instance_close(&other);
}

/* At revision 10 of the catalogue it had this key; afterwards one instance alone has seen what
 * became of it. */
static void publish_old(const struct instance *instance)
{
    struct app *app = app_new();

    (void)snprintf(app->id, sizeof(app->id), "app_x00000000000");
    app->name = TEXT("as it was");
    app->revision = 10;
    app->keys[app->key_count++] = instance_key('x');
    app_index_publish_give(instance->index, app);
}

static void
an_app_that_is_deleted_does_not_come_back_from_an_instance_that_has_missed_it(void **state)
{
    const struct key_digest key = instance_key('x');
    (void)state;
    struct instance stale = instance_open_redis(server);
    struct instance other = instance_open_redis(server);
    instance_start(&stale);
    instance_start(&other);
    publish_old(&stale);
    publish_old(&other);
    app_index_publish_give(other.index, app_new_deleted("app_x00000000000", 20));

    (void)redis_server_command(server, "FLUSHALL");
    loss_wait_until_whole(&stale, 1);
    loss_wait_until_whole(&other, 1);

    WAIT_FOR (INSTANCE_PATIENCE_S,
              app_index_count(stale.index) == 0 && app_index_count(other.index) == 0)
        ;
    assert_null(app_index_find(stale.index, &key));
    assert_int_equal(
        redis_server_command(server, "EXISTS sluice:{catalogue}:app:app_x00000000000")->integer, 0);
    (void)redis_server_command(server, "FLUSHALL");
    loss_wait_until_whole(&stale, 2);
    loss_wait_until_whole(&other, 2);
    assert_int_equal(redis_server_command(server, "ZCARD sluice:{catalogue}:apps")->integer, 1);
    instance_close(&stale);
    instance_close(&other);
}

static void of_an_app_the_newest_copy_is_put_back_whoever_is_first(void **state)
{
    const struct key_digest old_key = instance_key('x');
    const struct key_digest new_key = instance_key('y');
    (void)state;
    struct instance stale = instance_open_redis(server);
    struct instance other = instance_open_redis(server);
    instance_start(&stale);
    instance_start(&other);
    publish_old(&stale);
    struct app *newer = app_new();
    (void)snprintf(newer->id, sizeof(newer->id), "app_x00000000000");
    newer->name = TEXT("as it is");
    newer->revision = 20;
    newer->state = APP_SUSPENDED;
    newer->keys[newer->key_count++] = new_key;
    app_index_publish_give(other.index, newer);

    (void)redis_server_command(server, "FLUSHALL");
    loss_wait_until_whole(&stale, 1);
    loss_wait_until_whole(&other, 1);

    struct app *app = NULL;
    WAIT_FOR (INSTANCE_PATIENCE_S, (app = app_index_find(stale.index, &new_key)) != NULL)
        ;
    assert_int_equal(app->state, APP_SUSPENDED);
    assert_null(app_index_find(stale.index, &old_key));
    assert_null(app_index_find(other.index, &old_key));
    app_release(app);
    instance_close(&stale);
    instance_close(&other);
}

static void without_restoring_it_stays_lost_and_nothing_is_written(void **state)
{
    (void)state;
    struct instance instance = instance_open_redis_as_it_is(server);
    instance_start(&instance);
    assert_int_equal(instance_create(&instance), CATALOGUE_CREATED);

    (void)redis_server_command(server, "FLUSHALL");
    wait_until(&instance, CATALOGUE_LOST);
    WAIT_FOR (INSTANCE_PATIENCE_S, !catalogue_is_ready(instance.catalogue))
        ;

    assert_int_equal(instance_look_up(&instance, 'b'), CATALOGUE_UNAVAILABLE);
    assert_int_equal(redis_server_command(server, "DBSIZE")->integer, 0);
    assert_int_equal(app_index_count(instance.index), 1);
    assert_true(catalogue_serves(instance.catalogue));
    assert_int_equal(catalogue_losses(instance.catalogue), 1);
    instance_close(&instance);
}

static void a_catalogue_under_another_pepper_is_left_alone(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    struct instance instance = loss_start_instance(policy);

    (void)redis_server_command(server, "EVAL %s 1 " LOSS_PEPPER,
                               "redis.call('FLUSHALL') "
                               "redis.call('SET', KEYS[1], string.rep('x', 32))");
    wait_until(&instance, CATALOGUE_FOREIGN);

    assert_false(catalogue_serves(instance.catalogue));
    assert_int_equal(instance_look_up(&instance, 'b'), CATALOGUE_UNAVAILABLE);
    assert_int_equal(instance_version(&instance, policy), 1);
    assert_int_equal(redis_server_command(server, "DBSIZE")->integer, 1);
    (void)redis_server_command(server, "DEL " LOSS_PEPPER);
    loss_wait_until_whole(&instance, 2);
    loss_expect_all_there(&instance, policy);
    arena_close(&arena);
    instance_close(&instance);
}

/* By an instance that started between the loss and the moment when it was noticed. */
static void a_catalogue_that_was_made_anew_under_the_same_pepper_gets_it_back(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    struct instance instance = loss_start_instance(policy);

    (void)redis_server_command(
        server, "EVAL %s 2 " LOSS_PEPPER " " LOSS_IDENTITY,
        "local pepper, identity = redis.call('GET', KEYS[1]), redis.call('GET', KEYS[2]) "
        "redis.call('FLUSHALL') redis.call('SET', KEYS[1], pepper) "
        "redis.call('SET', KEYS[2], string.rep(string.char(0), 32) .. string.sub(identity, 33))");
    loss_wait_until_whole(&instance, 1);

    loss_expect_all_there(&instance, policy);
    arena_close(&arena);
    instance_close(&instance);
}

/* The catalogue is one that was made elsewhere, under the same pepper, with an app of its own: so
 * many microseconds ago. */
static void put_another(const char *ago_us)
{
    (void)redis_server_command(
        server, "EVAL %s 2 " LOSS_PEPPER " " LOSS_IDENTITY " %s",
        "local pepper, identity = redis.call('GET', KEYS[1]), redis.call('GET', KEYS[2]) "
        "local now = redis.call('TIME') "
        "local revision = string.format('%.0f', now[1] * 1000000 + now[2] - ARGV[1]) "
        "redis.call('FLUSHALL') redis.call('SET', KEYS[1], pepper) "
        "redis.call('SET', KEYS[2], string.rep(string.char(0), 32) .. string.sub(identity, 33)) "
        "redis.call('SET', 'sluice:{catalogue}:revision', revision) "
        "redis.call('HSET', 'sluice:{catalogue}:app:app_n00000000000', 'name', 'new', "
        "           'created_at', '1', 'keys', string.rep('6e', 32), 'revision', revision) "
        "redis.call('HSET', 'sluice:{catalogue}:keys', string.rep('6e', 32), 'app_n00000000000') "
        "redis.call('ZADD', 'sluice:{catalogue}:apps', revision, 'app_n00000000000')",
        ago_us);
}

/* As by an instance that started in the moment of the loss, at which somebody registered at
 * once. */
static void what_was_made_since_the_loss_gets_back_what_was_there_before(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    struct instance instance = loss_start_instance(policy);

    put_another("1");
    loss_wait_until_whole(&instance, 1);

    assert_int_equal(app_index_count(instance.index), 2);
    assert_int_equal(instance_version(&instance, policy), 1);
    assert_int_equal(redis_server_command(server, "ZCARD sluice:{catalogue}:apps")->integer, 2);
    arena_close(&arena);
    instance_close(&instance);
}

/* As when two environments have the same key_pepper, and one is given the Redis of the other. */
static void what_was_there_before_the_loss_is_another_s_and_not_mixed(void **state)
{
    const struct key_digest its_key = instance_key('n');
    (void)state;
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    struct instance instance = loss_start_instance(policy);

    put_another("3600000000");
    wait_until(&instance, CATALOGUE_FOREIGN);

    assert_false(catalogue_serves(instance.catalogue));
    assert_int_equal(catalogue_losses(instance.catalogue), 1);
    assert_int_equal(instance_look_up(&instance, 'b'), CATALOGUE_UNAVAILABLE);
    assert_int_equal(instance_version(&instance, policy), 1);
    assert_null(app_index_find(instance.index, &its_key));
    assert_int_equal(redis_server_command(server, "ZCARD sluice:{catalogue}:apps")->integer, 1);
    (void)redis_server_command(server, "FLUSHALL");
    loss_wait_until_whole(&instance, 2);
    loss_expect_all_there(&instance, policy);
    arena_close(&arena);
    instance_close(&instance);
}

/* What 884fd83 has made, by itself or after a loss. */
static void a_catalogue_without_an_identity_gets_one(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    struct instance instance = loss_start_instance(policy);
    instance_close(&instance);
    (void)redis_server_command(server, "DEL " LOSS_IDENTITY);

    instance = instance_open_redis(server);
    instance_start(&instance);

    assert_int_equal(redis_server_command(server, "STRLEN " LOSS_IDENTITY)->integer,
                     sizeof(struct catalogue_identity));
    assert_int_equal(catalogue_losses(instance.catalogue), 0);
    (void)redis_server_command(server, "DEL " LOSS_IDENTITY);
    loss_wait_until_whole(&instance, 1);
    loss_expect_all_there(&instance, policy);
    arena_close(&arena);
    instance_close(&instance);
}

static void a_pepper_that_is_gone_alone_is_put_back(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    struct instance instance = loss_start_instance(policy);

    (void)redis_server_command(server, "DEL " LOSS_PEPPER);

    WAIT_FOR (INSTANCE_PATIENCE_S,
              redis_server_command(server, "EXISTS " LOSS_PEPPER)->integer == 1)
        ;
    loss_expect_all_there(&instance, policy);
    arena_close(&arena);
    instance_close(&instance);
}

static void what_cannot_be_put_back_yet_does_not_take_the_catalogue_away(void **state)
{
    static const char *const lost[] = {LOSS_PEPPER, LOSS_IDENTITY};
    (void)state;
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    struct instance instance = loss_start_instance(policy);

    for (size_t i = 0; i < ARRAY_COUNT(lost); i++) {
        (void)redis_server_command(server, "CONFIG SET maxmemory 1");
        (void)redis_server_command(server, "DEL %s", lost[i]);
        long long before = scripts_run();
        WAIT_FOR (INSTANCE_PATIENCE_S, scripts_run() >= before + 12)
            ;
        assert_true(catalogue_is_ready(instance.catalogue));
        (void)redis_server_command(server, "CONFIG SET maxmemory 0");
        WAIT_FOR (INSTANCE_PATIENCE_S,
                  redis_server_command(server, "EXISTS %s", lost[i])->integer == 1)
            ;
    }
    loss_wait_until_whole(&instance, 1);
    loss_expect_all_there(&instance, policy);
    arena_close(&arena);
    instance_close(&instance);
}

static void where_nothing_can_be_written_what_is_there_is_served(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    struct instance instance = loss_start_instance(policy);
    instance_close(&instance);
    (void)redis_server_command(server, "DEL " LOSS_IDENTITY);
    (void)redis_server_command(server, "CONFIG SET maxmemory 1");

    instance = instance_open_redis(server);
    instance_start(&instance);
    assert_int_equal(instance_version(&instance, policy), 1);
    (void)redis_server_command(server, "CONFIG SET maxmemory 0");

    WAIT_FOR (INSTANCE_PATIENCE_S,
              redis_server_command(server, "EXISTS " LOSS_IDENTITY)->integer == 1)
        ;
    assert_int_equal(catalogue_losses(instance.catalogue), 0);
    arena_close(&arena);
    instance_close(&instance);
}

static void that_nothing_can_be_written_is_told_until_it_can(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    struct instance instance = loss_start_instance(policy);
    assert_true(catalogue_is_writable(instance.catalogue));

    (void)redis_server_command(server, "CONFIG SET maxmemory 1");
    assert_int_equal(instance_save(&instance, policy), CATALOGUE_UNAVAILABLE);
    WAIT_FOR (INSTANCE_PATIENCE_S, catalogue_is_ready(instance.catalogue))
        ;
    assert_false(catalogue_is_writable(instance.catalogue));
    assert_int_equal(instance_save(&instance, policy), CATALOGUE_UNAVAILABLE);
    assert_true(catalogue_is_ready(instance.catalogue));
    struct instance fresh = instance_open_redis(server);
    instance_start(&fresh);
    assert_false(catalogue_is_writable(fresh.catalogue));

    (void)redis_server_command(server, "CONFIG SET maxmemory 0");
    WAIT_FOR (INSTANCE_PATIENCE_S,
              catalogue_is_writable(instance.catalogue) && catalogue_is_writable(fresh.catalogue))
        ;
    assert_int_equal(instance_save(&instance, policy), CATALOGUE_OK);
    arena_close(&arena);
    instance_close(&fresh);
    instance_close(&instance);
}

static void what_could_never_be_marked_is_put_back_too(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    struct instance instance = loss_start_instance(policy);
    instance_close(&instance);
    (void)redis_server_command(server, "DEL " LOSS_IDENTITY);
    (void)redis_server_command(server, "CONFIG SET maxmemory 1");
    instance = instance_open_redis(server);
    instance_start(&instance);

    (void)redis_server_command(server, "FLUSHALL");
    (void)redis_server_command(server, "CONFIG SET maxmemory 0");
    loss_wait_until_whole(&instance, 1);

    loss_expect_all_there(&instance, policy);
    arena_close(&arena);
    instance_close(&instance);
}

static void a_pepper_that_does_not_fit_is_not_admitted(void **state)
{
    (void)state;
    const struct pepper configured = {.bytes = {7}};
    const struct pepper another = {.bytes = {8}};
    struct redis_url url;
    struct error error = {0};
    assert_true(redis_url_parse(text_of(redis_server_unix_url(server)), &url, &error));
    struct catalogue_backend *backend = catalogue_redis_new(&url);
    struct instance instance = instance_new(catalogue_redis_new(&url), &configured);

    assert_true(catalogue_admits(backend, &another, &error));
    instance_start(&instance);

    assert_true(catalogue_admits(backend, &configured, &error));
    assert_false(catalogue_admits(backend, &another, &error));
    assert_string_equal(error.message, "the catalogue is kept under another key_pepper");
    assert_false(catalogue_admits(backend, NULL, &error));
    assert_string_equal(error.message, "the catalogue is kept under a key_pepper, and none is set");
    assert_int_equal(redis_server_command(server, "EXISTS " LOSS_PEPPER)->integer, 0);
    backend->operations->free(backend);
    instance_close(&instance);
}

/* 884fd83 stored one as long as none was configured, and never looked at it afterwards. */
static void of_an_older_version_the_configured_pepper_goes_before_the_stored_one(void **state)
{
    (void)state;
    const struct pepper configured = {.bytes = {7}};
    struct error error = {0};
    struct catalogue_backend *backend = new_backend();
    (void)redis_server_command(server, "SET " LOSS_PEPPER " abcdefghabcdefghabcdefghabcdefgh");

    assert_true(catalogue_admits(backend, &configured, &error));
    struct instance instance = instance_new(new_backend(), &configured);
    instance_start(&instance);
    assert_int_equal(instance_create(&instance), CATALOGUE_CREATED);

    struct instance fresh = instance_new(new_backend(), &configured);
    assert_true(catalogue_admits(backend, &configured, &error));
    instance_start(&fresh);
    assert_int_equal(app_index_count(fresh.index), 1);
    assert_false(catalogue_admits(backend, NULL, &error));
    assert_string_equal(error.message, "the catalogue is kept under a key_pepper, and none is set");
    assert_string_equal(redis_server_command(server, "GET " LOSS_PEPPER)->str,
                        "abcdefghabcdefghabcdefghabcdefgh");
    backend->operations->free(backend);
    instance_close(&fresh);
    instance_close(&instance);
}

static void of_an_older_file_the_configured_pepper_goes_before_the_stored_one(void **state)
{
    (void)state;
    const struct pepper configured = {.bytes = {7}};
    char path[INSTANCE_PATH_BYTES];
    struct error error = {0};
    instance_new_file(path);
    struct catalogue_backend *backend = catalogue_sqlite_new(path, &error);
    assert_non_null(backend);
    loss_run_sql(path, "INSERT INTO settings VALUES ('pepper', zeroblob(32))");

    for (unsigned count = 0; count < 2; count++) {
        assert_true(catalogue_admits(backend, &configured, &error));
        struct instance instance = instance_new(catalogue_sqlite_new(path, &error), &configured);
        instance_start(&instance);
        assert_int_equal(app_index_count(instance.index), count);
        assert_int_equal(instance_create(&instance), count == 0 ? CATALOGUE_CREATED : CATALOGUE_OK);
        instance_close(&instance);
    }
    backend->operations->free(backend);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, redis_group_empty)
    const struct CMUnitTest tests[] = {
        TEST(a_flushed_redis_gets_back_what_was_there),
        TEST(a_lock_of_a_stranger_does_not_keep_it_from_being_put_back),
        TEST(what_is_lost_is_not_called_absent_before_the_loss_is_noticed),
        TEST(a_pepper_or_identity_that_is_damaged_is_put_back),
        TEST(a_damaged_pepper_in_the_file_is_put_back),
        TEST(who_has_no_pepper_does_not_replace_a_damaged_one),
        TEST(what_stands_in_the_way_of_putting_it_back_is_replaced),
        TEST(what_cannot_be_put_back_is_kept_and_tried_again),
        TEST(what_is_deleted_while_apps_are_put_back_is_gone_at_once),
        TEST(who_starts_while_apps_are_put_back_is_not_ready),
        TEST(who_died_while_it_put_apps_back_is_given_up),
        TEST(a_redis_that_restarted_without_persistence_gets_it_back),
        TEST(an_emptied_file_gets_it_back),
        TEST(a_lost_list_of_apps_is_put_back),
        TEST(a_file_without_apps_gets_them_back),
        TEST(what_one_instance_alone_has_seen_is_put_back_too),
        TEST(an_app_that_is_deleted_does_not_come_back_from_an_instance_that_has_missed_it),
        TEST(of_an_app_the_newest_copy_is_put_back_whoever_is_first),
        TEST(without_restoring_it_stays_lost_and_nothing_is_written),
        TEST(a_catalogue_under_another_pepper_is_left_alone),
        TEST(a_catalogue_that_was_made_anew_under_the_same_pepper_gets_it_back),
        TEST(what_was_made_since_the_loss_gets_back_what_was_there_before),
        TEST(what_was_there_before_the_loss_is_another_s_and_not_mixed),
        TEST(a_catalogue_without_an_identity_gets_one),
        TEST(a_pepper_that_is_gone_alone_is_put_back),
        TEST(what_cannot_be_put_back_yet_does_not_take_the_catalogue_away),
        TEST(where_nothing_can_be_written_what_is_there_is_served),
        TEST(that_nothing_can_be_written_is_told_until_it_can),
        TEST(what_could_never_be_marked_is_put_back_too),
        TEST(a_pepper_that_does_not_fit_is_not_admitted),
        TEST(of_an_older_version_the_configured_pepper_goes_before_the_stored_one),
        TEST(of_an_older_file_the_configured_pepper_goes_before_the_stored_one),
    };
#undef TEST

    return cmocka_run_group_tests(tests, redis_group_open, redis_group_close);
}
