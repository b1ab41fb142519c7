/* SPDX-License-Identifier: MIT
 *
 * A catalogue that was never reached, that is lost, or that belongs to another service. */
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/scratch.h"
#include "support/wait.h"
#include "support/world.h"

#include <unistd.h>

#define WAIT_SECONDS    30
#define PEPPER          "pepper of the test's own"
#define FILE_PATH_BYTES (SCRATCH_PATH_BYTES + 16)

static void a_catalogue_that_was_never_reached_is_not_ready(void **state)
{
    static const char *const flags[] = {"--catalogue", "redis", "--key-pepper", PEPPER, NULL};
    const struct world *world = *state;
    struct service_options options = world_options(world);
    options.flags = flags;
    options.not_ready = true;
    redis_server_kill(world->redis);

    struct service *service = service_start(&options);
    struct client *client = stranger_new(service);
    EXPECT(client_get(client, "/readyz"), 503, "{'status':'unavailable','catalogue':false}");
    redis_server_restart(world->redis);

    WAIT_FOR (WAIT_SECONDS, client_get(client, "/readyz")->status == 200)
        ;
    client_free(client);
    service_stop(service);
}

/* The counters are in memory, so the store is always there. */
static void a_store_that_is_there_does_not_make_up_for_the_apps(void **state)
{
    const struct world *world = *state;
    const char *const flags[] = {"--catalogue",  "redis", "--redis-url", world->redis_url,
                                 "--key-pepper", PEPPER,  NULL};
    struct service_options options = {.flags = flags, .not_ready = true};
    redis_server_kill(world->redis);

    struct service *service = service_start(&options);
    struct client *client = stranger_new(service);
    EXPECT(client_get(client, "/readyz"), 503,
           "{'status':'unavailable','store':true,'catalogue':false}");
    redis_server_restart(world->redis);

    WAIT_FOR (WAIT_SECONDS, client_get(client, "/readyz")->status == 200)
        ;
    client_free(client);
    service_stop(service);
}

static int64_t figure(struct client *client, const char *name)
{
    const struct reply *reply = client_get(client, "/metrics");
    char line[128];

    (void)snprintf(line, sizeof(line), "\n%s ", name);
    const char *at = strstr(reply->body, line);
    assert_non_null(at);
    return strtoll(at + strlen(line), NULL, 10);
}

static bool is_whole(struct client *client, int64_t losses)
{
    const struct reply *reply = client_get(client, "/readyz");

    return strcmp(reply_text(reply, "catalogue_identity"), "kept") == 0 &&
           reply_at(reply, "catalogue") == json_true() &&
           figure(client, "sluice_catalogue_losses_total") == losses;
}

static int allowed_of(struct client *client, int checks)
{
    int allowed = 0;

    for (int i = 0; i < checks; i++)
        allowed += client_check(client, "alice", "/five")->status == 200;
    return allowed;
}

/* Otherwise old and new instances would not know each other's keys, and would count under different
 * names. */
static void instances_stay_one_service_when_redis_comes_back_empty(void **state)
{
    const struct world *world = *state;
    const struct service_options options = world_options(world);
    struct service *first = service_start(&options);
    struct service *second = service_start(&options);
    struct client *here = tenant_new(first);
    struct client *there = stranger_new(second);
    client_set_key(there, client_key(here));
    tenant_policy(here, "{'route_key':'/five','limit':5,'window_seconds':3600}");
    WAIT_FOR (WAIT_SECONDS, json_array_size(client_get(there, "/policy")->json) == 1)
        ;

    redis_server_kill(world->redis);
    redis_server_restart(world->redis);
    WAIT_FOR (WAIT_SECONDS, is_whole(here, 1) && is_whole(there, 1))
        ;
    struct service *third = service_start(&options);
    struct client *late = stranger_new(third);
    client_set_key(late, client_key(here));
    EXPECT(client_get(late, "/policy"), 200, "[{'route_key':'/five','version':1}]");
    WAIT_FOR (WAIT_SECONDS, client_look(here, "bob", "/five")->status == 200 &&
                                reply_at(client_look(here, "bob", "/five"), "degraded") == NULL &&
                                reply_at(client_look(there, "bob", "/five"), "degraded") == NULL)
        ;

    int allowed = allowed_of(here, 3) + allowed_of(there, 3) + allowed_of(late, 3);

    assert_int_equal(allowed, 5);
    assert_int_equal(service_count_events(first, "catalogue lost") +
                         service_count_events(first, "catalogue replaced"),
                     1);
    client_free(here);
    client_free(there);
    client_free(late);
    service_stop(first);
    service_stop(second);
    service_stop(third);
}

static void an_instance_whose_catalogue_is_another_s_is_not_ready_and_goes_on(void **state)
{
    const struct world *world = *state;
    const struct service_options options = world_options(world);
    struct service *service = service_start(&options);
    struct client *client = tenant_new(service);
    tenant_policy(client, "{'route_key':'/five','limit':5,'window_seconds':3600}");

    (void)redis_server_command(world->redis, "EVAL %s 1 sluice:{catalogue}:pepper",
                               "redis.call('FLUSHALL') "
                               "redis.call('SET', KEYS[1], string.rep('x', 32))");
    WAIT_FOR (WAIT_SECONDS, reply_at(client_get(client, "/readyz"), "catalogue") == json_false())
        ;

    EXPECT(client_get(client, "/readyz"), 503,
           "{'status':'unavailable','catalogue':false,'catalogue_identity':'foreign'}");
    assert_int_equal(figure(client, "sluice_catalogue_foreign"), 1);
    service_expect_events(service, "catalogue is another's", 1);
    assert_int_equal(allowed_of(client, 6), 5);
    EXPECT_PROBLEM(client_post(client, "/policy", "{'route_key':'/x','rate':'1/s'}"), 503, NULL);
    client_free(client);
    service_stop(service);
}

/* A look whose answer does not come ends in time. Later ones are not begun. */
static void a_check_without_a_policy_is_answered_while_redis_hangs(void **state)
{
    const struct world *world = *state;
    const struct service_options options = world_options(world);
    struct service *service = service_start(&options);
    struct client *client = tenant_new(service);
    EXPECT_PROBLEM(client_check(client, "alice", "/none"), 404, NULL);

    redis_server_pause(world->redis);
    EXPECT_PROBLEM(client_check(client, "alice", "/none"), 404, NULL);
    WAIT_FOR (WAIT_SECONDS, figure(client, "sluice_catalogue_ready") == 0)
        ;
    const int64_t failed = figure(client, "sluice_second_looks_total{result=\"failed\"}");
    const int64_t refused = figure(client, "sluice_second_looks_total{result=\"refused\"}");
    for (int i = 0; i < 100; i++)
        EXPECT_PROBLEM(client_check(client, "alice", "/none"), 404, NULL);
    assert_int_equal(figure(client, "sluice_second_looks_total{result=\"failed\"}"), failed);
    assert_int_equal(figure(client, "sluice_second_looks_total{result=\"refused\"}"),
                     refused + 100);

    redis_server_continue(world->redis);
    WAIT_FOR (WAIT_SECONDS, client_get(client, "/readyz")->status == 200)
        ;
    client_free(client);
    service_stop(service);
}

static struct service *start_on_file(const struct world *world, const char *restores,
                                     char path[static FILE_PATH_BYTES])
{
    char directory[SCRATCH_PATH_BYTES];
    char catalogue[FILE_PATH_BYTES + 8];
    const char *const flags[] = {
        "--catalogue", catalogue, "--restore-catalogue", restores, "--sandbox", "true", NULL};
    struct service_options options = world_options(world);

    scratch_directory("file", directory);
    (void)snprintf(path, FILE_PATH_BYTES, "%s/sluice.db", directory);
    (void)snprintf(catalogue, sizeof(catalogue), "sqlite:%s", path);
    options.flags = flags;
    return service_start(&options);
}

static void a_catalogue_whose_file_is_deleted_is_put_back(void **state)
{
    const struct world *world = *state;
    char path[FILE_PATH_BYTES];
    struct service *service = start_on_file(world, "true", path);
    struct client *client = tenant_new(service);
    tenant_policy(client, "{'route_key':'/five','limit':5,'window_seconds':3600}");

    assert_int_equal(unlink(path), 0);
    WAIT_FOR (WAIT_SECONDS, is_whole(client, 1))
        ;

    assert_int_equal(access(path, R_OK), 0);
    service_expect_events(service, "catalogue file moved or deleted", 1);
    service_expect_events(service, "catalogue lost", 1);
    EXPECT(client_post(client, "/policy", "{'route_key':'/five','rate':'5/h'}"), 200, NULL);
    client_free(client);
    service_stop(service);
}

static void a_catalogue_whose_file_is_deleted_stays_lost_where_nothing_is_put_back(void **state)
{
    const struct world *world = *state;
    char path[FILE_PATH_BYTES];
    struct service *service = start_on_file(world, "false", path);
    struct client *client = tenant_new(service);
    tenant_policy(client, "{'route_key':'/five','limit':5,'window_seconds':3600}");

    assert_int_equal(unlink(path), 0);
    EXPECT_PROBLEM(client_post(client, "/policy", "{'route_key':'/x','rate':'1/s'}"), 503, NULL);
    WAIT_FOR (WAIT_SECONDS, figure(client, "sluice_catalogue_losses_total") == 1)
        ;

    const struct reply *ready = client_get(client, "/readyz");
    assert_string_equal(reply_text(ready, "catalogue_identity"), "lost");
    assert_ptr_equal(reply_at(ready, "catalogue"), json_false());
    service_expect_events(service, "catalogue lost", 1);
    assert_int_equal(allowed_of(client, 6), 5);
    EXPECT_PROBLEM(client_post(client, "/policy", "{'route_key':'/x','rate':'1/s'}"), 503, NULL);
    client_free(client);
    service_stop(service);
}

static void a_pepper_that_does_not_fit_is_refused_at_the_start(void **state)
{
    const struct world *world = *state;
    const struct service_options options = world_options(world);
    char directory[SCRATCH_PATH_BYTES];
    char *output = NULL;
    struct service *service = service_start(&options);
    service_stop(service);
    scratch_directory("unused", directory);

    int code =
        service_run_command((const char *const[]){"serve", "--listen", "127.0.0.1:0", "--data-dir",
                                                  directory, "--engine", "redis", "--redis-url",
                                                  world->redis_url, "--key-pepper", PEPPER, NULL},
                            &output);

    assert_int_equal(code, 78);
    assert_non_null(strstr(output, "kept under a pepper of its own"));
    free(output);
}

static void a_redis_that_may_evict_is_warned_of_once_for_apps_and_for_counters(void **state)
{
    const struct world *world = *state;
    const struct service_options options = world_options(world);
    (void)redis_server_command(world->redis,
                               "CONFIG SET maxmemory 100mb maxmemory-policy allkeys-lru");

    struct service *service = service_start(&options);
    struct client *client = tenant_new(service);
    tenant_policy(client, "{'route_key':'/five','limit':5,'window_seconds':3600}");
    EXPECT(client_check(client, "alice", "/five"), 200, NULL);
    WAIT_FOR (WAIT_SECONDS, service_count_events(service, "redis may evict") == 2)
        ;

    EXPECT(client_check(client, "alice", "/five"), 200, NULL);
    WAIT_FOR (WAIT_SECONDS, json_array_size(client_get(client, "/logs/latest")->json) == 2)
        ;
    service_expect_events(service, "redis may evict", 2);
    client_free(client);
    service_stop(service);
    (void)redis_server_command(world->redis, "CONFIG SET maxmemory 0 maxmemory-policy noeviction");
}

static int empty(void **state)
{
    const struct world *world = *state;

    (void)redis_server_command(world->redis, "FLUSHALL");
    return 0;
}

int main(int argc, char *argv[])
{
#define TEST(name) cmocka_unit_test_setup(name, empty)
    const struct CMUnitTest tests[] = {
        TEST(a_catalogue_that_was_never_reached_is_not_ready),
        TEST(a_store_that_is_there_does_not_make_up_for_the_apps),
        TEST(instances_stay_one_service_when_redis_comes_back_empty),
        TEST(an_instance_whose_catalogue_is_another_s_is_not_ready_and_goes_on),
        TEST(a_check_without_a_policy_is_answered_while_redis_hangs),
        TEST(a_catalogue_whose_file_is_deleted_is_put_back),
        TEST(a_catalogue_whose_file_is_deleted_stays_lost_where_nothing_is_put_back),
        TEST(a_pepper_that_does_not_fit_is_refused_at_the_start),
        TEST(a_redis_that_may_evict_is_warned_of_once_for_apps_and_for_counters),
    };
#undef TEST

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open_engine, world_close));
}
