/* SPDX-License-Identifier: MIT
 *
 * What is answered without Redis: by checks, as the policy's on_store_error says, by the log, and
 * by the catalogue. tests/fault tests that answers come in time, and how it ends. */
#include "base/clock.h"
#include "base/duration.h"
#include "scrape.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/raw.h"
#include "support/wait.h"
#include "support/world.h"

#include <unistd.h>

#define WAIT_SECONDS  30
#define IMPATIENT_MS  "50" /* the default */
#define PATIENT_MS    "5000"
#define COUNT_LIMIT   1000000000
#define ASKERS        20
#define LOOK_HOLDS_US (100 * MILLISECOND_US) /* for so long a look answers all */

static struct service *start_with(const struct world *world, const char *timeout_ms)
{
    struct service_options options = world_options(world);
    const char *const flags[] = {"--workers", "1", NULL};

    options.flags = flags;
    options.catalogue_in_file = true;
    options.redis_timeout_ms = timeout_ms;
    return service_start(&options);
}

static struct service *start(const struct world *world)
{
    return start_with(world, IMPATIENT_MS);
}

static struct client *tenant_with_policies(const struct service *service)
{
    static const char *const modes[] = {"local", "allow", "deny"};
    struct client *tenant = tenant_new(service);

    for (size_t i = 0; i < ARRAY_COUNT(modes); i++)
        tenant_policy(tenant,
                      "{'route_key':'/%s','on_store_error':'%s','limit':%d,"
                      "'window_seconds':31536000}",
                      modes[i], modes[i], COUNT_LIMIT);
    tenant_policy(tenant, "{'route_key':'/three','limit':3,'window_seconds':31536000}");
    return tenant;
}

/* Only checks find out that Redis hangs. So it must check, because the breaker sometimes allows a
 * new attempt. */
static bool has_given_up_on_redis(struct client *tenant)
{
    (void)client_look(tenant, "anybody", "/local");
    const struct reply *reply = client_get(tenant, "/readyz");
    return reply->status == 200 && reply_at(reply, "store") == json_false() &&
           strcmp(reply_text(reply, "status"), "degraded") == 0;
}

static void expect_each_mode_without_redis(struct client *tenant)
{
    EXPECT(client_check(tenant, "alice", "/allow"), 200,
           "{'allowed':true,'degraded':true,'limit':null,'remaining':null}");
    const struct reply *denied = client_check(tenant, "alice", "/deny");
    EXPECT(denied, 429, "{'allowed':false,'degraded':true,'remaining':null,'retry_after':1}");
    EXPECT_FIELD(denied, "Retry-After", "1");
    for (int i = 0; i < 4; i++)
        EXPECT(client_check(tenant, "nobody else", "/three"), i < 3 ? 200 : 429,
               "{'degraded':true,'limit':3}");
    /* For a moment it still remembers that the store was there. */
    WAIT_FOR (WAIT_SECONDS,
              strcmp(reply_text(client_get(tenant, "/readyz"), "status"), "degraded") == 0)
        ;
    EXPECT(client_get(tenant, "/readyz"), 200, "{'status':'degraded','store':false}");
    EXPECT(client_get(tenant, "/livez"), 200, NULL);
}

static void each_mode_answers_as_it_says_when_redis_is_dead(void **state)
{
    const struct world *world = *state;
    struct service *service = start(world);
    struct client *tenant = tenant_with_policies(service);

    redis_server_kill(world->redis);
    WAIT_FOR (WAIT_SECONDS, has_given_up_on_redis(tenant))
        ;
    expect_each_mode_without_redis(tenant);

    redis_server_restart(world->redis);
    client_free(tenant);
    service_stop(service);
}

static void each_mode_answers_as_it_says_when_redis_hangs(void **state)
{
    const struct world *world = *state;
    struct service *service = start(world);
    struct client *tenant = tenant_with_policies(service);

    redis_server_pause(world->redis);
    WAIT_FOR (WAIT_SECONDS, has_given_up_on_redis(tenant))
        ;
    expect_each_mode_without_redis(tenant);

    redis_server_continue(world->redis);
    client_free(tenant);
    service_stop(service);
}

static void the_log_is_read_without_redis(void **state)
{
    const struct world *world = *state;
    struct service *service = start(world);
    struct client *tenant = tenant_with_policies(service);

    redis_server_kill(world->redis);
    EXPECT(client_check(tenant, "alice", "/local"), 200, "{'degraded':true}");
    const struct reply *logs = client_get(tenant, "/logs/latest");
    EXPECT(logs, 200, "[{'user_id':'alice','route':'/local','degraded':true}]");

    redis_server_restart(world->redis);
    client_free(tenant);
    service_stop(service);
}

static void a_catalogue_in_redis_that_is_away_delays_no_decision(void **state)
{
    const struct world *world = *state;
    struct service_options options = world_options(world);
    options.redis_timeout_ms = IMPATIENT_MS;
    struct service *service = service_start(&options);
    struct client *tenant = tenant_with_policies(service);

    redis_server_kill(world->redis);
    EXPECT(client_check(tenant, "alice", "/allow"), 200, "{'degraded':true}");
    EXPECT_PROBLEM(client_post(tenant, "/policy", "{'route_key':'/x','rate':'1/m'}"), 503, NULL);
    EXPECT_PROBLEM(client_post(tenant, "/register", "{'name':'Late'}"), 503, NULL);
    EXPECT(client_check(tenant, "alice", "/local"), 200, "{'degraded':true}");
    redis_server_restart(world->redis);
    WAIT_FOR (WAIT_SECONDS, client_post(tenant, "/register", "{'name':'New'}")->status == 201)
        ;

    client_free(tenant);
    service_stop(service);
}

/* Any client may ask, as often as it likes, and need not wait for the answer. */
static void many_who_ask_whether_it_is_ready_are_told_by_one_look(void **state)
{
    static const char request[] = "GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    const struct world *world = *state;
    struct service *service = start_with(world, PATIENT_MS);
    struct client *client = stranger_new(service);
    int fds[ASKERS];
    const double before = scrape_figure(client, "sluice_store_calls_total", "result=\"done\"");

    const int64_t stale_us = clock_monotonic_us() + 2 * LOOK_HOLDS_US;
    WAIT_FOR (WAIT_SECONDS, clock_monotonic_us() > stale_us)
        ;
    redis_server_pause(world->redis);
    for (size_t i = 0; i < ARRAY_COUNT(fds); i++) {
        fds[i] = raw_connect(service_port(service));
        raw_send(fds[i], request, strlen(request));
    }
    WAIT_FOR (WAIT_SECONDS, scrape_figure(client, "sluice_http_requests_in_progress", "") >= ASKERS)
        ;
    redis_server_continue(world->redis);

    for (size_t i = 0; i < ARRAY_COUNT(fds); i++) {
        struct raw_reply reply;
        raw_receive(fds[i], WAIT_SECONDS, &reply);
        assert_int_equal(reply.status, 200);
        assert_non_null(strstr(reply.text, "\"store\":true"));
        (void)close(fds[i]);
    }
    assert_true(scrape_figure(client, "sluice_store_calls_total", "result=\"done\"") == before + 1);
    client_free(client);
    service_stop(service);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_mode_answers_as_it_says_when_redis_is_dead),
        cmocka_unit_test(each_mode_answers_as_it_says_when_redis_hangs),
        cmocka_unit_test(the_log_is_read_without_redis),
        cmocka_unit_test(a_catalogue_in_redis_that_is_away_delays_no_decision),
        cmocka_unit_test(many_who_ask_whether_it_is_ready_are_told_by_one_look),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open_engine, world_close));
}
