/* SPDX-License-Identifier: MIT
 *
 * GET /logs/latest: the decisions, newest first. */
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/world.h"

static void a_decision_is_in_the_log_at_once_with_every_member(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limit':5,'window_seconds':3600}");
    EXPECT(client_post(tenant, "/check", "{'user_id':'alice','route_key':'/a','cost':2}"), 200,
           NULL);

    const struct reply *logs = client_get(tenant, "/logs/latest");

    EXPECT(logs, 200,
           "[{'user_id':'alice','route':'/a','route_key':'/"
           "a','role':'default','cost':2,'allowed':true,"
           "  'reason':null,'remaining':3,'policy_version':1,'mode':'enforce',"
           "  'degraded':false}]");
    EXPECT_MEMBERS(json_array_get(logs->json, 0),
                   "id timestamp time time_us user_id route route_key role cost allowed reason "
                   "remaining policy_version mode degraded");
    assert_true(json_is_string(reply_at(logs, "0.id")));
    assert_in_range(reply_integer(logs, "0.timestamp"), time(NULL) - 60, time(NULL) + 1);
    assert_int_equal(strlen(reply_text(logs, "0.time")), strlen("2026-11-21T14:12:15.042Z"));
    client_free(tenant);
}

static void a_subject_that_is_an_address_is_logged_as_one(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limit':5,'window_seconds':3600}");
    EXPECT(client_post(tenant, "/check", "{'ip':'2001:db8::1','route_key':'/a'}"), 200, NULL);

    const struct reply *logs = client_get(tenant, "/logs/latest");

    EXPECT(logs, 200, "[{'ip':'2001:db8::/64','allowed':true}]");
    assert_null(reply_at(logs, "0.user_id"));
    client_free(tenant);
}

static void the_newest_entry_is_first(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limit':2,'window_seconds':3600}");
    for (int i = 0; i < 3; i++)
        EXPECT(client_check(tenant, "alice", "/a"), i < 2 ? 200 : 429, NULL);
    EXPECT(client_check(tenant, "bob", "/a"), 200, NULL);

    EXPECT(client_get(tenant, "/logs/latest"), 200,
           "[{'user_id':'bob','allowed':true,'remaining':1},"
           " {'user_id':'alice','allowed':false,'remaining':0,'reason':'Rate limit exceeded'},"
           " {'user_id':'alice','allowed':true,'remaining':0},"
           " {'user_id':'alice','allowed':true,'remaining':1}]");
    client_free(tenant);
}

static void the_log_filters_and_limits(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limit':1,'window_seconds':3600}");
    tenant_policy(tenant, "{'route_key':'/b','limit':1,'window_seconds':3600}");
    EXPECT(client_check(tenant, "alice", "/a"), 200, NULL);
    EXPECT(client_check(tenant, "alice", "/a"), 429, NULL);
    EXPECT(client_check(tenant, "bob", "/b"), 200, NULL);
    EXPECT(client_check(tenant, "bob", "/b"), 429, NULL);

    EXPECT(client_get(tenant, "/logs/latest?limit=1"), 200, "[{'user_id':'bob'}]");
    EXPECT(client_get(tenant, "/logs/latest?allowed=true"), 200,
           "[{'user_id':'bob','allowed':true},{'user_id':'alice','allowed':true}]");
    EXPECT(client_get(tenant, "/logs/latest?allowed=false&limit=1"), 200,
           "[{'user_id':'bob','allowed':false}]");
    EXPECT(client_get(tenant, "/logs/latest?route_key=/a"), 200,
           "[{'user_id':'alice','allowed':false},{'user_id':'alice','allowed':true}]");
    EXPECT(client_get(tenant, "/logs/latest?user_id=bob&allowed=true"), 200,
           "[{'user_id':'bob','route':'/b','allowed':true}]");
    EXPECT(client_get(tenant, "/logs/latest?user_id=nobody"), 200, "[]");
    client_free(tenant);
}

static void the_log_filters_by_subjects(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limit':5,'window_seconds':3600}");
    EXPECT(client_check(tenant, "alice", "/a"), 200, NULL);
    EXPECT(client_check(tenant, "bob", "/a"), 200, NULL);
    EXPECT(client_post(tenant, "/check", "{'ip':'2001:db8::1','route_key':'/a'}"), 200, NULL);

    EXPECT(client_get(tenant, "/logs/latest?subject.user=bob"), 200, "[{'user_id':'bob'}]");
    EXPECT(client_get(tenant, "/logs/latest?subject.ip=2001:db8::2"), 200,
           "[{'ip':'2001:db8::/64'}]");
    EXPECT(client_get(tenant, "/logs/latest?subject.ip=2001:db8::/64"), 200,
           "[{'ip':'2001:db8::/64'}]");
    EXPECT(client_get(tenant, "/logs/latest?user_id=bob&subject.org=acme"), 200, "[]");
    EXPECT(client_get(tenant, "/logs/latest?user_id=bob&subject.user=bob"), 422,
           "{'errors':[{'parameter':'subject.user'}]}");
    EXPECT(client_get(tenant, "/logs/latest?subject.Org=acme"), 422,
           "{'errors':[{'parameter':'subject.Org'}]}");
    EXPECT(client_get(tenant, "/logs/latest?subject=acme"), 422,
           "{'errors':[{'parameter':'subject'}]}");
    client_free(tenant);
}

static void decisions_are_no_charges(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limit':1,'window_seconds':3600}");
    EXPECT(client_check(tenant, "alice", "/a"), 200, NULL);
    EXPECT(client_check(tenant, "alice", "/a"), 429, NULL);

    EXPECT(client_get(tenant, "/logs/latest?charge=true"), 200, "[]");
    EXPECT(client_get(tenant, "/logs/latest?charge=false"), 200,
           "[{'user_id':'alice','allowed':false},{'user_id':'alice','allowed':true}]");
    EXPECT(client_get(tenant, "/logs/latest?charge=false&allowed=true"), 200,
           "[{'user_id':'alice','allowed':true}]");
    EXPECT(client_get(tenant, "/logs/latest?charge=some"), 422,
           "{'errors':[{'parameter':'charge'}]}");
    client_free(tenant);
}

static void shadow_and_inactive_decisions_are_logged_as_such(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/s','limit':0,'window_seconds':60,'mode':'shadow'}");
    tenant_policy(tenant, "{'route_key':'/i','limit':0,'window_seconds':60,'is_active':false}");
    EXPECT(client_check(tenant, "alice", "/s"), 200, NULL);
    EXPECT(client_check(tenant, "alice", "/i"), 200, NULL);

    EXPECT(client_get(tenant, "/logs/latest"), 200,
           "[{'route':'/i','allowed':true,'mode':'enforce',"
           "  'reason':'Rate limiting disabled for this policy','remaining':null},"
           " {'route':'/s','allowed':true,'mode':'shadow','remaining':0}]");
    client_free(tenant);
}

static void the_last_thousand_decisions_are_kept(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limit':2000,'window_seconds':3600}");
    for (int i = 0; i < 1100; i++)
        EXPECT(client_check(tenant, "alice", "/a"), 200, NULL);

    const struct reply *logs = client_get(tenant, "/logs/latest?limit=1000");

    EXPECT(logs, 200, NULL);
    assert_int_equal(json_array_size(logs->json), 1000);
    for (size_t i = 0; i < 1000; i++) {
        json_t *remaining = json_object_get(json_array_get(logs->json, i), "remaining");
        assert_int_equal(json_integer_value(remaining), 900 + (int)i);
    }
    assert_int_equal(json_array_size(client_get(tenant, "/logs/latest")->json), 50);
    client_free(tenant);
}

static void every_entry_has_an_id_of_its_own(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limit':20,'window_seconds':3600}");
    for (int i = 0; i < 20; i++)
        EXPECT(client_check(tenant, "alice", "/a"), 200, NULL);
    const struct reply *logs = client_get(tenant, "/logs/latest");
    EXPECT(logs, 200, NULL);

    json_t *ids = json_object();
    for (size_t i = 0; i < json_array_size(logs->json); i++) {
        json_t *id = json_object_get(json_array_get(logs->json, i), "id");
        assert_int_equal(json_object_set_new(ids, json_string_value(id), json_true()), 0);
    }

    assert_int_equal(json_object_size(ids), 20);
    json_decref(ids);
    client_free(tenant);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_decision_is_in_the_log_at_once_with_every_member),
        cmocka_unit_test(a_subject_that_is_an_address_is_logged_as_one),
        cmocka_unit_test(the_newest_entry_is_first),
        cmocka_unit_test(the_log_filters_and_limits),
        cmocka_unit_test(the_log_filters_by_subjects),
        cmocka_unit_test(decisions_are_no_charges),
        cmocka_unit_test(shadow_and_inactive_decisions_are_logged_as_such),
        cmocka_unit_test(the_last_thousand_decisions_are_kept),
        cmocka_unit_test(every_entry_has_an_id_of_its_own),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open, world_close));
}
