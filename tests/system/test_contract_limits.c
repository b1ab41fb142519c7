/* SPDX-License-Identifier: MIT
 *
 * The algorithms as a caller sees them, and several limits at once. What they promise is in
 * test_invariants_http.c. */
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/world.h"

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

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_bucket_holds_its_burst),
        cmocka_unit_test(a_leaky_bucket_tells_whom_it_lets_in_to_wait),
        cmocka_unit_test(a_cost_is_taken_from_every_limit),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open, world_close));
}
