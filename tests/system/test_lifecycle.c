/* SPDX-License-Identifier: MIT
 *
 * Signals, restarts, and the apps that a file declares. */
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/load.h"
#include "support/raw.h"
#include "support/scratch.h"
#include "support/wait.h"
#include "support/world.h"

#include <unistd.h>

#define WAIT_SECONDS 20
#define UNLIMITED    "register_limit: \"off\"\nmanage_limit: \"off\"\n"
#define BODY         "{\"user_id\":\"alice\",\"route_key\":\"/a\"}"
#define CALLS        50

static struct client *tenant_with_policy(const struct service *service)
{
    struct client *tenant = tenant_new(service);

    tenant_policy(tenant, "{'route_key':'/a','limit':1000000000,'window_seconds':31536000}");
    return tenant;
}

/* A service that has got SIGTERM while its checks wait for a paused Redis. */
struct stopping {
    struct service *service;
    struct client *tenant;
    int fds[CALLS];
};

static void stop_with_checks_waiting(const struct world *world, const char *const flags[],
                                     struct stopping *stopping)
{
    struct service_options options = world_options(world);

    options.flags = flags;
    stopping->service = service_start(&options);
    stopping->tenant = tenant_with_policy(stopping->service);
    for (int i = 0; i < CALLS; i++)
        stopping->fds[i] = raw_begin_check(service_port(stopping->service),
                                           client_key(stopping->tenant), strlen(BODY));
    redis_server_pause(world->redis);
    for (int i = 0; i < CALLS; i++)
        raw_send(stopping->fds[i], BODY, strlen(BODY));
    service_begin_stop(stopping->service);
    WAIT_FOR (WAIT_SECONDS, service_count_events(stopping->service, "draining") == 1)
        ;
}

static void stopping_close(struct stopping *stopping)
{
    for (int i = 0; i < CALLS; i++)
        (void)close(stopping->fds[i]);
    client_free(stopping->tenant);
}

static void requests_under_way_are_answered_before_the_end(void **state)
{
    const struct world *world = *state;
    const struct service_options options = world_options(world);
    struct service *service = service_start(&options);
    struct client *tenant = tenant_with_policy(service);
    int fds[CALLS];
    for (int i = 0; i < CALLS; i++)
        fds[i] = raw_begin_check(service_port(service), client_key(tenant), strlen(BODY));

    service_begin_stop(service);
    WAIT_FOR (WAIT_SECONDS, service_count_events(service, "draining") == 1)
        ;
    for (int i = 0; i < CALLS; i++)
        raw_send(fds[i], BODY, strlen(BODY));

    for (int i = 0; i < CALLS; i++) {
        struct raw_reply reply = {0};
        raw_receive(fds[i], WAIT_SECONDS, &reply);
        assert_int_equal(reply.status, 200);
        assert_non_null(strstr(reply.text, "\"allowed\":true"));
        (void)close(fds[i]);
    }
    assert_int_equal(service_finish_stop(service), 0);
    client_free(tenant);
}

static void a_request_that_never_ends_does_not_prevent_the_end(void **state)
{
    const struct world *world = *state;
    const struct service_options options = world_options(world);
    struct service *service = service_start(&options);
    struct client *tenant = tenant_with_policy(service);
    int fd = raw_begin_check(service_port(service), client_key(tenant), strlen(BODY));

    service_begin_stop(service);

    assert_int_equal(service_finish_stop(service), 0);
    (void)close(fd);
    client_free(tenant);
}

static void checks_that_wait_for_redis_are_answered_before_the_end(void **state)
{
    const struct world *world = *state;
    struct stopping stopping;
    if (world->redis == NULL)
        skip();
    stop_with_checks_waiting(world, NULL, &stopping);

    redis_server_continue(world->redis);

    for (int i = 0; i < CALLS; i++) {
        struct raw_reply reply = {0};
        raw_receive(stopping.fds[i], WAIT_SECONDS, &reply);
        assert_int_equal(reply.status, 200);
        assert_null(strstr(reply.text, "degraded"));
    }
    assert_int_equal(service_finish_stop(stopping.service), 0);
    stopping_close(&stopping);
}

static void the_end_waits_for_answers_no_longer_than_the_drain_timeout(void **state)
{
    static const char *const flags[] = {"--drain-timeout-s", "1", NULL};
    const struct world *world = *state;
    struct stopping stopping;
    if (world->redis == NULL)
        skip();

    stop_with_checks_waiting(world, flags, &stopping);

    assert_int_equal(service_finish_stop(stopping.service), 1);
    redis_server_continue(world->redis);
    stopping_close(&stopping);
}

/* Otherwise any client could make each stop slow, and it would look like a failed one. */
static void the_end_does_not_wait_for_who_does_not_read(void **state)
{
    static const char *const flags[] = {"--drain-timeout-s", "60", NULL};
    static const char request[] = "GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: a\r\n\r\n";
    struct service_options options = world_options(*state);
    struct raw_reply reply = {0};
    options.flags = flags;
    struct service *service = service_start(&options);
    int fd = raw_connect(service_port(service));
    for (int i = 0; i < 20; i++)
        raw_send(fd, request, sizeof request - 1);
    raw_receive_until(fd, "HTTP/1.1 200", WAIT_SECONDS, &reply);

    service_begin_stop(service);

    assert_int_equal(service_finish_stop(service), 0);
    (void)close(fd);
}

static void a_second_signal_ends_it_at_once(void **state)
{
    const struct world *world = *state;
    struct stopping stopping;
    if (world->redis == NULL)
        skip();
    stop_with_checks_waiting(world, NULL, &stopping);

    service_begin_stop(stopping.service);

    assert_int_equal(service_finish_stop(stopping.service), 128 + 15);
    redis_server_continue(world->redis);
    stopping_close(&stopping);
}

static void a_reload_applies_a_good_file_and_keeps_out_a_bad_one(void **state)
{
    const struct world *world = *state;
    struct service_options options = world_options(world);
    char config[SCRATCH_PATH_BYTES];
    scratch_file("config", UNLIMITED, config);
    options.config = config;
    struct service *service = service_start(&options);
    struct client *client = tenant_with_policy(service);

    scratch_rewrite(config, UNLIMITED "registration: closed\n");
    service_reload(service);
    WAIT_FOR (WAIT_SECONDS, service_count_events(service, "reloaded") == 1)
        ;
    EXPECT_PROBLEM(client_post(client, "/register", "{'name':'Late'}"), 403, NULL);

    scratch_rewrite(config, UNLIMITED "registration: sometimes\n");
    service_reload(service);
    WAIT_FOR (WAIT_SECONDS, service_count_events(service, "reload refused") == 1)
        ;
    EXPECT_PROBLEM(client_post(client, "/register", "{'name':'Late'}"), 403, NULL);

    scratch_rewrite(config, UNLIMITED "memory_counters_max: 2048\n");
    service_reload(service);
    WAIT_FOR (WAIT_SECONDS, service_count_events(service, "reloaded") == 2)
        ;
    service_expect_events(service, "setting needs a restart", 1);
    EXPECT(client_post(client, "/register", "{'name':'In time'}"), 201, NULL);
    EXPECT(client_check(client, "alice", "/a"), 200, NULL);
    client_free(client);
    service_stop(service);
}

static void settings_that_need_a_restart_are_named_for_as_long_as_they_do(void **state)
{
    const struct world *world = *state;
    struct service_options options = world_options(world);
    static const struct {
        const char *yaml;
        int warnings; /* including those of the reloads before */
    } reloads[] = {
        {UNLIMITED "drain_timeout_s: 11\n", 1},
        {UNLIMITED "drain_timeout_s: 11\n", 2},
        {UNLIMITED "drain_timeout_s: 12\nwaiting_max: 7\nlog_level: debug\n", 4},
        {UNLIMITED "drain_timeout_s: 12\nwaiting_max: 7\n", 6},
        {UNLIMITED, 6},
    };
    char config[SCRATCH_PATH_BYTES];
    scratch_file("config", UNLIMITED, config);
    options.config = config;
    struct service *service = service_start(&options);

    for (size_t i = 0; i < ARRAY_COUNT(reloads); i++) {
        scratch_rewrite(config, reloads[i].yaml);
        service_reload(service);
        WAIT_FOR (WAIT_SECONDS, service_count_events(service, "reloaded") == (int)i + 1)
            ;
        assert_int_equal(service_count_events(service, "setting needs a restart"),
                         reloads[i].warnings);
    }
    assert_true(scratch_contains(service_log(service),
                                 "\"setting\":\"waiting_max\",\"in_force\":\"1000\","
                                 "\"configured\":\"7\",\"configured_by\":\""));
    service_stop(service);
}

static void reloads_disturb_no_request(void **state)
{
    const struct world *world = *state;
    struct service_options options = world_options(world);
    char config[SCRATCH_PATH_BYTES];
    scratch_file("config", UNLIMITED, config);
    options.config = config;
    struct service *service = service_start(&options);
    struct client *tenant = tenant_with_policy(service);
    const struct load_options load_options = {.port = service_port(service),
                                              .api_key = client_key(tenant),
                                              .routes = {"/a"},
                                              .threads = 4};
    struct load *load = load_begin(&load_options);

    for (int i = 1; i <= 20; i++) {
        service_reload(service);
        WAIT_FOR (WAIT_SECONDS, service_count_events(service, "reloaded") == i)
            ;
    }

    struct load_summary summary = load_end(load);
    client_free(tenant);
    service_stop(service);
    assert_int_equal(summary.failed, 0);
    assert_true(summary.allowed > 0);
}

static void a_crash_loses_no_key_no_policy_and_with_redis_no_count(void **state)
{
    const struct world *world = *state;
    struct service_options options = world_options(world);
    char data_dir[SCRATCH_PATH_BYTES];
    scratch_directory("kept", data_dir);
    options.data_dir = data_dir;
    struct service *service = service_start(&options);
    struct client *before = tenant_new(service);
    tenant_policy(before, "{'route_key':'/a','limit':3,'window_seconds':31536000}");
    EXPECT(client_check(before, "alice", "/a"), 200, NULL);
    EXPECT(client_check(before, "alice", "/a"), 200, NULL);

    service_kill(service);
    service = service_start(&options);

    struct client *after = stranger_new(service);
    client_set_key(after, client_key(before));
    EXPECT(client_get(after, "/policy"), 200, "[{'route_key':'/a','version':1,'limit':3}]");
    EXPECT(client_check(after, "alice", "/a"), 200,
           world->redis == NULL ? "{'remaining':2}" : "{'remaining':0}");
    client_free(before);
    client_free(after);
    service_stop(service);
}

static void the_file_declares_apps_and_a_reload_changes_their_policies(void **state)
{
    const struct world *world = *state;
    static const char apps[] = UNLIMITED "apps:\n"
                                         "  - name: Shop\n"
                                         "    api_key_file: %s\n"
                                         "    policies:\n"
                                         "      - {route_key: /a, limit: %d, window_seconds: 60}\n";
    struct service_options options = world_options(world);
    char key_file[SCRATCH_PATH_BYTES];
    char config[SCRATCH_PATH_BYTES];
    char text[1024];
    char *key = service_new_key(key_file);
    (void)snprintf(text, sizeof(text), apps, key_file, 5);
    scratch_file("config", text, config);
    options.config = config;

    struct service *service = service_start(&options);
    struct client *shop = stranger_new(service);
    client_set_key(shop, key);
    WAIT_FOR (WAIT_SECONDS, client_look(shop, "alice", "/a")->status == 200)
        ;
    EXPECT(client_check(shop, "alice", "/a"), 200, "{'limit':5,'remaining':4}");
    (void)snprintf(text, sizeof(text), apps, key_file, 7);
    scratch_rewrite(config, text);
    service_reload(service);
    WAIT_FOR (WAIT_SECONDS, reply_integer(client_look(shop, "alice", "/a"), "limit") == 7)
        ;

    EXPECT(client_check(shop, "alice", "/a"), 200, "{'remaining':5,'policy_version':2}");
    free(key);
    client_free(shop);
    service_stop(service);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_under_way_are_answered_before_the_end),
        cmocka_unit_test(a_request_that_never_ends_does_not_prevent_the_end),
        cmocka_unit_test(checks_that_wait_for_redis_are_answered_before_the_end),
        cmocka_unit_test(the_end_waits_for_answers_no_longer_than_the_drain_timeout),
        cmocka_unit_test(the_end_does_not_wait_for_who_does_not_read),
        cmocka_unit_test(a_second_signal_ends_it_at_once),
        cmocka_unit_test(a_reload_applies_a_good_file_and_keeps_out_a_bad_one),
        cmocka_unit_test(settings_that_need_a_restart_are_named_for_as_long_as_they_do),
        cmocka_unit_test(reloads_disturb_no_request),
        cmocka_unit_test(a_crash_loses_no_key_no_policy_and_with_redis_no_count),
        cmocka_unit_test(the_file_declares_apps_and_a_reload_changes_their_policies),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open_engine, world_close));
}
