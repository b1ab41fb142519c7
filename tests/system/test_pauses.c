/* SPDX-License-Identifier: MIT
 *
 * A service that is stopped for longer than it waits for Redis, while Redis runs on. When the
 * service goes on, the replies have arrived. */
#include "base/clock.h"
#include "base/duration.h"
#include "scrape.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/raw.h"
#include "support/wait.h"
#include "support/world.h"

#include <unistd.h>

#define WAIT_SECONDS 60
#define CHECKS       8
#define TIMEOUT_MS   2000 /* the checks must reach Redis within this time */
#define CALLS        "sluice_store_calls_total"

static long long times_decided(struct redis_server *redis)
{
    const char *info = redis_server_command(redis, "INFO commandstats")->str;
    const char *calls = strstr(info, "cmdstat_evalsha:calls=");

    return calls == NULL ? 0 : strtoll(strchr(calls, '=') + 1, NULL, 10);
}

/* Redis has read one command of a connection, and the others wait behind it. */
static bool holds_calls(struct redis_server *redis)
{
    const char *info = redis_server_command(redis, "INFO clients")->str;

    return strstr(info, "blocked_clients:0\r\n") == NULL;
}

static void send_checks(const struct service *service, const char *api_key, int fds[CHECKS])
{
    for (int i = 0; i < CHECKS; i++) {
        char body[128];
        char request[512];
        const int body_bytes =
            snprintf(body, sizeof(body), "{\"user_id\":\"user %d\",\"route_key\":\"/any\"}", i);
        const int bytes = snprintf(request, sizeof(request),
                                   "POST /check HTTP/1.1\r\nHost: localhost\r\nX-API-Key: %s\r\n"
                                   "Content-Length: %d\r\n\r\n%s",
                                   api_key, body_bytes, body);

        fds[i] = raw_connect(service_port(service));
        raw_send(fds[i], request, (size_t)bytes);
    }
}

static void expect_answers(const int fds[CHECKS])
{
    for (int i = 0; i < CHECKS; i++) {
        struct raw_reply reply;

        raw_receive(fds[i], WAIT_SECONDS, &reply);
        assert_int_equal(reply.status, 200);
        assert_non_null(strstr(reply.text, "\"remaining\":9"));
        assert_null(strstr(reply.text, "degraded"));
        (void)close(fds[i]);
    }
}

static void stand_still_while_redis_answers(const struct service *service,
                                            struct redis_server *redis)
{
    const long long decided = times_decided(redis);

    service_pause(service);
    (void)redis_server_command(redis, "CLIENT UNPAUSE");
    WAIT_FOR (WAIT_SECONDS, times_decided(redis) >= decided + CHECKS)
        ;
    const int64_t until_us = clock_monotonic_us() + TIMEOUT_MS * MILLISECOND_US;
    WAIT_FOR (WAIT_SECONDS, clock_monotonic_us() > until_us)
        ;
    service_continue(service);
}

static void replies_that_came_while_it_stood_still_count(void **state)
{
    static const char *const flags[] = {"--workers", "1", NULL};
    char timeout_ms[16];
    const struct world *world = *state;
    struct service_options options = world_options(world);
    (void)snprintf(timeout_ms, sizeof(timeout_ms), "%d", TIMEOUT_MS);
    options.redis_timeout_ms = timeout_ms;
    options.flags = flags;
    struct service *service = service_start(&options);
    struct client *tenant = tenant_new(service);
    tenant_policy(tenant, "{'route_key':'/any','limit':10,'window_seconds':86400}");
    int fds[CHECKS];

    (void)redis_server_command(world->redis, "CLIENT PAUSE %d WRITE", WAIT_SECONDS * 1000);
    send_checks(service, client_key(tenant), fds);
    WAIT_FOR (WAIT_SECONDS,
              scrape_figure(tenant, "sluice_http_requests_in_progress", "") >= CHECKS &&
                  holds_calls(world->redis))
        ;
    stand_still_while_redis_answers(service, world->redis);

    expect_answers(fds);
    assert_true(scrape_figure(tenant, CALLS, "result=\"late\"") == 0);
    assert_true(scrape_figure(tenant, CALLS, "result=\"down\"") == 0);
    assert_true(scrape_figure(tenant, "sluice_store_breakers_open", "") == 0);
    assert_true(scrape_figure(tenant, "sluice_degraded_decisions_total", "by=\"local\"") == 0);
    assert_true(scrape_figure(tenant, "sluice_store_replies_kept_waiting_total", "") >= CHECKS);
    client_free(tenant);
    service_stop(service);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_that_came_while_it_stood_still_count),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open_engine, world_close));
}
