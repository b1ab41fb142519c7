/* SPDX-License-Identifier: MIT
 *
 * Which policy decides: an exact route before a prefix before *; and for each of these a user
 * before a role before the default. */
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/raw.h"
#include "support/world.h"

#include <unistd.h>

#define WAIT_SECONDS 30

/* The limit of the policy that decides. In a test each policy has another limit. */
static int64_t limit_for(struct client *tenant, const char *user_id, const char *route_key,
                         const char *role)
{
    const struct reply *reply =
        role == NULL ? client_look(tenant, user_id, route_key)
                     : client_post(tenant, "/check",
                                   "{'user_id':'%s','route_key':'%s','role':'%s','cost':0}",
                                   user_id, route_key, role);

    EXPECT(reply, 200, NULL);
    return reply_integer(reply, "limit");
}

static void the_exact_route_goes_before_the_longest_prefix_before_the_star(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'*','limit':1,'window_seconds':60}");
    tenant_policy(tenant, "{'route_key':'/api/*','limit':2,'window_seconds':60}");
    tenant_policy(tenant, "{'route_key':'/api/orders*','limit':3,'window_seconds':60}");
    tenant_policy(tenant, "{'route_key':'/api/orders','limit':4,'window_seconds':60}");

    assert_int_equal(limit_for(tenant, "alice", "/api/orders", NULL), 4);
    assert_int_equal(limit_for(tenant, "alice", "/api/orders/7", NULL), 3);
    assert_int_equal(limit_for(tenant, "alice", "/api/order", NULL), 2);
    assert_int_equal(limit_for(tenant, "alice", "/api", NULL), 1);
    assert_int_equal(limit_for(tenant, "alice", "elsewhere", NULL), 1);
    client_free(tenant);
}

static void a_user_goes_before_a_role_before_the_default(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limit':1,'window_seconds':60}");
    tenant_policy(tenant, "{'route_key':'/a','role':'admin','limit':2,'window_seconds':60}");
    tenant_policy(tenant, "{'route_key':'/a','user_id':'bob','limit':3,'window_seconds':60}");
    tenant_policy(tenant, "{'route_key':'/a','role':'admin','user_id':'bob','limit':4,"
                          "'window_seconds':60}");

    assert_int_equal(limit_for(tenant, "alice", "/a", NULL), 1);
    assert_int_equal(limit_for(tenant, "alice", "/a", "admin"), 2);
    assert_int_equal(limit_for(tenant, "bob", "/a", NULL), 3);
    assert_int_equal(limit_for(tenant, "bob", "/a", "admin"), 4);
    client_free(tenant);
}

static void a_role_without_a_policy_falls_to_the_default_role(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limit':1,'window_seconds':60}");

    const struct reply *reply = client_post(
        tenant, "/check", "{'user_id':'alice','route_key':'/a','role':'guest','cost':0}");

    EXPECT(reply, 200, "{'limit':1,'role':'guest'}");
    client_free(tenant);
}

static void a_role_that_no_policy_knows_is_told(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limit':1,'window_seconds':60}");
    tenant_policy(tenant, "{'route_key':'/a','role':'gold','limit':9,'window_seconds':60}");

    const struct reply *reply =
        client_post(tenant, "/check/batch",
                    "{'checks':[{'user_id':'alice','route_key':'/a'},"
                    "{'user_id':'alice','route_key':'/a','role':'gold'},"
                    "{'user_id':'alice','route_key':'/a','role':'default','cost':0},"
                    "{'user_id':'alice','route_key':'/a','role':'golf','cost':0}]}");

    EXPECT(reply, 200,
           "{'results':[{'status':200},{'status':200},{'status':200},"
           "{'status':200,'role':'golf','role_matched':'default'}]}");
    assert_null(reply_at(reply, "results.0.role_matched"));
    assert_null(reply_at(reply, "results.1.role_matched"));
    assert_null(reply_at(reply, "results.2.role_matched"));
    reply = client_post(tenant, "/check", "{'user_id':'alice','route_key':'/a','role':'golf'}");
    EXPECT(reply, 429, "{'role':'golf','role_matched':'default'}");
    client_free(tenant);
}

static void the_exact_route_with_the_default_role_goes_before_a_prefix_with_the_role(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limit':1,'window_seconds':60}");
    tenant_policy(tenant, "{'route_key':'/*','role':'admin','limit':2,'window_seconds':60}");

    assert_int_equal(limit_for(tenant, "alice", "/a", "admin"), 1);
    assert_int_equal(limit_for(tenant, "alice", "/b", "admin"), 2);
    EXPECT_PROBLEM(client_look(tenant, "alice", "/b"), 404, NULL);
    client_free(tenant);
}

static void the_policy_of_a_user_is_not_for_an_address(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','user_id':'192.0.2.1','limit':1,'window_seconds':60}");

    const struct reply *reply =
        client_post(tenant, "/check", "{'ip':'192.0.2.1','route_key':'/a','cost':0}");

    EXPECT_PROBLEM(reply, 404, NULL);
    client_free(tenant);
}

static void a_policy_for_one_address_is_for_its_site(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','subject':{'ip':'2001:db8::7'},'limit':1,"
                          "'window_seconds':60}");
    tenant_policy(tenant, "{'route_key':'/a','limit':2,'window_seconds':60}");

    EXPECT(client_post(tenant, "/check", "{'ip':'2001:db8::9','route_key':'/a','cost':0}"), 200,
           "{'limit':1}");
    EXPECT(client_post(tenant, "/check", "{'ip':'2001:db9::9','route_key':'/a','cost':0}"), 200,
           "{'limit':2}");
    assert_int_equal(limit_for(tenant, "2001:db8::/64", "/a", NULL), 2);
    client_free(tenant);
}

static void an_explanation_names_the_subject_of_a_policy(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'*','subject':{'ip':'192.0.2.7'},'rate':'5/h'}");

    const struct reply *reply =
        client_post(tenant, "/check", "{'ip':'192.0.2.7','route_key':'/a','explain':true}");

    EXPECT(reply, 200,
           "{'explain':{'considered':["
           "{'route_key':'/a','role':'default','user_id':null,'subject':{'ip':'192.0.2.7'},"
           "'found':false},"
           "{'route_key':'/a','role':'default','user_id':null,'found':false},"
           "{'route_key':'*','role':'default','user_id':null,'subject':{'ip':'192.0.2.7'},"
           "'found':true}],'chosen':{'user_id':null,'subject':{'ip':'192.0.2.7'},"
           "'why':'the first that exists: any route, this ip, the default role'}}}");
    assert_null(reply_at(reply, "explain.considered.1.subject"));
    client_free(tenant);
}

static void routes_under_one_prefix_share_a_counter(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/api/*','limit':2,'window_seconds':60}");

    EXPECT(client_check(tenant, "alice", "/api/a"), 200, "{'remaining':1,'route_key':'/api/a'}");
    EXPECT(client_check(tenant, "alice", "/api/b"), 200, "{'remaining':0,'route_key':'/api/b'}");
    EXPECT(client_check(tenant, "alice", "/api/c"), 429, NULL);
    client_free(tenant);
}

static void roles_and_routes_with_policies_of_their_own_count_apart(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limit':1,'window_seconds':60}");
    tenant_policy(tenant, "{'route_key':'/b','limit':1,'window_seconds':60}");
    tenant_policy(tenant, "{'route_key':'/a','role':'admin','limit':1,'window_seconds':60}");

    EXPECT(client_check(tenant, "alice", "/a"), 200, NULL);
    EXPECT(client_check(tenant, "alice", "/b"), 200, NULL);
    EXPECT(client_post(tenant, "/check", "{'user_id':'alice','route_key':'/a','role':'admin'}"),
           200, NULL);
    EXPECT(client_check(tenant, "alice", "/a"), 429, NULL);
    client_free(tenant);
}

/* The head of a check names the app. Its body may come much later. */
static void a_policy_saved_while_the_body_comes_in_decides(void **state)
{
    static const char body[] = "{\"user_id\":\"alice\",\"route_key\":\"/a\"}";
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    struct raw_reply reply;
    tenant_policy(tenant, "{'route_key':'/a','limit':1,'window_seconds':60}");
    int fd = raw_begin_check(service_port(world->service), client_key(tenant), sizeof(body) - 1);

    tenant_policy(tenant, "{'route_key':'/a','limit':7,'window_seconds':60}");
    raw_send(fd, body, sizeof(body) - 1);
    raw_receive(fd, WAIT_SECONDS, &reply);

    assert_int_equal(reply.status, 200);
    assert_non_null(strstr(reply.text, "\"limit\":7,"));
    close(fd);
    client_free(tenant);
}

static void nothing_matches_without_a_policy(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limit':1,'window_seconds':60}");

    EXPECT_PROBLEM(client_check(tenant, "alice", "/a/"), 404, NULL);
    EXPECT_PROBLEM(client_check(tenant, "alice", "/A"), 404, NULL);
    EXPECT_PROBLEM(client_check(tenant, "alice", "/"), 404, NULL);
    client_free(tenant);
}

static void an_explanation_says_what_was_considered_and_what_it_did(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);

    tenant_policy(tenant, "{'route_key':'/why/*','role':'gold','rate':'9/h'}");
    tenant_policy(tenant,
                  "{'route_key':'*','limits':[{'rate':'5/h'},{'rate':'7/d','name':'daily'}]}");

    const struct reply *reply = client_post(
        tenant, "/check",
        "{'user_id':'ada','route_key':'/why/me','role':'silver','cost':2,'explain':true}");
    EXPECT(reply, 200,
           "{'explain':{'chosen':{'route_key':'*','role':'default','user_id':null,"
           "'why':'the first that exists: any route, everybody, the default role'},"
           "'limits':[{'name':'1','remaining_before':5,'remaining_after':3},"
           "{'name':'daily','remaining_before':7,'remaining_after':5}]}}");
    json_t *considered = reply_at(reply, "explain.considered");
    assert_int_equal(json_array_size(considered), 12);
    assert_true(json_is_true(json_object_get(json_array_get(considered, 11), "found")));
    assert_int_equal(reply_integer(reply, "explain.considered_omitted"), 0);

    reply = client_post(tenant, "/check",
                        "{'user_id':'ada','route_key':'/why/me','cost':4,'explain':true}");
    EXPECT(reply, 429,
           "{'explain':{'limits':[{'allowed':false,'remaining_before':3,'remaining_after':3},"
           "{'allowed':true,'remaining_before':5,'remaining_after':5}]}}");

    reply = client_check(tenant, "ada", "/why/me");
    assert_null(reply_at(reply, "explain"));
    client_free(tenant);
}

static void where_nothing_matches_an_explanation_says_what_was_looked_for(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/why/*','role':'gold','rate':'9/h'}");

    const struct reply *reply =
        client_post(tenant, "/check", "{'ip':'192.0.2.1','route_key':'/why/me','explain':true}");

    EXPECT_PROBLEM(reply, 404, "No policy of this app applies to route_key");
    EXPECT(reply, 404,
           "{'explain':{'considered':["
           "{'route_key':'/why/me','role':'default','user_id':null,'found':false},"
           "{'route_key':'/why/*','role':'default','user_id':null,'found':false}],"
           "'considered_omitted':0}}");
    EXPECT_MEMBERS(reply_at(reply, "explain"), "considered considered_omitted");
    reply = client_post(tenant, "/check", "{'ip':'192.0.2.1','route_key':'/why/me'}");
    EXPECT_PROBLEM(reply, 404, NULL);
    assert_null(reply_at(reply, "explain"));
    client_free(tenant);
}

/* A route of 200 bytes may have 800 identities before the one that is found. */
static void an_explanation_lists_the_first_that_were_considered_and_the_one_found(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    char route[64] = "/";
    for (int i = 1; i <= 20; i++) {
        route[i] = 'a';
        tenant_policy(tenant, "{'route_key':'%s*','role':'gold','rate':'9/h'}", route);
    }
    tenant_policy(tenant, "{'route_key':'*','rate':'5/h'}");

    const struct reply *reply =
        client_post(tenant, "/check",
                    "{'user_id':'ada','route_key':'%s','role':'silver','explain':true}", route);

    EXPECT(reply, 200, "{'explain':{'chosen':{'route_key':'*'}}}");
    json_t *considered = reply_at(reply, "explain.considered");
    assert_int_equal(json_array_size(considered), 33);
    assert_true(json_is_true(json_object_get(json_array_get(considered, 32), "found")));
    assert_int_equal(reply_integer(reply, "explain.considered_omitted"), 22 * 4 - 33);
    client_free(tenant);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_exact_route_goes_before_the_longest_prefix_before_the_star),
        cmocka_unit_test(a_user_goes_before_a_role_before_the_default),
        cmocka_unit_test(a_role_without_a_policy_falls_to_the_default_role),
        cmocka_unit_test(a_role_that_no_policy_knows_is_told),
        cmocka_unit_test(the_exact_route_with_the_default_role_goes_before_a_prefix_with_the_role),
        cmocka_unit_test(the_policy_of_a_user_is_not_for_an_address),
        cmocka_unit_test(a_policy_for_one_address_is_for_its_site),
        cmocka_unit_test(an_explanation_names_the_subject_of_a_policy),
        cmocka_unit_test(routes_under_one_prefix_share_a_counter),
        cmocka_unit_test(roles_and_routes_with_policies_of_their_own_count_apart),
        cmocka_unit_test(a_policy_saved_while_the_body_comes_in_decides),
        cmocka_unit_test(nothing_matches_without_a_policy),
        cmocka_unit_test(an_explanation_says_what_was_considered_and_what_it_did),
        cmocka_unit_test(where_nothing_matches_an_explanation_says_what_was_looked_for),
        cmocka_unit_test(an_explanation_lists_the_first_that_were_considered_and_the_one_found),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open, world_close));
}
