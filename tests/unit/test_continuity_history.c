/* SPDX-License-Identifier: MIT
 *
 * The catalogue is replaced by an older copy of itself. */
#include "loss.h"
#include "redis/redis_session.h"
#include "redis/redis_sessions.h"
#include "support/topologies.h"
#include "support/wait.h"

#include <stdatomic.h>

/* As when an operator loads an older copy: its revisions have been seen already. */
static void a_replaced_catalogue_is_read_afresh(void **state)
{
    (void)state;
    struct instance instance = loss_start_instance();
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
    instance_close(&instance);
}

/* Saves at another instance. This one sees it when it reads the changes. */
static void save_elsewhere(struct instance *instance, struct instance *other)
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
    struct instance instance = loss_start_instance();
    struct instance other = instance_open_redis(server);
    save_elsewhere(&instance, &other);
    loss_publish_app(&instance, "app_x00000000000", 'x');

    (void)redis_server_command(
        server, "EVAL %s 1 " LOSS_IDENTITY,
        "redis.call('HSET', 'sluice:{catalogue}:app:" INSTANCE_APP_ID "', 'revision', 5)"
        "redis.call('ZADD', 'sluice:{catalogue}:apps', 5, '" INSTANCE_APP_ID "')"
        "redis.call('DEL', 'sluice:{catalogue}:policies:" INSTANCE_APP_ID "')");
    loss_wait_until_whole(&instance, 1);

    assert_int_equal(app_index_count(instance.index), 1);
    assert_int_equal(instance_version(&instance, policy), 0);
    instance_close(&instance);
}

/* As when an operator puts an older copy into the file, and others write to it. */
static void a_file_that_has_gone_back_is_read_afresh(void **state)
{
    (void)state;
    char path[INSTANCE_PATH_BYTES];
    instance_new_file(path);
    struct instance instance = loss_start(instance_open_file(path));
    struct instance other = instance_open_file(path);
    save_elsewhere(&instance, &other);

    loss_run_sql(path, "BEGIN IMMEDIATE; DELETE FROM policies; UPDATE apps SET revision = 1;"
                       "UPDATE settings SET value = 1 WHERE name = 'revision'; COMMIT");
    loss_wait_until_whole(&instance, 1);

    assert_int_equal(instance_version(&instance, policy), 0);
    assert_int_equal(instance_save(&instance, policy), CATALOGUE_CREATED);
    assert_int_equal(instance_version(&instance, policy), 1);
    instance_close(&instance);
}

/* Otherwise its newest revision could be the same again, as if nothing had happened. */
static void an_older_copy_that_others_have_gone_on_from_is_read_afresh(void **state)
{
    (void)state;
    struct instance instance = loss_start_instance();
    struct instance other = instance_open_redis(server);
    loss_copy();
    save_elsewhere(&instance, &other);
    loss_publish_app(&instance, "app_x00000000000", 'x');

    loss_go_back_and_on();
    loss_wait_until_whole(&instance, 1);

    assert_int_equal(app_index_count(instance.index), 2);
    assert_int_equal(instance_version(&instance, policy), 1);
    instance_close(&instance);
}

/* The save was answered, so it counts as seen, even if it was not read yet. */
static void the_loss_of_what_an_instance_has_just_saved_is_noticed(void **state)
{
    (void)state;
    struct instance instance = loss_start_instance();
    loss_copy();

    assert_int_equal(instance_save(&instance, policy), CATALOGUE_OK);
    loss_go_back_and_on();
    loss_wait_until_whole(&instance, 1);

    assert_int_equal(instance_version(&instance, policy), 1);
    instance_close(&instance);
}

static void a_copy_without_any_app_is_read_afresh(void **state)
{
    (void)state;
    struct instance instance = loss_start_instance();

    (void)redis_server_command(server, "DEL sluice:{catalogue}:apps sluice:{catalogue}:keys "
                                       "sluice:{catalogue}:revision sluice:{catalogue}:history "
                                       "sluice:{catalogue}:app:" INSTANCE_APP_ID
                                       " sluice:{catalogue}:policies:" INSTANCE_APP_ID);
    loss_wait_until_whole(&instance, 1);

    assert_int_equal(app_index_count(instance.index), 0);
    instance_close(&instance);
}

static void an_older_file_that_others_have_gone_on_from_is_read_afresh(void **state)
{
    (void)state;
    char path[INSTANCE_PATH_BYTES];
    instance_new_file(path);
    struct instance instance = loss_start(instance_open_file(path));
    struct instance other = instance_open_file(path);
    save_elsewhere(&instance, &other);

    loss_run_sql(path, "BEGIN IMMEDIATE; DELETE FROM policies;"
                       "DELETE FROM history WHERE revision ="
                       " (SELECT value FROM settings WHERE name = 'revision');"
                       "UPDATE settings SET value = value + 1 WHERE name = 'revision';"
                       "UPDATE apps SET revision ="
                       " (SELECT value FROM settings WHERE name = 'revision');"
                       "INSERT INTO history SELECT value FROM settings WHERE name = 'revision';"
                       "COMMIT");
    loss_wait_until_whole(&instance, 1);

    assert_int_equal(instance_version(&instance, policy), 0);
    instance_close(&instance);
}

/* Version 884fd83 does not record what it has written. */
static void what_an_older_version_writes_is_not_taken_for_a_loss(void **state)
{
    (void)state;
    struct instance instance = loss_start_instance();
    struct key_digest key = instance_key(INSTANCE_APP_KEY);

    for (int i = 0; i < 3; i++) {
        const int64_t revision = INT64_C(4000000000000000) + i;
        struct app *app = NULL;
        (void)redis_server_command(
            server, "EVAL %s 1 %lld",
            "redis.call('SET', 'sluice:{catalogue}:revision', KEYS[1]) "
            "redis.call('HSET', 'sluice:{catalogue}:app:" INSTANCE_APP_ID "', 'revision', KEYS[1]) "
            "redis.call('ZADD', 'sluice:{catalogue}:apps', KEYS[1], '" INSTANCE_APP_ID "')",
            (long long)revision);
        WAIT_FOR (INSTANCE_PATIENCE_S, app != NULL && app->revision == revision) {
            app_release(app);
            app = app_index_find(instance.index, &key);
        }
        app_release(app);
    }
    assert_int_equal(instance_save(&instance, policy), CATALOGUE_OK);
    assert_true(instance_version(&instance, policy) == 2);

    assert_int_equal(catalogue_losses(instance.catalogue), 0);
    instance_close(&instance);
}

/* Between two looks there are as many writes as the catalogue remembers, and then more. */
static void writes_that_are_no_longer_remembered_are_not_taken_for_lost(void **state)
{
    (void)state;
    struct instance instance = loss_start_instance();

    (void)redis_server_command(server, "EVAL %s 0",
                               "local key = 'sluice:{catalogue}:history' "
                               "local newest = redis.call('ZREVRANGE', key, 0, 0)[1] "
                               "redis.call('DEL', key) "
                               "for i = 1, 1000 do "
                               "  local revision = string.format('%.0f', newest + i) "
                               "  redis.call('ZADD', key, revision, revision) "
                               "end");
    assert_int_equal(instance_save(&instance, policy), CATALOGUE_OK);
    struct instance other = instance_open_redis(server);
    instance_start(&other);
    assert_int_equal(instance_save(&other, policy), CATALOGUE_OK);
    WAIT_FOR (INSTANCE_PATIENCE_S, instance_version(&instance, policy) == 3)
        ;

    assert_int_equal(catalogue_losses(instance.catalogue), 0);
    assert_int_equal(redis_server_command(server, "ZCARD sluice:{catalogue}:history")->integer,
                     1000);
    instance_close(&other);
    instance_close(&instance);
}

/* As long as the test says so, Redis is emptied just before all apps are read from it. */
static struct catalogue_operations emptying;
static catalogue_changes_fn *real_changes;
static atomic_bool empties;

static enum catalogue_status changes_of_nothing(struct catalogue_backend *backend,
                                                int64_t *revision, void *context,
                                                catalogue_visit_fn *visit, struct error *error)
{
    if (*revision == 0 && atomic_exchange(&empties, false)) {
        const char *words[] = {"FLUSHALL"};
        const size_t lengths[] = {strlen(words[0])};
        struct redis_sessions *sessions =
            redis_sessions_new(topology_at(redis_server_unix_url(server)), 1000);
        freeReplyObject(redis_sessions_command(sessions, TEXT(""), error, 1, words, lengths));
        redis_sessions_free(sessions);
    }
    return real_changes(backend, revision, context, visit, error);
}

static void what_is_emptied_while_it_is_read_afresh_is_not_taken_for_deleted(void **state)
{
    (void)state;
    struct catalogue_backend *backend =
        catalogue_redis_new(topology_at(redis_server_unix_url(server)));
    emptying = *backend->operations;
    real_changes = emptying.changes;
    emptying.changes = changes_of_nothing;
    backend->operations = &emptying;
    struct instance instance = loss_start(instance_new(backend, NULL));

    atomic_store(&empties, true);
    (void)redis_server_command(
        server, "EVAL %s 1 " LOSS_IDENTITY,
        "redis.call('SETRANGE', KEYS[1], 0, string.rep(string.char(0), 16))");
    WAIT_FOR (INSTANCE_PATIENCE_S, !atomic_load(&empties))
        ;

    /* The instance may first see the new identity, and only then that everything is gone. */
    WAIT_FOR (INSTANCE_PATIENCE_S, catalogue_losses(instance.catalogue) > 0 &&
                                       catalogue_continuity(instance.catalogue) == CATALOGUE_KEPT &&
                                       catalogue_is_ready(instance.catalogue))
        ;
    loss_expect_all_there(&instance);
    instance_close(&instance);
}

/* While this instance did not look, there were more deletions than the catalogue remembers. */
static void deletions_that_are_no_longer_remembered_are_seen_all_the_same(void **state)
{
    (void)state;
    struct instance instance = loss_start_instance();
    struct instance other = instance_open_redis(server);
    save_elsewhere(&instance, &other);
    loss_publish_app(&instance, "app_x00000000000", 'x');

    (void)redis_server_command(server, "EVAL %s 0",
                               "local now = redis.call('TIME') "
                               "local revision = string.format('%.0f', now[1] * 1000000 + now[2]) "
                               "local apps = 'sluice:{catalogue}:apps' "
                               "redis.call('ZADD', apps, revision, 'app_y00000000000') "
                               "redis.call('SET', 'sluice:{catalogue}:forgotten', revision)");
    WAIT_FOR (INSTANCE_PATIENCE_S, app_index_count(instance.index) == 1)
        ;

    assert_int_equal(instance_version(&instance, policy), 2);
    assert_int_equal(catalogue_losses(instance.catalogue), 0);
    instance_close(&instance);
}

int main(void)
{
#define TEST(claim) cmocka_unit_test_setup_teardown(claim, loss_begin, loss_end)
    const struct CMUnitTest tests[] = {
        TEST(a_replaced_catalogue_is_read_afresh),
        TEST(a_catalogue_that_has_gone_back_is_read_afresh),
        TEST(a_file_that_has_gone_back_is_read_afresh),
        TEST(an_older_copy_that_others_have_gone_on_from_is_read_afresh),
        TEST(the_loss_of_what_an_instance_has_just_saved_is_noticed),
        TEST(a_copy_without_any_app_is_read_afresh),
        TEST(an_older_file_that_others_have_gone_on_from_is_read_afresh),
        TEST(what_an_older_version_writes_is_not_taken_for_a_loss),
        TEST(writes_that_are_no_longer_remembered_are_not_taken_for_lost),
        TEST(what_is_emptied_while_it_is_read_afresh_is_not_taken_for_deleted),
        TEST(deletions_that_are_no_longer_remembered_are_seen_all_the_same),
    };
#undef TEST

    return cmocka_run_group_tests(tests, redis_group_open, redis_group_close);
}
