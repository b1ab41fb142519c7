/* SPDX-License-Identifier: MIT
 *
 * What cannot be read of the catalogue in Redis is named, or skipped, and costs nothing else. */
#include "base/arena.h"
#include "catalogue/stored_policy.h"
#include "catalogue_case.h"
#include "redis_pair.h"
#include "sample_policy.h"

#include <sodium.h>

static void a_policy_that_cannot_be_read_is_skipped_and_can_be_replaced(void **state)
{
    struct catalogue_pair *pair = *state;
    struct arena arena = {0};
    struct policy *good = sample_policy(&arena, "{'route_key':'/good','rate':'5/s'}");
    struct policy *bad = sample_policy(&arena, "{'route_key':'/bad','rate':'5/s'}");
    bool afresh = false;
    struct error error = {0};
    const char *app_id = sample_app(pair->one, 'a');
    assert_int_equal(pair->one->operations->policy_save(pair->one, app_id, good, NULL, &error),
                     CATALOGUE_CREATED);

    (void)redis_server_command(server, "HSET sluice:{catalogue}:policies:%s %s %s", app_id,
                               "[\"/bad\",\"default\",null]", "{\"from\":\"the future\"}");

    struct app *app = load_app(pair->one, app_id);
    assert_int_equal(policy_set_count(app->policies), 1);
    assert_same_policy(policy_set_at(app->policies, 0), good);
    app_release(app);
    assert_int_equal(pair->one->operations->policy_save(pair->one, app_id, bad, &afresh, &error),
                     CATALOGUE_OK);
    assert_int_equal(bad->version, 1);
    assert_true(afresh); /* it has a new id */
    arena_close(&arena);
}

static const char *stored(const struct policy *policy, struct arena *arena)
{
    return text_copy(arena, stored_policy_write(policy, arena)).at;
}

static void the_newest_version_of_a_policy_that_is_there_twice_counts(void **state)
{
    struct catalogue_pair *pair = *state;
    struct arena arena = {0};
    struct policy *old = sample_policy(&arena, "{'route_key':'/a','rate':'5/s','version':1}");
    struct policy *new = sample_policy(&arena, "{'route_key':'/a','rate':'6/s','version':2}");
    const char *app_id = sample_app(pair->one, 'a');

    (void)redis_server_command(server, "HSET sluice:{catalogue}:policies:%s 1 %s 2 %s 3 %s", app_id,
                               stored(old, &arena), stored(new, &arena), stored(old, &arena));

    struct app *app = load_app(pair->one, app_id);
    assert_int_equal(policy_set_count(app->policies), 1);
    assert_same_policy(policy_set_at(app->policies, 0), new);
    app_release(app);
    arena_close(&arena);
}

static void damage_is_named(void **state)
{
    struct catalogue_pair *pair = *state;
    struct catalogue_mark mark;
    struct app *app = NULL;
    struct error error = {0};
    const char *app_id = sample_app(pair->one, 'a');

    (void)redis_server_command(server, "SET sluice:{catalogue}:pepper short");
    (void)redis_server_command(server, "HSET sluice:{catalogue}:app:%s keys xyz", app_id);

    assert_int_equal(pair->one->operations->mark_read(pair->one, 0, &mark, &error), CATALOGUE_OK);
    assert_true(!mark.has_pepper && mark.is_pepper_damaged);
    assert_int_equal(pair->one->operations->app_load(pair->one, app_id, &app, &error),
                     CATALOGUE_DAMAGED);
    assert_string_equal(error.message, "redis: a key of the app is damaged");
}

static void a_malformed_id_of_an_app_is_damage(void **state)
{
    struct catalogue_pair *pair = *state;
    const struct key_digest key = {.bytes = {0xab}};
    char hex[2 * sizeof(key.bytes) + 1];
    char app_id[APP_ID_BYTES + 1];
    struct error error = {0};

    sodium_bin2hex(hex, sizeof(hex), key.bytes, sizeof(key.bytes));
    (void)redis_server_command(server, "HSET sluice:{catalogue}:keys %s %s", hex,
                               "app_a0000000000000000");

    assert_int_equal(pair->one->operations->app_find(pair->one, &key, app_id, &error),
                     CATALOGUE_DAMAGED);
    assert_string_equal(error.message, "redis: the app of a key is damaged");
}

/* Each of them is too long to be read together with others. */
static void what_no_reply_can_hold_costs_no_more_than_itself(void **state)
{
    struct catalogue_pair *pair = *state;
    struct arena arena = {0};
    struct policy *good = sample_policy(&arena, "{'route_key':'/good','rate':'5/s'}");
    struct policy *bad = sample_policy(&arena, "{'route_key':'/bad','rate':'5/s'}");
    const char *app_id = sample_app(pair->one, 'a');
    const struct key_digest key = {.bytes = {0xab}};
    char hex[2 * sizeof(key.bytes) + 1];
    char found[APP_ID_BYTES + 1];
    struct error error = {0};
    int64_t revision = 0;
    save_policy(pair->one, app_id, good, CATALOGUE_CREATED);
    sodium_bin2hex(hex, sizeof(hex), key.bytes, sizeof(key.bytes));

    (void)redis_server_command(server,
                               "EVAL %s 3 sluice:{catalogue}:apps sluice:{catalogue}:keys "
                               "sluice:{catalogue}:policies:%s %s %s",
                               "local long = string.rep('a', 65e6) "
                               "redis.call('ZADD', KEYS[1], 1, long) "
                               "redis.call('HSET', KEYS[2], ARGV[1], long) "
                               "redis.call('HSET', KEYS[3], ARGV[2], long)",
                               app_id, hex, "[\"/bad\",\"default\",null]");

    expect_changes(pair->other, &revision, "a");
    struct app *app = load_app(pair->one, app_id);
    assert_int_equal(policy_set_count(app->policies), 1);
    app_release(app);
    expect_status(pair->one->operations->app_find(pair->one, &key, found, &error),
                  CATALOGUE_DAMAGED, &error);
    save_policy(pair->one, app_id, bad, CATALOGUE_OK);
    app = load_app(pair->one, app_id);
    assert_int_equal(policy_set_count(app->policies), 2);
    app_release(app);
    arena_close(&arena);
}

static int run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_policy_that_cannot_be_read_is_skipped_and_can_be_replaced,
                                        redis_pair_open, redis_pair_close),
        cmocka_unit_test_setup_teardown(the_newest_version_of_a_policy_that_is_there_twice_counts,
                                        redis_pair_open, redis_pair_close),
        cmocka_unit_test_setup_teardown(damage_is_named, redis_pair_open, redis_pair_close),
        cmocka_unit_test_setup_teardown(a_malformed_id_of_an_app_is_damage, redis_pair_open,
                                        redis_pair_close),
        cmocka_unit_test_setup_teardown(what_no_reply_can_hold_costs_no_more_than_itself,
                                        redis_pair_open, redis_pair_close),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
    return redis_pair_run(run);
}
