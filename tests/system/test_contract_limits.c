/* SPDX-License-Identifier: MIT
 *
 * The algorithms as a caller meets them, in real time, and several limits at once. */
#include "base/clock.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/wait.h"
#include "support/world.h"

#define WAIT_SECONDS 20

static void a_fixed_window_ends_when_it_said(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limit':1,'window_seconds':1}");
    EXPECT(client_check(tenant, "alice", "/a"), 200, NULL);
    int64_t asked_us = clock_monotonic_us();
    const struct reply *denied = client_check(tenant, "alice", "/a");
    EXPECT(denied, 429, NULL);
    int64_t retry_ms = reply_integer(denied, "retry_after_ms");

    WAIT_FOR (WAIT_SECONDS, client_check(tenant, "alice", "/a")->status == 200)
        ;

    /* The denial was decided after it was asked for and the last check before its answer was here,
     * so less time than this cannot have passed between them. */
    assert_true(clock_monotonic_us() - asked_us >= (retry_ms - 1) * 1000);
    client_free(tenant);
}

static void denials_and_looks_do_not_prolong_a_fixed_window(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limit':1,'window_seconds':2}");
    EXPECT(client_check(tenant, "alice", "/a"), 200, NULL);
    const struct reply *denied = client_check(tenant, "alice", "/a");
    EXPECT(denied, 429, NULL);
    int64_t least_ms = reply_integer(denied, "retry_after_ms");

    while (client_look(tenant, "alice", "/a")->status == 200) {
        const struct reply *reply = client_check(tenant, "alice", "/a");
        if (reply->status == 200)
            break;
        assert_true(reply_integer(reply, "retry_after_ms") <= least_ms);
        least_ms = reply_integer(reply, "retry_after_ms");
    }

    EXPECT(client_look(tenant, "alice", "/a"), 200, "{'remaining':0}");
    client_free(tenant);
}

static void a_token_bucket_starts_full_and_refills(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','algorithm':'token_bucket','limit':20,"
                          "'window_seconds':10}");
    EXPECT(client_post(tenant, "/check", "{'user_id':'alice','route_key':'/a','cost':20}"), 200,
           "{'algorithm':'token_bucket','limit':20}");
    int64_t asked_us = clock_monotonic_us();
    const struct reply *denied =
        client_post(tenant, "/check", "{'user_id':'alice','route_key':'/a','cost':5}");
    EXPECT(denied, 429, "{'reason':'Rate limit exceeded'}");
    int64_t retry_ms = reply_integer(denied, "retry_after_ms");
    assert_in_range(retry_ms, 1, 2500);

    /* Polling must not starve the refill. */
    WAIT_FOR (
        WAIT_SECONDS,
        client_post(tenant, "/check", "{'user_id':'alice','route_key':'/a','cost':5}")->status ==
            200)
        ;

    assert_true(clock_monotonic_us() - asked_us >= (retry_ms - 1) * 1000);
    client_free(tenant);
}

static void a_token_bucket_holds_its_burst(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','algorithm':'token_bucket','limit':1,"
                          "'window_seconds':3600,'burst':3}");

    const struct reply *first = client_check(tenant, "alice", "/a");
    EXPECT(first, 200, "{'limit':3,'remaining':2}");
    EXPECT_FIELD(first, "RateLimit-Policy", "\"default\";q=1;w=3600;sluice-burst=3");
    EXPECT(client_check(tenant, "alice", "/a"), 200, "{'remaining':1}");
    EXPECT(client_check(tenant, "alice", "/a"), 200, "{'remaining':0}");
    EXPECT(client_check(tenant, "alice", "/a"), 429, "{'remaining':0}");
    EXPECT(client_post(tenant, "/check", "{'user_id':'alice','route_key':'/a','cost':4}"), 429,
           "{'reason':'Cost exceeds the limit'}");
    client_free(tenant);
}

static void a_leaky_bucket_tells_whom_it_lets_in_to_wait(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','algorithm':'leaky_bucket','limit':1,"
                          "'window_seconds':3600,'burst':3}");

    const struct reply *first = client_check(tenant, "alice", "/a");
    EXPECT(first, 200, "{'algorithm':'leaky_bucket','limit':3,'remaining':2}");
    assert_null(reply_at(first, "delay_ms"));
    const struct reply *second = client_check(tenant, "alice", "/a");
    EXPECT(second, 200, "{'remaining':1,'retry_after':null}");
    assert_in_range(reply_integer(second, "delay_ms"), 1, 3600000);
    const struct reply *third = client_check(tenant, "alice", "/a");
    EXPECT(third, 200, "{'remaining':0}");
    assert_in_range(reply_integer(third, "delay_ms"), 3600001, 7200000);
    const struct reply *denied = client_check(tenant, "alice", "/a");
    EXPECT(denied, 429, "{'remaining':0,'reason':'Rate limit exceeded'}");
    assert_null(reply_at(denied, "delay_ms"));
    assert_in_range(reply_integer(denied, "retry_after_ms"), 1, 3600000);
    client_free(tenant);
}

static void several_limits_are_charged_all_or_none(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limits':["
                          "{'name':'wide','limit':10,'window_seconds':3600},"
                          "{'name':'narrow','limit':2,'window_seconds':1800},"
                          "{'name':'bucket','algorithm':'token_bucket','limit':5,"
                          " 'window_seconds':31536000}]}");
    EXPECT(client_check(tenant, "alice", "/a"), 200, NULL);
    EXPECT(client_check(tenant, "alice", "/a"), 200,
           "{'limit':2,'remaining':0,'limits':["
           "{'name':'wide','limit':10,'remaining':8},"
           "{'name':'narrow','limit':2,'remaining':0},"
           "{'name':'bucket','limit':5,'remaining':3}]}");

    for (int i = 0; i < 5; i++)
        EXPECT(client_check(tenant, "alice", "/a"), 429, "{'limit':2,'remaining':0}");

    const struct reply *look = client_look(tenant, "alice", "/a");
    EXPECT(look, 200,
           "{'limits':[{'name':'wide','remaining':8},{'name':'narrow','remaining':0},"
           "{'name':'bucket','remaining':3}]}");
    EXPECT_FIELD(look, "RateLimit-Policy",
                 "\"wide\";q=10;w=3600, \"narrow\";q=2;w=1800, \"bucket\";q=5;w=31536000");
    client_free(tenant);
}

static void a_cost_is_taken_from_every_limit(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limits':["
                          "{'limit':10,'window_seconds':3600},{'limit':4,'window_seconds':1800}]}");

    EXPECT(client_post(tenant, "/check", "{'user_id':'alice','route_key':'/a','cost':3}"), 200,
           "{'limits':[{'name':'1','remaining':7},{'name':'2','remaining':1}]}");
    EXPECT(client_post(tenant, "/check", "{'user_id':'alice','route_key':'/a','cost':5}"), 429,
           "{'reason':'Cost exceeds the limit','retry_after':null,"
           " 'limits':[{'remaining':7},{'remaining':1}]}");
    client_free(tenant);
}

static void every_counter_in_redis_expires(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/window','limit':2,'window_seconds':60}");
    tenant_policy(tenant, "{'route_key':'/bucket','algorithm':'token_bucket','limit':2,"
                          "'window_seconds':60}");
    for (int i = 0; i < 4; i++) {
        EXPECT(client_check(tenant, "alice", "/window"), i < 2 ? 200 : 429, NULL);
        EXPECT(client_check(tenant, "alice", "/bucket"), i < 2 ? 200 : 429, NULL);
        EXPECT(client_look(tenant, "bob", "/window"), 200, NULL);
    }

    if (world->redis != NULL) {
        const redisReply *reply = redis_server_command(
            world->redis, "EVAL %s 0",
            "local worst = 0 "
            "for _, key in ipairs(redis.call('KEYS', 'sluice:{*}:*:*')) do "
            "  local left = redis.call('PTTL', key) "
            "  if left < 0 or left > 121000 then "
            "    if redis.call('TYPE', key).ok == 'string' then worst = worst + 1 end "
            "  end "
            "end "
            "return worst");
        assert_int_equal(reply->integer, 0);
    }
    client_free(tenant);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_counter_in_redis_expires),
        cmocka_unit_test(a_fixed_window_ends_when_it_said),
        cmocka_unit_test(denials_and_looks_do_not_prolong_a_fixed_window),
        cmocka_unit_test(a_token_bucket_starts_full_and_refills),
        cmocka_unit_test(a_token_bucket_holds_its_burst),
        cmocka_unit_test(a_leaky_bucket_tells_whom_it_lets_in_to_wait),
        cmocka_unit_test(several_limits_are_charged_all_or_none),
        cmocka_unit_test(a_cost_is_taken_from_every_limit),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open, world_close));
}
