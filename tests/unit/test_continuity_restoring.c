/* SPDX-License-Identifier: MIT
 *
 * While apps are put back: what may be in the way, and what may happen meanwhile. */
#include "loss.h"
#include "support/wait.h"

#include <stdatomic.h>

/* A lock without an expiry, or with one in days, belongs to no instance. */
static void a_lock_of_a_stranger_does_not_keep_it_from_being_put_back(void **state)
{
    static const char *const locks[] = {"'SET', KEYS[1], '1'", "'LPUSH', KEYS[1], '1'",
                                        "'SET', KEYS[1], '1', 'EX', '86400'"};

    (void)state;
    struct instance instance = loss_start_instance();

    for (unsigned i = 0; i < ARRAY_COUNT(locks); i++) {
        char script[128];

        (void)snprintf(script, sizeof(script), "redis.call('FLUSHALL') redis.call(%s)", locks[i]);
        (void)redis_server_command(server, "EVAL %s 1 sluice:{catalogue}:restoring", script);
        loss_wait_until_whole(&instance, i + 1);
        loss_expect_all_there(&instance);
    }
    instance_close(&instance);
}

/* As when somebody uses one of our Redis keys for something else. */
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
    struct instance instance = loss_start_instance();
    app_index_publish_give(instance.index, app_new_deleted("app_d00000000000", 1));

    for (unsigned i = 0; i < ARRAY_COUNT(keys); i++) {
        (void)redis_server_command(server, "EVAL %s 1 sluice:{catalogue}:%s",
                                   "redis.call('FLUSHALL') redis.call('SADD', KEYS[1], 'x')",
                                   keys[i]);
        loss_wait_until_whole(&instance, i + 1);
        loss_expect_all_there(&instance);
    }
    instance_close(&instance);
}

static bool is_list(const char *key)
{
    return strcmp(redis_server_command(server, "TYPE sluice:{catalogue}:%s", key)->str, "list") ==
           0;
}

/* It loses nothing, and soon everything can be written again. */
static void what_becomes_of_another_type_meanwhile_is_replaced(void **state)
{
    static const char *const keys[] = {"revision", "apps", "keys", "history", "pepper", "identity"};
    static const char spoil[] = "redis.call('DEL', KEYS[1]) redis.call('LPUSH', KEYS[1], 'x')";

    (void)state;
    const struct key_digest key = instance_key(INSTANCE_APP_KEY);
    struct instance instance = loss_start_instance();
    struct catalogue_backend *administrator = loss_new_backend();
    struct error error = {0};

    for (size_t i = 0; i < ARRAY_COUNT(keys); i++) {
        (void)redis_server_command(server, "EVAL %s 1 sluice:{catalogue}:%s", spoil, keys[i]);
        WAIT_FOR (INSTANCE_PATIENCE_S,
                  administrator->operations->app_rekey(administrator, INSTANCE_APP_ID, &key,
                                                       &error) == CATALOGUE_OK)
            ;
        WAIT_FOR (INSTANCE_PATIENCE_S,
                  !is_list(keys[i]) && catalogue_is_ready(instance.catalogue) &&
                      catalogue_continuity(instance.catalogue) == CATALOGUE_KEPT)
            ;
        loss_expect_all_there(&instance);
    }
    administrator->operations->free(administrator);
    instance_close(&instance);
}

/* The backend's first answers say that the stored data cannot be read. */
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
    struct catalogue_backend *backend = loss_new_backend();
    refusing = *backend->operations;
    real_app_restore = refusing.app_restore;
    refusing.app_restore = app_restore_refused;
    backend->operations = &refusing;
    struct instance instance = loss_start(instance_new(backend, NULL));

    atomic_store(&refusals, 2);
    (void)redis_server_command(server, "FLUSHALL");
    loss_wait_until_whole(&instance, 1);

    assert_true(atomic_load(&refusals) < 0);
    loss_expect_all_there(&instance);
    instance_close(&instance);
}

/* The first apps are put back. The last one waits until the test lets it go. */
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
    struct catalogue_backend *backend = loss_new_backend();
    refusing = *backend->operations;
    real_app_restore = refusing.app_restore;
    refusing.app_restore = app_restore_stuck;
    backend->operations = &refusing;
    struct instance instance = instance_new(backend, NULL);
    instance_start(&instance);
    loss_publish_app(&instance, "app_x00000000000", 'x');
    loss_publish_app(&instance, "app_y00000000000", 'y');
    struct catalogue_backend *administrator = loss_new_backend();

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

/* It would answer 401 to keys that are not back yet. */
static void an_instance_that_starts_while_apps_are_put_back_is_not_ready(void **state)
{
    (void)state;
    struct instance instance = loss_start_instance();
    struct catalogue_backend *restorer = loss_new_backend();
    struct error error = {0};
    assert_int_equal(restorer->operations->restore_begin(restorer, "host:1:a", &error),
                     CATALOGUE_CREATED);
    struct instance fresh = instance_open_redis(server);
    const long long before = loss_scripts_run();

    catalogue_start(fresh.catalogue);
    WAIT_FOR (INSTANCE_PATIENCE_S, loss_scripts_run() >= before + 10)
        ;

    assert_false(catalogue_is_ready(fresh.catalogue));
    assert_false(catalogue_serves(fresh.catalogue));
    assert_true(catalogue_is_ready(instance.catalogue));
    restorer->operations->restore_end(restorer, "host:1:a");
    WAIT_FOR (INSTANCE_PATIENCE_S, catalogue_is_ready(fresh.catalogue))
        ;
    assert_int_equal(app_index_count(fresh.index), 1);
    restorer->operations->free(restorer);
    instance_close(&fresh);
    instance_close(&instance);
}

static void an_instance_that_died_while_it_put_apps_back_is_given_up(void **state)
{
    (void)state;
    struct instance instance = loss_start_instance();

    (void)redis_server_command(server, "SET sluice:{catalogue}:restoring %s",
                               "1764000000000000 host:1:a");
    WAIT_FOR (INSTANCE_PATIENCE_S,
              redis_server_command(server, "EXISTS sluice:{catalogue}:restoring")->integer == 0)
        ;

    assert_int_equal(catalogue_losses(instance.catalogue), 0);
    loss_expect_all_there(&instance);
    instance_close(&instance);
}

static void what_cannot_be_put_back_yet_does_not_take_the_catalogue_away(void **state)
{
    static const char *const lost[] = {LOSS_PEPPER, LOSS_IDENTITY};
    (void)state;
    struct instance instance = loss_start_instance();

    for (size_t i = 0; i < ARRAY_COUNT(lost); i++) {
        (void)redis_server_command(server, "CONFIG SET maxmemory 1");
        (void)redis_server_command(server, "DEL %s", lost[i]);
        long long before = loss_scripts_run();
        WAIT_FOR (INSTANCE_PATIENCE_S, loss_scripts_run() >= before + 12)
            ;
        assert_true(catalogue_is_ready(instance.catalogue));
        (void)redis_server_command(server, "CONFIG SET maxmemory 0");
        WAIT_FOR (INSTANCE_PATIENCE_S,
                  redis_server_command(server, "EXISTS %s", lost[i])->integer == 1)
            ;
    }
    loss_wait_until_whole(&instance, 1);
    loss_expect_all_there(&instance);
    instance_close(&instance);
}

static void where_nothing_can_be_written_what_is_there_is_served(void **state)
{
    (void)state;
    struct instance instance = loss_start_instance();
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
    instance_close(&instance);
}

static void a_catalogue_that_takes_no_writes_says_so_until_it_does(void **state)
{
    (void)state;
    struct instance instance = loss_start_instance();
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
    instance_close(&fresh);
    instance_close(&instance);
}

static void what_could_never_be_marked_is_put_back_too(void **state)
{
    (void)state;
    struct instance instance = loss_start_instance();
    instance_close(&instance);
    (void)redis_server_command(server, "DEL " LOSS_IDENTITY);
    (void)redis_server_command(server, "CONFIG SET maxmemory 1");
    instance = instance_open_redis(server);
    instance_start(&instance);

    (void)redis_server_command(server, "FLUSHALL");
    (void)redis_server_command(server, "CONFIG SET maxmemory 0");
    loss_wait_until_whole(&instance, 1);

    loss_expect_all_there(&instance);
    instance_close(&instance);
}

int main(void)
{
#define TEST(claim) cmocka_unit_test_setup_teardown(claim, loss_begin, loss_end)
    const struct CMUnitTest tests[] = {
        TEST(a_lock_of_a_stranger_does_not_keep_it_from_being_put_back),
        TEST(what_stands_in_the_way_of_putting_it_back_is_replaced),
        TEST(what_becomes_of_another_type_meanwhile_is_replaced),
        TEST(what_cannot_be_put_back_is_kept_and_tried_again),
        TEST(what_is_deleted_while_apps_are_put_back_is_gone_at_once),
        TEST(an_instance_that_starts_while_apps_are_put_back_is_not_ready),
        TEST(an_instance_that_died_while_it_put_apps_back_is_given_up),
        TEST(what_cannot_be_put_back_yet_does_not_take_the_catalogue_away),
        TEST(where_nothing_can_be_written_what_is_there_is_served),
        TEST(a_catalogue_that_takes_no_writes_says_so_until_it_does),
        TEST(what_could_never_be_marked_is_put_back_too),
    };
#undef TEST

    return cmocka_run_group_tests(tests, redis_group_open, redis_group_close);
}
