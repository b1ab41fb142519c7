/* SPDX-License-Identifier: MIT
 *
 * A Redis that is away, hangs, or is full. */
#include "catalogue_case.h"
#include "redis_pair.h"
#include "support/wait.h"

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

static bool answers(struct catalogue_backend *backend)
{
    struct key_digest key = sample_digest(0);
    char app_id[APP_ID_BYTES + 1];
    struct error error = {0};

    return backend->operations->app_find(backend, &key, app_id, &error) != CATALOGUE_UNAVAILABLE;
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

static int run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_pepper_is_read_where_nothing_can_be_written,
                                        redis_pair_open, redis_pair_close),
        cmocka_unit_test_setup_teardown(a_redis_that_is_away_is_found_again, redis_pair_open,
                                        redis_pair_close),
        cmocka_unit_test_setup_teardown(a_redis_that_hangs_is_not_waited_for, redis_pair_open,
                                        redis_pair_close),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
    return redis_pair_run(run);
}
