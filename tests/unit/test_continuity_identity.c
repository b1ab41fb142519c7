/* SPDX-License-Identifier: MIT
 *
 * How an instance recognises its catalogue: by its identity, and by the pepper with which keys are
 * hashed. */
#include "loss.h"
#include "support/topologies.h"
#include "support/wait.h"

static void a_pepper_or_identity_that_is_damaged_is_put_back(void **state)
{
    static const char *const keys[] = {LOSS_PEPPER, LOSS_IDENTITY};
    static const char *const damages[] = {"'SET', KEYS[1], 'abcde'", "'SADD', KEYS[1], 'x'"};

    (void)state;
    struct instance instance = loss_start_instance();
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
        loss_expect_all_there(&instance);
    }
    instance_close(&instance);
}

/* No instance knows the pepper any more. With a new one, all keys would be unknown. */
static void an_instance_without_a_pepper_does_not_replace_a_damaged_one(void **state)
{
    (void)state;
    struct error error = {0};
    struct instance instance = instance_open_redis(server);
    (void)redis_server_command(server, "SET " LOSS_PEPPER " abcde");
    struct catalogue_backend *backend = loss_new_backend();
    assert_true(catalogue_admits(backend, NULL, &error));
    const long long before = loss_scripts_run();

    catalogue_start(instance.catalogue);
    WAIT_FOR (INSTANCE_PATIENCE_S, loss_scripts_run() >= before + 3)
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

static void a_catalogue_under_another_pepper_is_left_alone(void **state)
{
    (void)state;
    struct instance instance = loss_start_instance();

    (void)redis_server_command(server, "EVAL %s 1 " LOSS_PEPPER,
                               "redis.call('FLUSHALL') "
                               "redis.call('SET', KEYS[1], string.rep('x', 32))");
    loss_wait_until(&instance, CATALOGUE_FOREIGN);

    assert_false(catalogue_serves(instance.catalogue));
    assert_int_equal(instance_look_up(&instance, 'b'), CATALOGUE_UNAVAILABLE);
    assert_int_equal(instance_version(&instance, policy), 1);
    assert_int_equal(redis_server_command(server, "DBSIZE")->integer, 1);
    (void)redis_server_command(server, "DEL " LOSS_PEPPER);
    loss_wait_until_whole(&instance, 2);
    loss_expect_all_there(&instance);
    instance_close(&instance);
}

/* Made by an instance that started after the loss and before it was noticed. */
static void a_catalogue_that_was_made_anew_under_the_same_pepper_gets_it_back(void **state)
{
    (void)state;
    struct instance instance = loss_start_instance();

    (void)redis_server_command(
        server, "EVAL %s 2 " LOSS_PEPPER " " LOSS_IDENTITY,
        "local pepper, identity = redis.call('GET', KEYS[1]), redis.call('GET', KEYS[2]) "
        "redis.call('FLUSHALL') redis.call('SET', KEYS[1], pepper) "
        "redis.call('SET', KEYS[2], string.rep(string.char(0), 32) .. string.sub(identity, 33))");
    loss_wait_until_whole(&instance, 1);

    loss_expect_all_there(&instance);
    instance_close(&instance);
}

/* Replaces the catalogue by one that was made elsewhere, so many microseconds ago, under the same
 * pepper. It has an app of its own. */
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

/* As if an instance had started in the moment of the loss, and somebody had registered there at
 * once. */
static void a_catalogue_made_after_the_loss_gets_back_the_old_apps(void **state)
{
    (void)state;
    struct instance instance = loss_start_instance();

    put_another("1");
    loss_wait_until_whole(&instance, 1);

    assert_int_equal(app_index_count(instance.index), 2);
    assert_int_equal(instance_version(&instance, policy), 1);
    assert_int_equal(redis_server_command(server, "ZCARD sluice:{catalogue}:apps")->integer, 2);
    instance_close(&instance);
}

/* As when two environments have the same key_pepper, and one is given the Redis of the other. */
static void a_catalogue_older_than_the_loss_is_another_s_and_not_mixed(void **state)
{
    const struct key_digest its_key = instance_key('n');
    (void)state;
    struct instance instance = loss_start_instance();

    put_another("3600000000");
    loss_wait_until(&instance, CATALOGUE_FOREIGN);

    assert_false(catalogue_serves(instance.catalogue));
    assert_int_equal(catalogue_losses(instance.catalogue), 1);
    assert_int_equal(instance_look_up(&instance, 'b'), CATALOGUE_UNAVAILABLE);
    assert_int_equal(instance_version(&instance, policy), 1);
    assert_null(app_index_find(instance.index, &its_key));
    assert_int_equal(redis_server_command(server, "ZCARD sluice:{catalogue}:apps")->integer, 1);
    (void)redis_server_command(server, "FLUSHALL");
    loss_wait_until_whole(&instance, 2);
    loss_expect_all_there(&instance);
    instance_close(&instance);
}

/* Version 884fd83 made it, at first or after a loss. */
static void a_catalogue_without_an_identity_gets_one(void **state)
{
    (void)state;
    struct instance instance = loss_start_instance();
    instance_close(&instance);
    (void)redis_server_command(server, "DEL " LOSS_IDENTITY);

    instance = instance_open_redis(server);
    instance_start(&instance);

    assert_int_equal(redis_server_command(server, "STRLEN " LOSS_IDENTITY)->integer,
                     sizeof(struct catalogue_identity));
    assert_int_equal(catalogue_losses(instance.catalogue), 0);
    (void)redis_server_command(server, "DEL " LOSS_IDENTITY);
    loss_wait_until_whole(&instance, 1);
    loss_expect_all_there(&instance);
    instance_close(&instance);
}

static void a_pepper_that_is_gone_alone_is_put_back(void **state)
{
    (void)state;
    struct instance instance = loss_start_instance();

    (void)redis_server_command(server, "DEL " LOSS_PEPPER);

    WAIT_FOR (INSTANCE_PATIENCE_S,
              redis_server_command(server, "EXISTS " LOSS_PEPPER)->integer == 1)
        ;
    loss_expect_all_there(&instance);
    instance_close(&instance);
}

static void a_pepper_that_does_not_fit_is_not_admitted(void **state)
{
    (void)state;
    const struct pepper configured = {.bytes = {7}};
    const struct pepper another = {.bytes = {8}};
    struct error error = {0};
    struct catalogue_backend *backend =
        catalogue_redis_new(topology_at(redis_server_unix_url(server)));
    struct instance instance =
        instance_new(catalogue_redis_new(topology_at(redis_server_unix_url(server))), &configured);

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

/* Version 884fd83 stored a pepper while none was configured, and ignored it once one was. */
static void after_an_older_version_the_configured_pepper_goes_before_the_stored_one(void **state)
{
    (void)state;
    const struct pepper configured = {.bytes = {7}};
    struct error error = {0};
    struct catalogue_backend *backend = loss_new_backend();
    (void)redis_server_command(server, "SET " LOSS_PEPPER " abcdefghabcdefghabcdefghabcdefgh");

    assert_true(catalogue_admits(backend, &configured, &error));
    struct instance instance = instance_new(loss_new_backend(), &configured);
    instance_start(&instance);
    assert_int_equal(instance_create(&instance), CATALOGUE_CREATED);

    struct instance fresh = instance_new(loss_new_backend(), &configured);
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

static void in_an_older_file_the_configured_pepper_goes_before_the_stored_one(void **state)
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
#define TEST(claim) cmocka_unit_test_setup_teardown(claim, loss_begin, loss_end)
    const struct CMUnitTest tests[] = {
        TEST(a_pepper_or_identity_that_is_damaged_is_put_back),
        TEST(an_instance_without_a_pepper_does_not_replace_a_damaged_one),
        TEST(a_damaged_pepper_in_the_file_is_put_back),
        TEST(a_catalogue_under_another_pepper_is_left_alone),
        TEST(a_catalogue_that_was_made_anew_under_the_same_pepper_gets_it_back),
        TEST(a_catalogue_made_after_the_loss_gets_back_the_old_apps),
        TEST(a_catalogue_older_than_the_loss_is_another_s_and_not_mixed),
        TEST(a_catalogue_without_an_identity_gets_one),
        TEST(a_pepper_that_is_gone_alone_is_put_back),
        TEST(a_pepper_that_does_not_fit_is_not_admitted),
        TEST(after_an_older_version_the_configured_pepper_goes_before_the_stored_one),
        TEST(in_an_older_file_the_configured_pepper_goes_before_the_stored_one),
    };
#undef TEST

    return cmocka_run_group_tests(tests, redis_group_open, redis_group_close);
}
