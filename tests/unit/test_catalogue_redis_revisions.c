/* SPDX-License-Identifier: MIT
 *
 * Revisions in Redis grow whatever is there, and no change is hidden by what is not one. */
#include "catalogue_case.h"
#include "redis_pair.h"

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

static int run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(revisions_grow_although_redis_has_lost_its_last_writes,
                                        redis_pair_open, redis_pair_close),
        cmocka_unit_test_setup_teardown(revisions_grow_although_the_clock_has_gone_back,
                                        redis_pair_open, redis_pair_close),
        cmocka_unit_test_setup_teardown(revisions_that_are_damaged_stop_neither_changes_nor_writes,
                                        redis_pair_open, redis_pair_close),
        cmocka_unit_test_setup_teardown(a_revision_that_nobody_has_given_hides_none_that_follow,
                                        redis_pair_open, redis_pair_close),
        cmocka_unit_test_setup_teardown(a_last_revision_that_no_clock_reaches_is_not_gone_on_from,
                                        redis_pair_open, redis_pair_close),
        cmocka_unit_test_setup_teardown(entries_that_nobody_has_listed_hide_no_apps,
                                        redis_pair_open, redis_pair_close),
        cmocka_unit_test_setup_teardown(more_changes_than_one_reply_lists_are_all_seen,
                                        redis_pair_open, redis_pair_close),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
    return redis_pair_run(run);
}
