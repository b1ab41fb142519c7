/* SPDX-License-Identifier: MIT */
#include "catalogue_case.h"

#include "base/arena.h"
#include "catalogue/stored_policy.h"
#include "sample_policy.h"
#include "support/redis_cluster.h"
#include "support/redis_group.h"
#include "support/topologies.h"
#include "support/wait.h"

#include <sodium.h>

/* Of the two instances, which may reach the same Redis in different ways. All keys are in
 * `server`. */
static struct redis_topology *topologies[2];

static void damage(struct catalogue_pair *pair, const char *app_id, enum catalogue_damage kind)
{
    char long_text[17 * 64 + 1];
    (void)pair;

    memset(long_text, 'a', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    switch (kind) {
    case DAMAGE_ID:
        (void)redis_server_command(server, "ZADD sluice:{catalogue}:apps 1 %b",
                                   "app_\0"
                                   "0000000000x",
                                   (size_t)16);
        return;
    case DAMAGE_NAME:
        (void)redis_server_command(server, "HSET sluice:{catalogue}:app:%s name %s", app_id,
                                   long_text);
        return;
    case DAMAGE_CREATED_AT:
        (void)redis_server_command(server, "HSET sluice:{catalogue}:app:%s created_at soon",
                                   app_id);
        return;
    case DAMAGE_TIME:
        (void)redis_server_command(
            server, "HSET sluice:{catalogue}:app:%s created_at 9223372036854775807", app_id);
        return;
    case DAMAGE_PAST:
        (void)redis_server_command(server, "HSET sluice:{catalogue}:app:%s revision -1", app_id);
        return;
    case DAMAGE_REVISION:
        (void)redis_server_command(server, "ZADD sluice:{catalogue}:apps +inf %s", app_id);
        return;
    case DAMAGE_KEY:
        (void)redis_server_command(server, "HSET sluice:{catalogue}:app:%s keys abc", app_id);
        return;
    case DAMAGE_KEYS:
        (void)redis_server_command(server, "HSET sluice:{catalogue}:app:%s keys %s", app_id,
                                   long_text);
        return;
    case DAMAGE_TYPE:
        (void)redis_server_command(server, "SET sluice:{catalogue}:app:%s text", app_id);
        (void)redis_server_command(server, "SET sluice:{catalogue}:policies:%s text", app_id);
        return;
    case DAMAGE_RANK:
        (void)redis_server_command(
            server, "HSET sluice:{catalogue}:app:%s revision 99999999999999999", app_id);
        return;
    case DAMAGE_AHEAD:
        (void)redis_server_command(server, "ZADD sluice:{catalogue}:apps 4000000000000000 %s",
                                   app_id);
        return;
    case DAMAGE_LENGTH:
        (void)redis_server_command(server, "EVAL %s 1 sluice:{catalogue}:app:%s",
                                   "redis.call('HSET', KEYS[1], 'keys', string.rep('a', 65e6))",
                                   app_id);
        return;
    case DAMAGE_POLICIES:
        (void)redis_server_command(server, "EVAL %s 1 sluice:{catalogue}:policies:%s",
                                   "for i = 1, 66000 do redis.call('HSET', KEYS[1], i, '{}') end",
                                   app_id);
        return;
    case DAMAGE_COUNT:
        break;
    }
    fail();
}

static void exhaust(struct catalogue_pair *pair, const char *app_id)
{
    (void)pair;
    (void)redis_server_command(server, "HSET sluice:{catalogue}:policies:%s %s %s", app_id,
                               "[\"/a\",\"default\",null]",
                               "{\"route_key\":\"/a\",\"rate\":\"5/s\",\"id\":\"0000000000000001\","
                               "\"version\":9007199254740991}");
}

static void lose(struct catalogue_pair *pair, const char *app_id)
{
    (void)pair;
    (void)redis_server_command(server, "DEL sluice:{catalogue}:app:%s", app_id);
}

static int setup(void **state)
{
    static struct catalogue_pair pair;

    (void)redis_group_empty(state);
    pair.one = catalogue_redis_new(topologies[0]);
    pair.other = catalogue_redis_new(topologies[1]);
    pair.damage = damage;
    pair.exhaust = exhaust;
    pair.lose = lose;
    *state = &pair;
    return 0;
}

static int teardown(void **state)
{
    struct catalogue_pair *pair = *state;

    pair->one->operations->free(pair->one);
    pair->other->operations->free(pair->other);
    return 0;
}

static bool answers(struct catalogue_backend *backend)
{
    struct key_digest key = sample_digest(0);
    char app_id[APP_ID_BYTES + 1];
    struct error error = {0};

    return backend->operations->app_find(backend, &key, app_id, &error) != CATALOGUE_UNAVAILABLE;
}

static const char *stored(const struct policy *policy, struct arena *arena)
{
    return text_copy(arena, stored_policy_write(policy, arena)).at;
}

static void all_keys_are_in_one_slot_of_a_cluster(void **state)
{
    struct catalogue_pair *pair = *state;
    struct arena arena = {0};
    struct policy *policy = sample_policy(&arena, "{'route_key':'/a','rate':'5/s'}");
    struct pepper pepper = {.bytes = {1}};
    struct error error = {0};
    const char *app_id = sample_app(pair->one, 'a');
    assert_int_equal(pair->one->operations->policy_save(pair->one, app_id, policy, NULL, &error),
                     CATALOGUE_CREATED);
    assert_int_equal(settle_pepper(pair->one, &pepper, &error), CATALOGUE_OK);

    const redisReply *keys = redis_server_command(server, "KEYS *");

    assert_int_equal(keys->elements, 8);
    for (size_t i = 0; i < keys->elements; i++)
        assert_true(text_starts_with(text_of(keys->element[i]->str), TEXT("sluice:{catalogue}:")));
    arena_close(&arena);
}

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

static void revisions_grow_although_redis_has_lost_its_last_writes(void **state)
{
    struct catalogue_pair *pair = *state;
    struct app *before = load_app(pair->one, sample_app(pair->one, 'a'));

    (void)redis_server_command(server, "SET sluice:{catalogue}:revision 1");

    struct app *after = load_app(pair->one, sample_app(pair->one, 'b'));
    assert_true(after->revision > before->revision);
    app_release(before);
    app_release(after);
}

static void revisions_grow_although_the_clock_has_gone_back(void **state)
{
    struct catalogue_pair *pair = *state;

    (void)redis_server_command(server, "SET sluice:{catalogue}:revision 4000000000000000");

    struct app *app = load_app(pair->one, sample_app(pair->one, 'a'));
    assert_true(app->revision == INT64_C(4000000000000001));
    app_release(app);
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

static void the_pepper_is_read_where_nothing_can_be_written(void **state)
{
    struct catalogue_pair *pair = *state;
    struct pepper stored = {.bytes = {1}};
    struct pepper read = {.bytes = {2}};
    struct error error = {0};
    assert_int_equal(settle_pepper(pair->one, &stored, &error), CATALOGUE_OK);

    (void)redis_server_command(server, "CONFIG SET maxmemory 1");
    enum catalogue_status of_full = settle_pepper(pair->one, &read, &error);
    (void)redis_server_command(server, "CONFIG SET maxmemory 0");

    assert_int_equal(of_full, CATALOGUE_OK);
    assert_memory_equal(&read, &stored, sizeof(stored));
}

static void revisions_that_are_damaged_stop_neither_changes_nor_writes(void **state)
{
    static const char *const damages[] = {"nan", "inf", "-1", "1e300", "soon", ""};
    struct catalogue_pair *pair = *state;
    int64_t newest = 0;

    for (size_t i = 0; i < ARRAY_COUNT(damages); i++) {
        (void)redis_server_command(server, "SET sluice:{catalogue}:revision %s", damages[i]);

        struct app *app = load_app(pair->one, sample_app(pair->one, (char)('a' + i)));
        assert_true(app->revision > newest);
        newest = app->revision;
        app_release(app);
    }
    (void)redis_server_command(server, "DEL sluice:{catalogue}:revision");
    (void)redis_server_command(server, "HSET sluice:{catalogue}:revision is wrong");
    app_release(load_app(pair->one, sample_app(pair->one, 'y')));
}

/* One is 2^53 - 1, which has no successor. The others are times that no clock has reached. */
static void a_revision_that_nobody_has_given_hides_none_that_follow(void **state)
{
    static const char *const planted[] = {"9007199254740991", "4503599627370497",
                                          "4503599627370495", "4000000000000000"};
    struct catalogue_pair *pair = *state;
    int64_t revision = 0;
    sample_app(pair->one, 'x');
    expect_changes(pair->other, &revision, "x");

    for (size_t i = 0; i < ARRAY_COUNT(planted); i++) {
        const char letters[] = {(char)('a' + i), '\0'};
        (void)redis_server_command(server, "ZADD sluice:{catalogue}:apps %s %s", planted[i],
                                   "app_x00000000000");
        (void)redis_server_command(server, "HSET sluice:{catalogue}:app:%s revision %s",
                                   "app_x00000000000", planted[i]);
        sample_app(pair->one, letters[0]);
        expect_changes(pair->other, &revision, letters);
    }
    struct app *app = NULL;
    struct error error = {0};
    assert_int_equal(
        pair->other->operations->app_load(pair->other, "app_x00000000000", &app, &error),
        CATALOGUE_DAMAGED);
    assert_string_equal(error.message, "redis: the app's revision is damaged");
}

/* Not even if it seems to be the last one that was given. */
static void a_last_revision_that_no_clock_reaches_is_not_gone_on_from(void **state)
{
    struct catalogue_pair *pair = *state;
    int64_t revision = 0;

    (void)redis_server_command(server, "SET sluice:{catalogue}:revision 9007199254740991");
    sample_app(pair->one, 'a');
    expect_changes(pair->other, &revision, "a");
    sample_app(pair->one, 'b');
    expect_changes(pair->other, &revision, "b");

    assert_true(revision < CATALOGUE_REVISION_MAX);
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

/* A revision is never a fraction, and never ahead of the clock. */
static void entries_that_nobody_has_listed_hide_no_apps(void **state)
{
    struct catalogue_pair *pair = *state;
    int64_t revision = 0;
    sample_app(pair->one, 'a');

    (void)redis_server_command(server, "EVAL %s 1 sluice:{catalogue}:apps",
                               "for i = 1, 2500 do"
                               "  redis.call('ZADD', KEYS[1], '-inf', 'before all' .. i)"
                               "  redis.call('ZADD', KEYS[1], -i, 'before' .. i)"
                               "  redis.call('ZADD', KEYS[1], i / 3000, 'fraction' .. i)"
                               "  redis.call('ZADD', KEYS[1], '7.5', 'same' .. i)"
                               "  redis.call('ZADD', KEYS[1], '4e15', 'ahead' .. i)"
                               "  redis.call('ZADD', KEYS[1], '+inf', 'infinite' .. i) "
                               "end");
    sample_app(pair->one, 'b');

    expect_changes(pair->other, &revision, "ab");
    sample_app(pair->one, 'c');
    expect_changes(pair->other, &revision, "c");
}

static void on_counted(void *context, struct app *app)
{
    *(size_t *)context += app->state != APP_DELETED;
    app_release(app);
}

static void more_changes_than_one_reply_lists_are_all_seen(void **state)
{
    struct catalogue_pair *pair = *state;
    struct error error = {0};
    int64_t revision = 0;
    size_t count = 0;
    (void)redis_server_command(server, "EVAL %s 1 sluice:{catalogue}:apps",
                               "for i = 1, 2500 do"
                               "  redis.call('ZADD', KEYS[1], i, string.format('app_%012d', i)) "
                               "end");
    sample_app(pair->one, 'a'); /* the newest app, and the only one that has more than an id */
    (void)redis_server_command(server, "SET sluice:{catalogue}:forgotten 2000");

    const enum catalogue_status status =
        pair->one->operations->changes(pair->one, &revision, &count, on_counted, &error);

    assert_int_equal(status, CATALOGUE_OK);
    assert_int_equal(count, 1);
    assert_true(revision > 2500);
}

static void a_redis_that_is_away_is_found_again(void **state)
{
    struct catalogue_pair *pair = *state;
    struct pepper pepper = {.bytes = {1}};
    struct app *app = NULL;
    struct error error = {0};
    int64_t revision = 0;

    redis_server_kill(server);
    assert_false(answers(pair->one));
    assert_int_equal(settle_pepper(pair->one, &pepper, &error), CATALOGUE_UNAVAILABLE);
    assert_int_equal(pair->one->operations->app_load(pair->one, "app_a00000000000", &app, &error),
                     CATALOGUE_UNAVAILABLE);
    assert_int_equal(pair->one->operations->changes(pair->one, &revision, NULL, NULL, &error),
                     CATALOGUE_UNAVAILABLE);
    assert_string_not_equal(error.message, "");
    redis_server_restart(server);

    WAIT_FOR (10, answers(pair->one))
        ;
    sample_app(pair->one, 'a');
}

static void a_redis_that_hangs_is_not_waited_for(void **state)
{
    struct catalogue_pair *pair = *state;
    assert_true(answers(pair->one));

    redis_server_pause(server);
    bool answered = answers(pair->one);
    redis_server_continue(server);

    assert_false(answered);
    WAIT_FOR (10, answers(pair->one))
        ;
}

/* What Redis has read from its clients, how often, this question included. */
static long count_reads(void)
{
    static const char name[] = "total_reads_processed:";
    const redisReply *stats = redis_server_command(server, "INFO stats");
    const char *found = strstr(stats->str, name);

    assert_non_null(found);
    return strtol(found + strlen(name), NULL, 10);
}

/* Each is a way to Redis and back, twice a second, and after each look-up in vain. */
static void a_look_at_the_catalogue_takes_two_exchanges(void **state)
{
    struct catalogue_pair *pair = *state;
    struct catalogue_mark mark;
    struct error error = {0};
    const struct catalogue_operations *operations = pair->one->operations;
    assert_int_equal(operations->mark_read(pair->one, 0, &mark, &error), CATALOGUE_OK);
    const long before = count_reads();

    assert_int_equal(operations->mark_read(pair->one, 0, &mark, &error), CATALOGUE_OK);

    assert_int_equal(count_reads() - before, 2 + 1);
}

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_keys_are_in_one_slot_of_a_cluster, setup, teardown),
        cmocka_unit_test_setup_teardown(a_policy_that_cannot_be_read_is_skipped_and_can_be_replaced,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(the_newest_version_of_a_policy_that_is_there_twice_counts,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(revisions_grow_although_redis_has_lost_its_last_writes,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(revisions_grow_although_the_clock_has_gone_back, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(damage_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(a_malformed_id_of_an_app_is_damage, setup, teardown),
        cmocka_unit_test_setup_teardown(the_pepper_is_read_where_nothing_can_be_written, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(revisions_that_are_damaged_stop_neither_changes_nor_writes,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_revision_that_nobody_has_given_hides_none_that_follow,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_last_revision_that_no_clock_reaches_is_not_gone_on_from,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(what_no_reply_can_hold_costs_no_more_than_itself, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(entries_that_nobody_has_listed_hide_no_apps, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(more_changes_than_one_reply_lists_are_all_seen, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_redis_that_is_away_is_found_again, setup, teardown),
        cmocka_unit_test_setup_teardown(a_redis_that_hangs_is_not_waited_for, setup, teardown),
        cmocka_unit_test_setup_teardown(a_look_at_the_catalogue_takes_two_exchanges, setup,
                                        teardown),
    };

    return catalogue_cases_run(setup, teardown) + cmocka_run_group_tests(tests, NULL, NULL);
}

static int run_on_server(void)
{
    topologies[0] = topology_at(redis_server_unix_url(server));
    topologies[1] = topology_at(redis_server_tcp_url(server));
    return run_all();
}

/* No thread looks for the nodes, which stay. */
static int run_on_cluster(void)
{
    struct redis_server *single = server;
    struct redis_cluster *cluster = redis_cluster_start(2, 0);
    const int slot = redis_cluster_slot(cluster, "{catalogue}");
    struct error error = {0};

    server = redis_cluster_node(cluster, redis_cluster_owner(cluster, slot));
    for (size_t i = 0; i < ARRAY_COUNT(topologies); i++)
        topologies[i] = topology_at(redis_cluster_url(cluster));
    int failed = redis_topology_look(topologies[0], &error) ? run_all() : 1;
    redis_cluster_stop(cluster);
    server = single;
    return failed;
}

int main(void)
{
    if (redis_group_open(NULL) != 0)
        return EXIT_FAILURE;
    const int failed = run_on_server() + run_on_cluster();
    (void)redis_group_close(NULL);
    return failed;
}
