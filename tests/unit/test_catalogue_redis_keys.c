/* SPDX-License-Identifier: MIT
 *
 * Somebody else uses the Redis keys that belong to the catalogue. */
#include "captured.h"
#include "catalogue_cases.h"
#include "support/redis_group.h"
#include "support/topologies.h"

#define KEYS "sluice:{catalogue}:keys"

static int setup(void **state)
{
    (void)redis_group_empty(state);
    *state = catalogue_redis_new(topology_at(redis_server_unix_url(server)));
    sample_app(*state, 'a');
    (void)redis_server_command(server, "DEL " KEYS);
    (void)redis_server_command(server, "LPUSH " KEYS " x");
    return 0;
}

static int teardown(void **state)
{
    struct catalogue_backend *backend = *state;

    backend->operations->free(backend);
    return 0;
}

static enum catalogue_status look_up(struct catalogue_backend *backend, char letter)
{
    const struct key_digest key = sample_digest((uint8_t)letter);
    char app_id[APP_ID_BYTES + 1];
    struct error error = {0};

    return backend->operations->app_find(backend, &key, app_id, &error);
}

static void a_look_up_finds_none(void **state)
{
    assert_int_equal(look_up(*state, 'a'), CATALOGUE_ABSENT);
}

static void an_app_is_created_all_the_same(void **state)
{
    sample_app(*state, 'b');

    assert_int_equal(look_up(*state, 'b'), CATALOGUE_OK);
}

static void a_key_is_replaced_all_the_same(void **state)
{
    struct catalogue_backend *backend = *state;
    const struct key_digest key = sample_digest('n');
    struct error error = {0};

    assert_int_equal(backend->operations->app_rekey(backend, "app_a00000000000", &key, &error),
                     CATALOGUE_OK);

    assert_int_equal(look_up(backend, 'n'), CATALOGUE_OK);
}

static void an_app_is_deleted_all_the_same(void **state)
{
    struct catalogue_backend *backend = *state;
    struct app *app = NULL;
    struct error error = {0};

    assert_int_equal(backend->operations->app_remove(backend, "app_a00000000000", &error),
                     CATALOGUE_OK);

    assert_int_equal(backend->operations->app_load(backend, "app_a00000000000", &app, &error),
                     CATALOGUE_ABSENT);
}

static void what_was_in_their_place_is_logged_once(void **state)
{
    struct captured captured;

    capture_begin(&captured);
    sample_app(*state, 'b');
    sample_app(*state, 'c');
    const int told = capture_end(&captured, "\"event\":\"catalogue key replaced\",\"key\":\"" KEYS);

    assert_int_equal(told, 1);
}

/* The fault is that app's alone: the index of all keys stays. */
static void an_app_of_another_type_takes_no_keys_away(void **state)
{
    struct catalogue_backend *backend = *state;
    struct app *app = NULL;
    struct error error = {0};
    sample_app(backend, 'b');
    (void)redis_server_command(server, "SET sluice:{catalogue}:app:app_a00000000000 text");

    assert_int_equal(backend->operations->app_load(backend, "app_a00000000000", &app, &error),
                     CATALOGUE_DAMAGED);

    assert_int_equal(look_up(backend, 'b'), CATALOGUE_OK);
}

/* On a replica, for example. */
static void where_nothing_can_be_written_they_stay(void **state)
{
    (void)redis_server_command(server, "REPLICAOF 127.0.0.1 1");
    const enum catalogue_status status = look_up(*state, 'a');
    (void)redis_server_command(server, "REPLICAOF NO ONE");

    assert_int_equal(status, CATALOGUE_DAMAGED);
    assert_int_equal(look_up(*state, 'a'), CATALOGUE_ABSENT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_look_up_finds_none),
        TEST(an_app_is_created_all_the_same),
        TEST(a_key_is_replaced_all_the_same),
        TEST(an_app_is_deleted_all_the_same),
        TEST(what_was_in_their_place_is_logged_once),
        TEST(an_app_of_another_type_takes_no_keys_away),
        TEST(where_nothing_can_be_written_they_stay),
    };
#undef TEST

    return cmocka_run_group_tests(tests, redis_group_open, redis_group_close);
}
