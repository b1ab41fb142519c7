/* SPDX-License-Identifier: MIT
 *
 * "wait": true holds an answer with a delay until its turn has come. When it is given, to whom it
 * is not, what a client may do meanwhile, and how many are held. If a turn must not come during a
 * test, it is an hour away. */
#include "base/clock.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/raw.h"
#include "support/wait.h"
#include "support/world.h"

#include <sys/socket.h>
#include <unistd.h>

#define WAIT_SECONDS 20
#define HOLD_MS_MAX  30000
/* An hour, less the time that a busy machine may need for an answer. So the answer did not wait. */
#define WHOLE_HOUR_MS (3600000 - WAIT_SECONDS * 1000)
/* During the test the engine's clock and ours may drift apart by so much. */
#define DRIFT_US 1000

/* One turn per 100 ms, and one per hour. */
#define FAST "{'route_key':'/fast','algorithm':'leaky_bucket','rate':'10/s','burst':100}"
#define SLOW "{'route_key':'/slow','algorithm':'leaky_bucket','rate':'1/h','burst':100}"

#define WAITS(route) "{'user_id':'ada','route_key':'" route "','wait':true}"
#define LOOKS(route) "{'user_id':'ada','route_key':'" route "','wait':true,'cost':0}"

static struct client *tenant_with_queues(const struct service *service)
{
    struct client *tenant = tenant_new(service);

    tenant_policy(tenant, FAST);
    tenant_policy(tenant, SLOW);
    return tenant;
}

/* A service with one worker. */
static struct service *start_with_places(const struct world *world, const char *places)
{
    const char *const flags[] = {"--workers", "1", "--waiting-max", places, NULL};
    struct service_options options = world_options(world);

    options.flags = flags;
    return service_start(&options);
}

/* Fills the queue so that the next turn is `turns` away. Returns the time before that. */
static int64_t queue_up(struct client *tenant, const char *route, int turns)
{
    int64_t before_us = clock_monotonic_us();

    EXPECT(
        client_post(tenant, "/check", "{'user_id':'ada','route_key':'%s','cost':%d}", route, turns),
        200, "{'allowed':true}");
    return before_us;
}

static void expect_ms_since(int64_t before_us, int64_t ms)
{
    assert_true(clock_monotonic_us() - before_us >= ms * 1000 - DRIFT_US);
}

static int64_t left_on(struct client *tenant, const char *route)
{
    return reply_integer(client_look(tenant, "ada", route), "remaining");
}

static void send_waiting(int fd, const struct client *tenant, const char *route)
{
    char body[128];
    char request[512];

    (void)snprintf(body, sizeof(body), "{\"user_id\":\"ada\",\"route_key\":\"%s\",\"wait\":true}",
                   route);
    int length = snprintf(request, sizeof(request),
                          "POST /check HTTP/1.1\r\nHost: localhost\r\nX-API-Key: %s\r\n"
                          "Content-Length: %zu\r\n\r\n%s",
                          client_key(tenant), strlen(body), body);
    raw_send(fd, request, (size_t)length);
}

/* Sends a check on a new connection. Returns once it was decided, and so is held. The queue must
 * not move meanwhile. */
static int begin_hold(const struct service *service, struct client *tenant, const char *route)
{
    int fd = raw_connect(service_port(service));
    int64_t left = left_on(tenant, route);

    send_waiting(fd, tenant, route);
    WAIT_FOR (WAIT_SECONDS, left_on(tenant, route) == left - 1)
        ;
    return fd;
}

/* The answer has come long before its turn. */
static void expect_rest(int fd)
{
    static const char delay[] = "\"delay_ms\":";
    struct raw_reply reply;

    raw_receive(fd, WAIT_SECONDS, &reply);
    assert_int_equal(reply.status, 200);
    const char *found = strstr(reply.text, delay);
    assert_non_null(found);
    assert_in_range(strtol(found + strlen(delay), NULL, 10), WHOLE_HOUR_MS, 3600000);
}

static void expect_whole_wait(int fd, int64_t before_us, int64_t ms)
{
    struct raw_reply reply;

    raw_receive(fd, WAIT_SECONDS, &reply);
    expect_ms_since(before_us, ms);
    assert_int_equal(reply.status, 200);
    assert_non_null(strstr(reply.text, "\"allowed\":true"));
    assert_null(strstr(reply.text, "delay_ms"));
}

static void a_check_that_waits_is_answered_when_its_turn_has_come(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_with_queues(world->service);
    int64_t before_us = queue_up(tenant, "/fast", 3);

    const struct reply *reply = client_post(tenant, "/check", WAITS("/fast"));

    expect_ms_since(before_us, 300);
    EXPECT(reply, 200, "{'allowed':true,'reset_in':1}");
    assert_null(reply_at(reply, "delay_ms"));
    client_free(tenant);
}

static void each_waits_for_its_own_turn(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_with_queues(world->service);
    int fds[3];
    int64_t before_us = queue_up(tenant, "/fast", 3);

    for (int i = 0; i < 3; i++) {
        fds[i] = raw_connect(service_port(world->service));
        send_waiting(fds[i], tenant, "/fast");
    }

    /* The order of the decisions does not matter: so many answers mean that so many turns have
     * come. */
    for (int i = 0; i < 3; i++) {
        expect_whole_wait(fds[i], before_us, 300 + 100 * i);
        (void)close(fds[i]);
    }
    client_free(tenant);
}

static void nobody_else_waits(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    const struct reply *reply = NULL;
    tenant_policy(tenant, "{'route_key':'/slow','algorithm':'leaky_bucket','rate':'1/h',"
                          "'burst':2}");
    tenant_policy(tenant, "{'route_key':'/shadow','algorithm':'leaky_bucket','rate':'1/h',"
                          "'burst':2,'mode':'shadow'}");
    tenant_policy(tenant, "{'route_key':'/off','algorithm':'leaky_bucket','rate':'1/h',"
                          "'is_active':false}");

    reply = client_post(tenant, "/check", WAITS("/slow")); /* the first in the queue, so no delay */
    EXPECT(reply, 200, "{'allowed':true}");
    assert_null(reply_at(reply, "delay_ms"));
    reply = client_check(tenant, "ada", "/slow"); /* does not ask to wait */
    EXPECT(reply, 200, "{'allowed':true}");
    assert_in_range(reply_integer(reply, "delay_ms"), WHOLE_HOUR_MS, 3600000);
    EXPECT(client_post(tenant, "/check", WAITS("/slow")), 429, "{'allowed':false}");
    EXPECT(client_post(tenant, "/check", LOOKS("/slow")), 200, "{'remaining':0}");
    EXPECT(client_check(tenant, "ada", "/shadow"), 200, "{'shadow':true}");
    reply = client_post(tenant, "/check", WAITS("/shadow"));
    EXPECT(reply, 200, "{'allowed':true,'shadow':true}");
    assert_in_range(reply_integer(reply, "delay_ms"), WHOLE_HOUR_MS, 3600000);
    EXPECT(client_post(tenant, "/check", WAITS("/off")), 200, "{'allowed':true}");
    EXPECT(client_post(tenant, "/check", "{'user_id':'ada','route_key':'/slow','wait':false}"), 429,
           NULL);
    client_free(tenant);
}

static void beyond_the_bound_a_check_is_refused_and_charges_nothing(void **state)
{
    const struct world *world = *state;
    struct service *service = start_with_places(world, "1");
    struct client *tenant = tenant_with_queues(service);
    (void)queue_up(tenant, "/slow", 1);
    EXPECT(client_post(tenant, "/check", LOOKS("/slow")), 200, "{'remaining':99}");

    int fd = begin_hold(service, tenant, "/slow");

    const struct reply *refused = client_post(tenant, "/check", WAITS("/slow"));
    EXPECT_PROBLEM(refused, 503, "wait for their turn");
    EXPECT_FIELD(refused, "Retry-After", "1");
    EXPECT_PROBLEM(client_post(tenant, "/check", LOOKS("/fast")), 503, "wait for their turn");
    EXPECT(client_check(tenant, "ada", "/slow"), 200, "{'remaining':97}");
    (void)close(fd);
    client_free(tenant);
    service_stop(service);
}

static void an_app_that_waits_in_crowds_leaves_places_to_others(void **state)
{
    const struct world *world = *state;
    struct service *service = start_with_places(world, "4");
    struct client *crowd = tenant_with_queues(service);
    struct client *other = tenant_with_queues(service);
    int fds[3];
    (void)queue_up(crowd, "/slow", 1);
    (void)queue_up(other, "/slow", 1);

    fds[0] = begin_hold(service, crowd, "/slow");
    fds[1] = begin_hold(service, crowd, "/slow");
    EXPECT_PROBLEM(client_post(crowd, "/check", WAITS("/slow")), 503, "wait for their turn");
    fds[2] = begin_hold(service, other, "/slow");

    for (size_t i = 0; i < ARRAY_COUNT(fds); i++) {
        struct raw_reply reply;

        assert_int_equal(shutdown(fds[i], SHUT_WR), 0);
        raw_receive(fds[i], WAIT_SECONDS, &reply);
        assert_int_equal(reply.status, 200);
        (void)close(fds[i]);
    }
    client_free(crowd);
    client_free(other);
    service_stop(service);
}

static void without_places_no_check_may_wait(void **state)
{
    const struct world *world = *state;
    struct service *service = start_with_places(world, "0");
    struct client *tenant = tenant_with_queues(service);

    EXPECT_PROBLEM(client_post(tenant, "/check", WAITS("/fast")), 503, "wait for their turn");
    EXPECT(client_check(tenant, "ada", "/fast"), 200, "{'remaining':99}");
    client_free(tenant);
    service_stop(service);
}

/* The ways in which a client can leave. */
static void leave(int fd, bool aborts)
{
    const struct linger linger = {.l_onoff = aborts};

    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), 0);
    assert_int_equal(close(fd), 0);
}

static void a_client_that_leaves_frees_its_place_and_has_paid(void **state)
{
    const struct world *world = *state;
    struct service *service = start_with_places(world, "1");
    struct client *tenant = tenant_with_queues(service);
    (void)queue_up(tenant, "/slow", 1);

    for (int aborts = 0; aborts < 2; aborts++) {
        int fd = begin_hold(service, tenant, "/slow");
        EXPECT_PROBLEM(client_post(tenant, "/check", LOOKS("/slow")), 503, NULL);

        leave(fd, aborts);

        WAIT_FOR (WAIT_SECONDS, client_post(tenant, "/check", LOOKS("/slow"))->status == 200)
            ;
    }
    EXPECT(client_look(tenant, "ada", "/slow"), 200, "{'remaining':97}");
    client_free(tenant);
    service_stop(service);
}

static void a_client_that_half_closes_is_answered_with_the_rest(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_with_queues(world->service);
    (void)queue_up(tenant, "/slow", 1);
    int fd = begin_hold(world->service, tenant, "/slow");

    assert_int_equal(shutdown(fd, SHUT_WR), 0);

    expect_rest(fd);
    (void)close(fd);
    client_free(tenant);
}

/* How many logged decisions charged something. */
static int charges_logged(struct client *tenant)
{
    const struct reply *reply = client_get(tenant, "/logs/latest?limit=1000");
    const json_t *entry = NULL;
    size_t i = 0;
    int count = 0;

    EXPECT(reply, 200, NULL);
    json_array_foreach (reply->json, i, entry)
        count += json_integer_value(json_object_get(entry, "cost")) > 0;
    return count;
}

static void a_check_that_waits_is_logged_once_when_it_is_decided(void **state)
{
    const struct world *world = *state;
    struct service *service = start_with_places(world, "1");
    struct client *tenant = tenant_with_queues(service);
    (void)queue_up(tenant, "/slow", 1);
    int fd = begin_hold(service, tenant, "/slow");

    assert_int_equal(charges_logged(tenant), 2);

    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    expect_rest(fd);
    assert_int_equal(charges_logged(tenant), 2);
    (void)close(fd);
    client_free(tenant);
    service_stop(service);
}

static void the_end_answers_those_who_wait(void **state)
{
    const struct world *world = *state;
    const struct service_options options = world_options(world);
    struct service *service = service_start(&options);
    struct client *tenants[2];
    int fds[2];
    for (int i = 0; i < 2; i++) {
        tenants[i] = tenant_with_queues(service);
        (void)queue_up(tenants[i], "/slow", 1);
        fds[i] = begin_hold(service, tenants[i], "/slow");
    }

    service_begin_stop(service);

    for (int i = 0; i < 2; i++) {
        expect_rest(fds[i]);
        (void)close(fds[i]);
        client_free(tenants[i]);
    }
    assert_int_equal(service_finish_stop(service), 0);
}

static void the_connection_serves_on_after_a_hold(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_with_queues(world->service);
    int fd = raw_connect(service_port(world->service));
    int64_t before_us = queue_up(tenant, "/fast", 1);

    send_waiting(fd, tenant, "/fast");
    expect_whole_wait(fd, before_us, 100);
    send_waiting(fd, tenant, "/fast");
    expect_whole_wait(fd, before_us, 200);

    (void)close(fd);
    client_free(tenant);
}

static void what_is_pipelined_behind_a_hold_is_answered_after_it(void **state)
{
    static const char next[] =
        "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    const struct world *world = *state;
    struct client *tenant = tenant_with_queues(world->service);
    struct raw_reply reply;
    int fd = raw_connect(service_port(world->service));
    int64_t before_us = queue_up(tenant, "/fast", 2);

    send_waiting(fd, tenant, "/fast");
    raw_send(fd, next, strlen(next));
    raw_receive_until(fd, "\"status\":\"ok\"", WAIT_SECONDS, &reply);

    expect_ms_since(before_us, 200);
    const char *first = strstr(reply.text, "HTTP/1.1 200");
    assert_non_null(first);
    assert_null(strstr(reply.text, "delay_ms"));
    const char *second = strstr(first + 1, "HTTP/1.1 200");
    assert_non_null(second);
    assert_true(strstr(reply.text, "\"allowed\":true") < second);
    (void)close(fd);
    client_free(tenant);
}

static void a_hold_is_not_idle_time(void **state)
{
    static const char *const flags[] = {"--idle-timeout-s", "1", NULL};
    const struct world *world = *state;
    struct service_options options = world_options(world);
    options.flags = flags;
    struct service *service = service_start(&options);
    struct client *tenant = tenant_with_queues(service);
    int fd = raw_connect(service_port(service));
    int64_t before_us = queue_up(tenant, "/fast", 25);

    send_waiting(fd, tenant, "/fast");

    expect_whole_wait(fd, before_us, 2500);
    (void)close(fd);
    client_free(tenant);
    service_stop(service);
}

static void a_turn_is_kept_without_redis_too(void **state)
{
    const struct world *world = *state;
    if (world->redis == NULL)
        skip();
    struct service_options options = world_options(world);
    options.redis_timeout_ms = "50";
    struct service *service = service_start(&options);
    struct client *tenant = tenant_with_queues(service);
    redis_server_pause(world->redis);
    int64_t before_us = queue_up(tenant, "/fast", 3);

    const struct reply *reply = client_post(tenant, "/check", WAITS("/fast"));

    expect_ms_since(before_us, 300);
    EXPECT(reply, 200, "{'allowed':true,'degraded':true}");
    assert_null(reply_at(reply, "delay_ms"));
    redis_server_continue(world->redis);
    client_free(tenant);
    service_stop(service);
}

static void a_hold_ends_after_thirty_seconds(void **state)
{
    const struct world *world = *state;
    if (world->redis != NULL)
        skip(); /* it takes half a minute, so one engine is enough */
    struct client *tenant = tenant_with_queues(world->service);
    struct raw_reply reply;
    (void)queue_up(tenant, "/slow", 1);
    int64_t before_us = clock_monotonic_us();
    int fd = begin_hold(world->service, tenant, "/slow");

    raw_receive(fd, HOLD_MS_MAX / 1000 + WAIT_SECONDS, &reply);

    expect_ms_since(before_us, HOLD_MS_MAX);
    assert_int_equal(reply.status, 200);
    assert_non_null(strstr(reply.text, "\"delay_ms\":35"));
    (void)close(fd);
    client_free(tenant);
}

static void wait_is_true_or_false_and_of_a_single_check(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_with_queues(world->service);

    EXPECT_PROBLEM(
        client_post(tenant, "/check", "{'user_id':'ada','route_key':'/fast','wait':'yes'}"), 422,
        "/wait");
    EXPECT_PROBLEM(client_post(tenant, "/check", "{'user_id':'ada','route_key':'/fast','wait':1}"),
                   422, "/wait");
    EXPECT(client_post(tenant, "/check/batch", "{'checks':[" WAITS("/fast") "]}"), 200,
           "{'results':[{'status':422,'errors':[{'pointer':'/checks/0/wait'}]}]}");
    EXPECT(client_look(tenant, "ada", "/fast"), 200, "{'remaining':100}");
    client_free(tenant);
}

static void wait_where_nothing_delays_is_refused_and_charges_nothing(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/window','limit':2,'window_seconds':3600}");
    tenant_policy(tenant, "{'route_key':'/tried','rate':'2/h','algorithm':'token_bucket',"
                          "'candidate':{'rate':'2/h','algorithm':'leaky_bucket'}}");
    tenant_policy(tenant, "{'route_key':'/mixed','limits':[{'name':'day','rate':'9/d'},"
                          "{'name':'pace','rate':'2/h','algorithm':'leaky_bucket'}]}");

    EXPECT_PROBLEM(client_post(tenant, "/check", WAITS("/window")), 422, "as leaky_bucket does");
    EXPECT(client_post(tenant, "/check", WAITS("/tried")), 422, "{'errors':[{'pointer':'/wait'}]}");
    EXPECT(client_post(tenant, "/check", WAITS("/mixed")), 200, "{'allowed':true}");
    EXPECT(client_post(tenant, "/check", "{'user_id':'ada','route_key':'/window','wait':false}"),
           200, "{'remaining':1}");
    EXPECT(client_look(tenant, "ada", "/tried"), 200, "{'remaining':2}");
    client_free(tenant);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_check_that_waits_is_answered_when_its_turn_has_come),
        cmocka_unit_test(each_waits_for_its_own_turn),
        cmocka_unit_test(nobody_else_waits),
        cmocka_unit_test(beyond_the_bound_a_check_is_refused_and_charges_nothing),
        cmocka_unit_test(an_app_that_waits_in_crowds_leaves_places_to_others),
        cmocka_unit_test(without_places_no_check_may_wait),
        cmocka_unit_test(a_client_that_leaves_frees_its_place_and_has_paid),
        cmocka_unit_test(a_client_that_half_closes_is_answered_with_the_rest),
        cmocka_unit_test(a_check_that_waits_is_logged_once_when_it_is_decided),
        cmocka_unit_test(the_end_answers_those_who_wait),
        cmocka_unit_test(the_connection_serves_on_after_a_hold),
        cmocka_unit_test(what_is_pipelined_behind_a_hold_is_answered_after_it),
        cmocka_unit_test(a_hold_is_not_idle_time),
        cmocka_unit_test(a_turn_is_kept_without_redis_too),
        cmocka_unit_test(a_hold_ends_after_thirty_seconds),
        cmocka_unit_test(wait_where_nothing_delays_is_refused_and_charges_nothing),
        cmocka_unit_test(wait_is_true_or_false_and_of_a_single_check),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open, world_close));
}
