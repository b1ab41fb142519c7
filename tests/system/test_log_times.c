/* SPDX-License-Identifier: MIT
 *
 * The times of the log: by the clock that decides. In Redis that is Redis', whatever the clocks of
 * the instances show. In memory it is the wall's, also after somebody has set that. */
#include "base/clock.h"
#include "base/duration.h"
#include "moved_instance.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/wait.h"
#include "support/world.h"

#define WAIT_SECONDS 30
#define CHECKS       20
/* Between an entry's `time` and its milliseconds. */
#define SECONDS_LENGTH strlen("2026-11-21T14:12:15.")

static void assert_times_agree(json_t *entry)
{
    const int64_t time_us = json_integer_value(json_object_get(entry, "time_us"));
    const char *time = json_string_value(json_object_get(entry, "time"));

    assert_int_equal(json_integer_value(json_object_get(entry, "timestamp")), time_us / SECOND_US);
    assert_int_equal(strtol(time + SECONDS_LENGTH, NULL, 10), time_us / MILLISECOND_US % SECOND_MS);
}

/* Checks once more. Whether its entry has the time of a wall that is so far ahead. */
static bool is_logged_ahead(struct client *tenant, int64_t ahead_us)
{
    const int64_t before_us = clock_wall_us();

    EXPECT(client_check(tenant, "ada", "/r"), 200, NULL);
    const struct reply *logs = client_get(tenant, "/logs/latest?limit=1");
    const int64_t time_us = reply_integer(logs, "0.time_us") - ahead_us;

    assert_times_agree(json_array_get(logs->json, 0));
    return time_us > before_us - SECOND_US && time_us < clock_wall_us() + SECOND_US;
}

static void in_memory_the_log_follows_a_wall_that_is_set(void **state)
{
    static const int64_t ahead_us[] = {0, HOUR_US, 48 * HOUR_US, 2 * SECOND_US, 0};
    const struct world *world = *state;
    if (world->redis != NULL)
        skip();
    const struct moved_instance moved = moved_instance_start(world_options(world), 0);
    struct client *tenant = tenant_new(moved.service);

    tenant_policy(tenant, "{'route_key':'/r','limit':1000000,'window_seconds':3600}");
    for (size_t i = 0; i < ARRAY_COUNT(ahead_us); i++) {
        moved_instance_step(&moved, ahead_us[i]);
        WAIT_FOR (WAIT_SECONDS, is_logged_ahead(tenant, ahead_us[i]))
            ;
    }

    client_free(tenant);
    moved_instance_stop(&moved);
}

/* With a catalogue of its own, which goes by the clock of the Redis that it is in. */
static struct service *start_on(const struct redis_server *redis)
{
    char directory[SCRATCH_PATH_BYTES];
    char catalogue[SCRATCH_PATH_BYTES + 32];
    const char *const flags[] = {"--catalogue", catalogue, NULL};
    const struct service_options options = {.redis_url = redis_server_unix_url(redis),
                                            .flags = flags};

    scratch_directory("catalogue", directory);
    (void)snprintf(catalogue, sizeof(catalogue), "sqlite:%s/sluice.db", directory);
    return service_start(&options);
}

/* Its clock is two years ahead, stands still, and is set back, which hides nothing. Usage goes by
 * the clock here. */
static void in_redis_an_entry_has_redis_time_to_the_microsecond(void **state)
{
    const struct world *world = *state;
    if (world->redis == NULL)
        skip();
    struct redis_server *redis = redis_server_start_clocked();
    struct service *service = start_on(redis);
    struct client *tenant = tenant_new(service);
    const int64_t start_us = clock_wall_us() + 2 * YEAR_S * SECOND_US;
    const int64_t asked_us[] = {start_us, start_us + 7, start_us - HOUR_US};

    tenant_policy(tenant, "{'route_key':'/r','limit':100,'window_seconds':3600}");
    for (size_t i = 0; i < ARRAY_COUNT(asked_us); i++) {
        redis_server_set_clock(redis, asked_us[i]);
        EXPECT(client_check(tenant, "ada", "/r"), 200, NULL);
    }

    const struct reply *logs = client_get(tenant, "/logs/latest");
    assert_int_equal(json_array_size(logs->json), ARRAY_COUNT(asked_us));
    for (size_t i = 0; i < ARRAY_COUNT(asked_us); i++) {
        json_t *entry = json_array_get(logs->json, ARRAY_COUNT(asked_us) - 1 - i);

        assert_int_equal(json_integer_value(json_object_get(entry, "time_us")), asked_us[i]);
        assert_times_agree(entry);
    }
    EXPECT(client_get(tenant, "/usage"), 200, "{'totals':{'allowed':3}}");

    client_free(tenant);
    service_stop(service);
    redis_server_stop(redis);
}

/* In the order in which they were asked, newest first. */
static void assert_in_order(struct client *client)
{
    const struct reply *logs;

    WAIT_FOR (WAIT_SECONDS,
              json_array_size((logs = client_get(client, "/logs/latest"))->json) == CHECKS)
        ;
    for (size_t i = 0; i < CHECKS; i++) {
        json_t *entry = json_array_get(logs->json, i);

        assert_int_equal(json_integer_value(json_object_get(entry, "cost")), CHECKS - i);
        assert_times_agree(entry);
    }
}

static void instances_whose_clocks_differ_have_one_order(void **state)
{
    const struct world *world = *state;
    if (world->redis == NULL)
        skip();
    const struct service_options options = world_options(world);
    struct service *service = service_start(&options);
    const struct moved_instance ahead = moved_instance_start(options, HOUR_US);
    struct client *here = tenant_new(service);
    struct client *there = stranger_new(ahead.service);

    client_set_key(there, client_key(here));
    tenant_policy(here, "{'route_key':'/r','limit':1000000,'window_seconds':3600}");
    WAIT_FOR (WAIT_SECONDS, json_array_size(client_get(there, "/policy")->json) == 1)
        ;
    for (int cost = 1; cost <= CHECKS; cost++) {
        EXPECT(client_post(cost % 2 == 0 ? here : there, "/check",
                           "{'user_id':'ada','route_key':'/r','cost':%d}", cost),
               200, NULL);
    }
    assert_in_order(here);
    assert_in_order(there);

    client_free(here);
    client_free(there);
    service_stop(service);
    moved_instance_stop(&ahead);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_memory_the_log_follows_a_wall_that_is_set),
        cmocka_unit_test(in_redis_an_entry_has_redis_time_to_the_microsecond),
        cmocka_unit_test(instances_whose_clocks_differ_have_one_order),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open_engine, world_close));
}
