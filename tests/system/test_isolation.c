/* SPDX-License-Identifier: MIT
 *
 * Apps share nothing, and different names never share a counter: invariant G8 (see
 * test_invariants_http.c). */
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/world.h"

#define POLICY "{'route_key':'/a','limit':3,'window_seconds':3600}"

static void g8_apps_share_no_counter(void **state)
{
    const struct world *world = *state;
    struct client *one = tenant_new(world->service);
    struct client *other = tenant_new(world->service);
    tenant_policy(one, POLICY);
    tenant_policy(other, POLICY);

    for (int i = 0; i < 4; i++)
        EXPECT(client_check(one, "alice", "/a"), i < 3 ? 200 : 429, NULL);

    EXPECT(client_check(other, "alice", "/a"), 200, "{'remaining':2}");
    EXPECT(client_post(other, "/reset", "{'user_id':'alice','route_key':'/a'}"), 200,
           "{'reset':1}");
    EXPECT(client_check(one, "alice", "/a"), 429, NULL);
    client_free(one);
    client_free(other);
}

static void logs_are_not_shared(void **state)
{
    const struct world *world = *state;
    struct client *one = tenant_new(world->service);
    struct client *other = tenant_new(world->service);
    tenant_policy(one, POLICY);
    tenant_policy(other, POLICY);

    EXPECT(client_check(one, "alice", "/a"), 200, NULL);

    EXPECT(client_get(other, "/logs/latest?user_id=alice"), 200, "[]");
    EXPECT(client_check(other, "bob", "/a"), 200, NULL);
    EXPECT(client_get(one, "/logs/latest"), 200, "[{'user_id':'alice'}]");
    EXPECT(client_get(other, "/logs/latest"), 200, "[{'user_id':'bob'}]");
    client_free(one);
    client_free(other);
}

static void policies_of_another_app_are_as_if_they_were_not(void **state)
{
    const struct world *world = *state;
    struct client *one = tenant_new(world->service);
    struct client *other = tenant_new(world->service);
    tenant_policy(one, POLICY);

    EXPECT(client_get(other, "/policy?route_key=/a"), 200, "[]");
    EXPECT_PROBLEM(client_check(other, "alice", "/a"), 404, NULL);
    EXPECT_PROBLEM(client_post(other, "/reset", "{'user_id':'alice','route_key':'/a'}"), 404, NULL);
    EXPECT_PROBLEM(client_delete(other, "/policy", "{'route_key':'/a'}"), 404, NULL);
    EXPECT(client_post(other, "/policy", "{'route_key':'/a','limit':9,'window_seconds':60}"), 201,
           "{'policy':{'version':1}}");
    EXPECT(client_check(one, "alice", "/a"), 200, "{'limit':3}");
    client_free(one);
    client_free(other);
}

/* Each subject must find its own counter untouched, whatever came before. */
static void expect_counters_of_their_own(struct client *tenant, const char *const subjects[],
                                         size_t count)
{
    for (size_t i = 0; i < count; i++) {
        EXPECT(client_post(tenant, "/check", "{%s}", subjects[i]), 200, "{'remaining':0}");
        EXPECT(client_post(tenant, "/check", "{%s}", subjects[i]), 429, NULL);
    }
}

static void g8_subjects_that_look_alike_are_not_one(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    static const char *const subjects[] = {
        "'user_id':'a','route_key':'r'",
        "'user_id':'A','route_key':'r'",
        "'user_id':' a','route_key':'r'",
        "'user_id':'a ','route_key':'r'",
        "'user_id':'{a}','route_key':'r'",
        "'user_id':'a:','route_key':'r'",
        "'user_id':':a','route_key':'r'",
        "'user_id':'a\\u0001','route_key':'r'",
        "'user_id':'\\u00e9','route_key':'r'",
        "'user_id':'e\\u0301','route_key':'r'",
        "'user_id':'192.0.2.1','route_key':'r'",
        "'ip':'192.0.2.1','route_key':'r'",
        "'user_id':'ip','route_key':'r'",
        "'user_id':'user','route_key':'r'",
        "'user_id':'2001:db8::/64','route_key':'r'",
        "'ip':'2001:db8::','route_key':'r'",
        "'user_id':'null','route_key':'r'",
        "'user_id':'0','route_key':'r'",
    };
    tenant_policy(tenant, "{'route_key':'r','limit':1,'window_seconds':3600}");

    expect_counters_of_their_own(tenant, subjects, ARRAY_COUNT(subjects));
    client_free(tenant);
}

static void g8_subject_role_and_route_do_not_run_together(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    static const char *const subjects[] = {
        "'user_id':'a_b','route_key':'c'",          "'user_id':'a','route_key':'b_c'",
        "'user_id':'a','route_key':'c','role':'b'", "'user_id':'a:b','route_key':'c'",
        "'user_id':'a','route_key':'b:c'",          "'user_id':'{c}','route_key':'b:c'",
        "'user_id':'a:','route_key':'b'",           "'user_id':'a','route_key':':b'",
    };
    tenant_policy(tenant, "{'route_key':'c','limit':1,'window_seconds':3600}");
    tenant_policy(tenant, "{'route_key':'c','role':'b','limit':1,'window_seconds':3600}");
    tenant_policy(tenant, "{'route_key':'b_c','limit':1,'window_seconds':3600}");
    tenant_policy(tenant, "{'route_key':'b:c','limit':1,'window_seconds':3600}");
    tenant_policy(tenant, "{'route_key':'b','limit':1,'window_seconds':3600}");
    tenant_policy(tenant, "{'route_key':':b','limit':1,'window_seconds':3600}");

    expect_counters_of_their_own(tenant, subjects, ARRAY_COUNT(subjects));
    client_free(tenant);
}

static void g8_a_nul_cannot_cut_a_name_short(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, POLICY);
    EXPECT(client_check(tenant, "alice", "/a"), 200, "{'remaining':2}");

    EXPECT_PROBLEM(client_check(tenant, "alice\\u0000", "/a"), 400, NULL);
    EXPECT_PROBLEM(client_check(tenant, "alice", "/a\\u0000"), 400, NULL);

    EXPECT(client_look(tenant, "alice", "/a"), 200, "{'remaining':2}");
    client_free(tenant);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(g8_apps_share_no_counter),
        cmocka_unit_test(logs_are_not_shared),
        cmocka_unit_test(policies_of_another_app_are_as_if_they_were_not),
        cmocka_unit_test(g8_subjects_that_look_alike_are_not_one),
        cmocka_unit_test(g8_subject_role_and_route_do_not_run_together),
        cmocka_unit_test(g8_a_nul_cannot_cut_a_name_short),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open, world_close));
}
