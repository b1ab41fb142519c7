/* SPDX-License-Identifier: MIT
 *
 * The catalogue is no longer the one that the instances know. Its content comes back. */
#include "loss.h"
#include "support/wait.h"

static void a_flushed_redis_gets_back_what_was_there(void **state)
{
    (void)state;
    struct instance instance = loss_start_instance();

    (void)redis_server_command(server, "FLUSHALL");
    loss_wait_until_whole(&instance, 1);

    loss_expect_all_there(&instance);
    assert_int_equal(instance_save(&instance, policy), CATALOGUE_OK);
    assert_int_equal(policy->version, 2);
    instance_close(&instance);
}

/* A loss that is noticed first is mended before the question is answered. */
static void expect_not_absent_unless_noticed(const struct instance *instance,
                                             enum catalogue_status status, unsigned losses)
{
    assert_true(status != CATALOGUE_ABSENT || catalogue_losses(instance->catalogue) > losses);
}

static void what_is_lost_is_not_called_absent_before_the_loss_is_noticed(void **state)
{
    (void)state;
    struct instance instance = loss_start_instance();

    for (unsigned losses = 0; losses < 6; losses += 2) {
        (void)redis_server_command(server, "FLUSHALL");
        expect_not_absent_unless_noticed(&instance, instance_save(&instance, policy), losses);
        loss_wait_until_whole(&instance, losses + 1);
        (void)redis_server_command(server, "FLUSHALL");
        expect_not_absent_unless_noticed(&instance, instance_look_up(&instance, 'b'), losses + 1);
        loss_wait_until_whole(&instance, losses + 2);
    }
    assert_int_equal(instance_look_up(&instance, 'b'), CATALOGUE_ABSENT);
    instance_close(&instance);
}

static void a_redis_that_restarted_without_persistence_gets_it_back(void **state)
{
    (void)state;
    struct instance instance = loss_start_instance();

    redis_server_kill(server);
    redis_server_restart(server);
    loss_wait_until_whole(&instance, 1);

    loss_expect_all_there(&instance);
    instance_close(&instance);
}

static void an_emptied_file_gets_it_back(void **state)
{
    (void)state;
    char path[INSTANCE_PATH_BYTES];
    instance_new_file(path);
    struct instance instance = loss_start(instance_open_file(path));

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
    instance_close(&fresh);
    instance_close(&instance);
}

/* The apps themselves may still be there. They stay as they are, because they are newer than any
 * copy. */
static void a_lost_list_of_apps_is_put_back(void **state)
{
    static const char *const losses[] = {
        "redis.call('DEL', KEYS[1])",
        "redis.call('SET', KEYS[1], 'text')",
        "redis.call('DEL', KEYS[1], KEYS[2], KEYS[3])",
    };

    (void)state;
    struct instance instance = loss_start_instance();

    for (unsigned i = 0; i < ARRAY_COUNT(losses); i++) {
        (void)redis_server_command(server,
                                   "EVAL %s 3 sluice:{catalogue}:apps sluice:{catalogue}:app:%s "
                                   "sluice:{catalogue}:policies:%s",
                                   losses[i], INSTANCE_APP_ID, INSTANCE_APP_ID);
        loss_wait_until_whole(&instance, i + 1);
        loss_expect_all_there(&instance);
    }
    instance_close(&instance);
}

static void a_file_without_apps_gets_them_back(void **state)
{
    (void)state;
    char path[INSTANCE_PATH_BYTES];
    instance_new_file(path);
    struct instance instance = loss_start(instance_open_file(path));

    loss_run_sql(path, "DELETE FROM apps");
    loss_wait_until_whole(&instance, 1);

    struct instance fresh = instance_open_file(path);
    instance_start(&fresh);
    assert_int_equal(instance_version(&instance, policy), 1);
    assert_int_equal(instance_version(&fresh, policy), 1);
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

/* The app had this key at revision 10 of the catalogue. Only one instance has seen what happened to
 * it later. */
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

static void the_newest_copy_of_an_app_is_put_back_in_any_order(void **state)
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
    loss_wait_until(&instance, CATALOGUE_LOST);
    WAIT_FOR (INSTANCE_PATIENCE_S, !catalogue_is_ready(instance.catalogue))
        ;

    assert_int_equal(instance_look_up(&instance, 'b'), CATALOGUE_UNAVAILABLE);
    assert_int_equal(redis_server_command(server, "DBSIZE")->integer, 0);
    assert_int_equal(app_index_count(instance.index), 1);
    assert_true(catalogue_serves(instance.catalogue));
    assert_int_equal(catalogue_losses(instance.catalogue), 1);
    instance_close(&instance);
}

int main(void)
{
#define TEST(claim) cmocka_unit_test_setup_teardown(claim, loss_begin, loss_end)
    const struct CMUnitTest tests[] = {
        TEST(a_flushed_redis_gets_back_what_was_there),
        TEST(what_is_lost_is_not_called_absent_before_the_loss_is_noticed),
        TEST(a_redis_that_restarted_without_persistence_gets_it_back),
        TEST(an_emptied_file_gets_it_back),
        TEST(a_lost_list_of_apps_is_put_back),
        TEST(a_file_without_apps_gets_them_back),
        TEST(what_one_instance_alone_has_seen_is_put_back_too),
        TEST(an_app_that_is_deleted_does_not_come_back_from_an_instance_that_has_missed_it),
        TEST(the_newest_copy_of_an_app_is_put_back_in_any_order),
        TEST(without_restoring_it_stays_lost_and_nothing_is_written),
    };
#undef TEST

    return cmocka_run_group_tests(tests, redis_group_open, redis_group_close);
}
