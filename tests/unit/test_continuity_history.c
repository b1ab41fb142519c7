/* SPDX-License-Identifier: MIT
 *
 * A catalogue that is an older copy of itself. */
#include "base/arena.h"
#include "loss.h"
#include "sample_policy.h"
#include "support/cmocka.h"
#include "support/redis_group.h"
#include "support/wait.h"

/* As when an operator loads an older copy: with revisions that have been seen already. */
static void a_replaced_catalogue_is_read_afresh(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    struct instance instance = loss_start_instance(policy);
    loss_publish_app(&instance, "app_x00000000000", 'x');

    (void)redis_server_command(
        server, "EVAL %s 1 " LOSS_IDENTITY,
        "redis.call('SETRANGE', KEYS[1], 0, string.rep(string.char(0), 16))"
        "redis.call('HSET', 'sluice:{catalogue}:app:" INSTANCE_APP_ID "', 'revision', 5)"
        "redis.call('ZADD', 'sluice:{catalogue}:apps', 5, '" INSTANCE_APP_ID "')"
        "redis.call('DEL', 'sluice:{catalogue}:policies:" INSTANCE_APP_ID "')");
    loss_wait_until_whole(&instance, 1);

    assert_int_equal(app_index_count(instance.index), 1);
    assert_int_equal(instance_version(&instance, policy), 0);
    assert_int_equal(redis_server_command(server, "ZCARD sluice:{catalogue}:apps")->integer, 1);
    arena_close(&arena);
    instance_close(&instance);
}

/* At another instance, so that this one sees it as it reads what has changed. */
static void save_elsewhere(struct instance *instance, struct instance *other, struct policy *policy)
{
    instance_start(other);
    assert_int_equal(instance_save(other, policy), CATALOGUE_OK);
    WAIT_FOR (INSTANCE_PATIENCE_S, instance_version(instance, policy) == 2)
        ;
    instance_close(other);
}

/* As when Redis loads an older dump, or comes back without its last writes. */
static void a_catalogue_that_has_gone_back_is_read_afresh(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    struct instance instance = loss_start_instance(policy);
    struct instance other = instance_open_redis(server);
    save_elsewhere(&instance, &other, policy);
    loss_publish_app(&instance, "app_x00000000000", 'x');

    (void)redis_server_command(
        server, "EVAL %s 1 " LOSS_IDENTITY,
        "redis.call('HSET', 'sluice:{catalogue}:app:" INSTANCE_APP_ID "', 'revision', 5)"
        "redis.call('ZADD', 'sluice:{catalogue}:apps', 5, '" INSTANCE_APP_ID "')"
        "redis.call('DEL', 'sluice:{catalogue}:policies:" INSTANCE_APP_ID "')");
    loss_wait_until_whole(&instance, 1);

    assert_int_equal(app_index_count(instance.index), 1);
    assert_int_equal(instance_version(&instance, policy), 0);
    arena_close(&arena);
    instance_close(&instance);
}

/* As when an operator puts an older copy into the file, and goes on. */
static void a_file_that_has_gone_back_is_read_afresh(void **state)
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
    struct instance other = instance_open_file(path);
    save_elsewhere(&instance, &other, policy);

    loss_run_sql(path, "BEGIN IMMEDIATE; DELETE FROM policies; UPDATE apps SET revision = 1;"
                       "UPDATE settings SET value = 1 WHERE name = 'revision'; COMMIT");
    loss_wait_until_whole(&instance, 1);

    assert_int_equal(instance_version(&instance, policy), 0);
    assert_int_equal(instance_save(&instance, policy), CATALOGUE_CREATED);
    assert_int_equal(instance_version(&instance, policy), 1);
    arena_close(&arena);
    instance_close(&instance);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, redis_group_empty)
    const struct CMUnitTest tests[] = {
        TEST(a_replaced_catalogue_is_read_afresh),
        TEST(a_catalogue_that_has_gone_back_is_read_afresh),
        TEST(a_file_that_has_gone_back_is_read_afresh),
    };
#undef TEST

    return cmocka_run_group_tests(tests, redis_group_open, redis_group_close);
}
