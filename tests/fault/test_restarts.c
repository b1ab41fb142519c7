/* SPDX-License-Identifier: MIT
 *
 * Instances end and come back, cleanly or not, under a steady load. What was answered stays
 * counted, what was saved stays saved, and a client that tries again never fails. */
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/load.h"
#include "support/raw.h"
#include "support/scratch.h"
#include "support/wait.h"
#include "support/world.h"

#include <unistd.h>

#define WAIT_SECONDS 30
#define ROUNDS       3
#define KILLS        20
#define PER_SECOND   300
#define CONNECTIONS  4
#define ROUND_CHECKS 50
#define ATTEMPTS_MAX 4000 /* enough until an instance is back, even on a busy machine */
#define LISTEN_BYTES 32

static struct client *tenant_with_policy(const struct service *service)
{
    struct client *tenant = tenant_new(service);

    tenant_policy(tenant, "{'route_key':'/a','limit':1000000000,'window_seconds':31536000}");
    return tenant;
}

static struct load *load_that_tries_again(int port, const struct client *tenant)
{
    const struct load_options options = {
        .port = port,
        .api_key = client_key(tenant),
        .routes = {"/a"},
        .threads = CONNECTIONS,
        .per_second = PER_SECOND,
        .attempts_max = ATTEMPTS_MAX,
        .counted_user = "load",
        .denying_route = "none",
    };

    return load_begin(&options);
}

static void expect_nothing_lost(const struct load_summary *summary)
{
    print_message("%ld checks, %ld attempts were made again, %ld answers came without Redis\n",
                  summary->checks, summary->retried, summary->degraded);
    load_expect_answered(summary);
    load_expect_counted(summary, false);
}

static void a_rolling_restart_of_two_on_one_port_fails_no_client_that_tries_again(void **state)
{
    const struct world *world = *state;
    struct service_options options = world_options(world);
    struct service *services[2] = {service_start(&options)};
    char listen[LISTEN_BYTES];
    const int port = service_port(services[0]);
    (void)snprintf(listen, sizeof(listen), "127.0.0.1:%d", port);
    const char *const flags[] = {"--listen", listen, "--share-address", "true", NULL};
    options.flags = flags;
    services[1] = service_start(&options);
    struct client *tenant = tenant_with_policy(services[0]);
    struct load *load = load_that_tries_again(port, tenant);

    for (int i = 0; i < ROUNDS * (int)ARRAY_COUNT(services); i++) {
        struct service **next = &services[i % (int)ARRAY_COUNT(services)];
        load_wait_for_checks(load, ROUND_CHECKS, WAIT_SECONDS);
        service_stop(*next);
        *next = service_start(&options);
    }
    load_wait_for_checks(load, ROUND_CHECKS, WAIT_SECONDS);

    struct load_summary summary = load_end(load);
    client_free(tenant);
    service_stop(services[0]);
    service_stop(services[1]);
    expect_nothing_lost(&summary);
}

/* Begins to save a policy, and the instance is killed meanwhile. The policy is saved or it is
 * not. */
static int begin_policy(int port, const struct client *tenant, int number)
{
    char request[512];
    char body[128];
    int fd = raw_connect(port);

    (void)snprintf(body, sizeof(body), "{'route_key':'/perhaps/%d','limit':1,'window_seconds':60}",
                   number);
    int length = snprintf(request, sizeof(request),
                          "POST /policy HTTP/1.1\r\nHost: localhost\r\nX-API-Key: %s\r\n"
                          "Content-Length: %zu\r\n\r\n%s",
                          client_key(tenant), strlen(body), quotes(body));
    raw_send(fd, request, (size_t)length);
    return fd;
}

static bool has_policy(json_t *policies, const char *route)
{
    size_t i;
    json_t *policy;

    json_array_foreach (policies, i, policy) {
        if (strcmp(json_string_value(json_object_get(policy, "route_key")), route) == 0)
            return true;
    }
    return false;
}

static void kill_again_and_again(const struct world *world, const char *catalogue)
{
    struct service_options options = world_options(world);
    char data_dir[SCRATCH_PATH_BYTES];
    char listen[LISTEN_BYTES];
    const char *const flags[] = {"--catalogue", catalogue, "--listen", listen, NULL};
    scratch_directory("kept", data_dir);
    (void)snprintf(listen, sizeof(listen), "127.0.0.1:0");
    options.data_dir = data_dir;
    options.flags = flags;
    struct service *service = service_start(&options);
    const int port = service_port(service);
    (void)snprintf(listen, sizeof(listen), "127.0.0.1:%d", port);
    struct client *tenant = tenant_with_policy(service);
    struct load *load = load_that_tries_again(port, tenant);

    for (int i = 0; i < KILLS; i++) {
        load_wait_for_checks(load, ROUND_CHECKS, WAIT_SECONDS);
        tenant_policy(tenant, "{'route_key':'/kept/%d','limit':1,'window_seconds':60}", i);
        int fd = begin_policy(port, tenant, i);
        service_kill(service);
        (void)close(fd);
        service = service_start(&options);
    }
    load_wait_for_checks(load, ROUND_CHECKS, WAIT_SECONDS);

    struct load_summary summary = load_end(load);
    const struct reply *reply = client_get(tenant, "/policy");
    EXPECT(reply, 200, NULL);
    assert_true(has_policy(reply->json, "/a"));
    for (int i = 0; i < KILLS; i++) {
        char route[32];
        (void)snprintf(route, sizeof(route), "/kept/%d", i);
        assert_true(has_policy(reply->json, route));
    }
    client_free(tenant);
    service_stop(service);
    expect_nothing_lost(&summary);
    assert_true(summary.retried > 0);
}

static void twenty_kills_lose_no_count_and_no_policy_in_a_file(void **state)
{
    char directory[SCRATCH_PATH_BYTES];
    char catalogue[SCRATCH_PATH_BYTES + 32];

    scratch_directory("catalogue", directory);
    (void)snprintf(catalogue, sizeof(catalogue), "sqlite:%s/sluice.db", directory);
    kill_again_and_again(*state, catalogue);
}

static void twenty_kills_lose_no_count_and_no_policy_in_redis(void **state)
{
    kill_again_and_again(*state, "redis");
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rolling_restart_of_two_on_one_port_fails_no_client_that_tries_again),
        cmocka_unit_test(twenty_kills_lose_no_count_and_no_policy_in_a_file),
        cmocka_unit_test(twenty_kills_lose_no_count_and_no_policy_in_redis),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open_engine, world_close));
}
