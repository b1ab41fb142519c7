/* SPDX-License-Identifier: MIT
 *
 * /policy: saving, listing, deleting. */
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/wait.h"
#include "support/world.h"

#define DECLARED_SECONDS 60

static void saving_a_policy_makes_it_and_then_changes_it(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);

    const struct reply *made =
        client_post(tenant, "/policy", "{'route_key':'/orders','limit':5,'window_seconds':60}");
    EXPECT(made, 201,
           "{'message':'Policy saved successfully.',"
           " 'policy':{'version':1,'route_key':'/orders','role':'default','user_id':null,"
           "  'name':'default','algorithm':'fixed_window','limit':5,'window_seconds':60,"
           "  'mode':'enforce','is_active':true,'on_store_error':'local','description':null}}");
    const struct reply *changed = client_post(
        tenant, "/policy",
        "{'route_key':'/orders','limit':6,'window_seconds':60,'description':'Six','mode':'shadow',"
        " 'is_active':false,'on_store_error':'deny'}");

    EXPECT(changed, 200,
           "{'message':'Policy saved successfully.',"
           " 'policy':{'version':2,'limit':6,'mode':'shadow','is_active':false,"
           "  'on_store_error':'deny','description':'Six'}}");
    EXPECT(client_get(tenant, "/policy"), 200, "[{'route_key':'/orders','version':2,'limit':6}]");
    client_free(tenant);
}

static void a_listed_policy_can_be_sent_back_as_it_is(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','role':'admin','user_id':'bob','limits':["
                          "{'name':'burst','limit':5,'window_seconds':1},"
                          "{'name':'sustained','algorithm':'token_bucket','rate':'100/15m',"
                          " 'burst':20}]}");
    const struct reply *listed = client_get(tenant, "/policy");
    EXPECT(listed, 200,
           "[{'version':1,'limits':["
           "{'name':'burst','algorithm':'fixed_window','limit':5,'window_seconds':1},"
           "{'name':'sustained','algorithm':'token_bucket','limit':100,'window_seconds':900,"
           " 'burst':20}]}]");

    char *document = json_dumps(json_array_get(listed->json, 0), JSON_COMPACT);
    const struct reply *saved = client_send(tenant, "POST", "/policy", document, strlen(document));

    EXPECT(saved, 200, "{'policy':{'version':2}}");
    free(document);
    client_free(tenant);
}

static void policies_differ_by_route_role_and_user(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    static const char *const identities[] = {
        "'route_key':'/a'",
        "'route_key':'/a','role':'admin'",
        "'route_key':'/a','user_id':'bob'",
        "'route_key':'/a','role':'admin','user_id':'bob'",
        "'route_key':'/a*'",
        "'route_key':'*'",
    };

    for (size_t i = 0; i < ARRAY_COUNT(identities); i++)
        EXPECT(client_post(tenant, "/policy", "{%s,'limit':%zu,'window_seconds':60}", identities[i],
                           i + 1),
               201, NULL);

    EXPECT(client_get(tenant, "/policy"), 200,
           "[{'route_key':'*','role':'default','user_id':null,'limit':6},"
           " {'route_key':'/a','role':'admin','user_id':null,'limit':2},"
           " {'route_key':'/a','role':'admin','user_id':'bob','limit':4},"
           " {'route_key':'/a','role':'default','user_id':null,'limit':1},"
           " {'route_key':'/a','role':'default','user_id':'bob','limit':3},"
           " {'route_key':'/a*','role':'default','user_id':null,'limit':5}]");
    client_free(tenant);
}

static void listing_filters_by_route_role_and_user(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a b','limit':1,'window_seconds':60}");
    tenant_policy(tenant, "{'route_key':'/a b','role':'admin','limit':2,'window_seconds':60}");
    tenant_policy(tenant, "{'route_key':'/c','user_id':'bob','limit':3,'window_seconds':60}");

    EXPECT(client_get(tenant, "/policy?route_key=%%2Fa%%20b"), 200, "[{'limit':2},{'limit':1}]");
    EXPECT(client_get(tenant, "/policy?role=admin"), 200, "[{'limit':2}]");
    EXPECT(client_get(tenant, "/policy?user_id=bob"), 200, "[{'limit':3}]");
    EXPECT(client_get(tenant, "/policy?route_key=/c&role=default&user_id=bob"), 200,
           "[{'limit':3}]");
    EXPECT(client_get(tenant, "/policy?route_key=/none"), 200, "[]");
    client_free(tenant);
}

static void a_policy_is_deleted_by_body_or_by_query(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limit':1,'window_seconds':60}");
    tenant_policy(tenant, "{'route_key':'/a','role':'admin','limit':1,'window_seconds':60}");

    EXPECT(client_delete(tenant, "/policy", "{'route_key':'/a'}"), 200,
           "{'message':'Policy deleted'}");
    EXPECT(client_send(tenant, "DELETE", "/policy?route_key=/a&role=admin", NULL, 0), 200,
           "{'message':'Policy deleted'}");

    EXPECT(client_get(tenant, "/policy"), 200, "[]");
    EXPECT_PROBLEM(client_delete(tenant, "/policy", "{'route_key':'/a'}"), 404, NULL);
    EXPECT_PROBLEM(client_check(tenant, "alice", "/a"), 404, NULL);
    client_free(tenant);
}

static void a_policy_may_be_for_one_subject(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);

    EXPECT(client_post(tenant, "/policy",
                       "{'route_key':'/a','subject':{'org':'acme'},'limit':1,'window_seconds':60}"),
           201, "{'policy':{'version':1,'user_id':null,'subject':{'org':'acme'}}}");
    EXPECT(client_post(tenant, "/policy",
                       "{'route_key':'/a','user_id':null,'subject':{'org':'acme'},'limit':2,"
                       "'window_seconds':60}"),
           200, "{'policy':{'version':2,'limit':2}}");
    const struct reply *of_user =
        client_post(tenant, "/policy", "{'route_key':'/a','subject':{'user':'bob'},'rate':'3/m'}");
    EXPECT(of_user, 201, "{'policy':{'user_id':'bob'}}");
    assert_null(reply_at(of_user, "policy.subject"));
    EXPECT(client_post(tenant, "/policy",
                       "{'route_key':'/a','subject':{'ip':'2001:DB8::7'},'rate':'4/m'}"),
           201, "{'policy':{'user_id':null,'subject':{'ip':'2001:db8::/64'}}}");

    EXPECT(client_get(tenant, "/policy"), 200,
           "[{'subject':{'ip':'2001:db8::/64'}},{'subject':{'org':'acme'}},{'user_id':'bob'}]");
    EXPECT(client_get(tenant, "/policy?subject.org=acme"), 200, "[{'limit':2}]");
    EXPECT(client_get(tenant, "/policy?subject.user=bob"), 200, "[{'limit':3}]");
    EXPECT(client_get(tenant, "/policy?subject.ip=2001:db8::%%2F64"), 200, "[{'limit':4}]");
    EXPECT(client_get(tenant, "/policy?subject.org=other"), 200, "[]");
    client_free(tenant);
}

static void the_policy_of_a_subject_is_deleted_by_body_or_by_query(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','subject':{'org':'acme'},'rate':'1/m'}");
    tenant_policy(tenant, "{'route_key':'/a','subject':{'ip':'2001:db8::7'},'rate':'1/m'}");

    EXPECT_PROBLEM(client_delete(tenant, "/policy", "{'route_key':'/a'}"), 404, NULL);
    EXPECT_PROBLEM(
        client_delete(tenant, "/policy", "{'route_key':'/a','subject':{'team':'acme'}}"), 404,
        "This app has no policy of route_key \"/a\", role \"default\" and team \"acme\".");
    EXPECT(client_delete(tenant, "/policy", "{'route_key':'/a','subject':{'org':'acme'}}"), 200,
           "{'message':'Policy deleted'}");
    EXPECT(client_send(tenant, "DELETE", "/policy?route_key=/a&subject.ip=2001:db8::9", NULL, 0),
           200, "{'message':'Policy deleted'}");

    EXPECT(client_get(tenant, "/policy"), 200, "[]");
    client_free(tenant);
}

static void a_subject_in_a_query_is_one_with_a_name(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);

    EXPECT(client_get(tenant, "/policy?subject.Org=acme"), 422,
           "{'errors':[{'parameter':'subject.Org'}]}");
    EXPECT(client_get(tenant, "/policy?subject.=acme"), 422,
           "{'errors':[{'parameter':'subject.'}]}");
    EXPECT(client_get(tenant, "/policy?user_id=bob&subject.org=acme"), 422,
           "{'errors':[{'parameter':'subject.org','detail':'must be the only subject'}]}");
    EXPECT_PROBLEM(client_get(tenant, "/policy?subject.org=acme&subject.team=red"), 422, NULL);
    EXPECT_PROBLEM(client_get(tenant, "/policy?subject=acme"), 422, NULL);
    client_free(tenant);
}

static void a_policy_made_again_starts_afresh(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limit':1,'window_seconds':3600}");
    EXPECT(client_check(tenant, "alice", "/a"), 200, NULL);
    EXPECT(client_check(tenant, "alice", "/a"), 429, NULL);

    EXPECT(client_delete(tenant, "/policy", "{'route_key':'/a'}"), 200, NULL);
    EXPECT(client_post(tenant, "/policy", "{'route_key':'/a','limit':1,'window_seconds':3600}"),
           201, "{'policy':{'version':1}}");

    EXPECT(client_check(tenant, "alice", "/a"), 200, NULL);
    client_free(tenant);
}

static void saving_says_if_counters_start_afresh(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    const struct reply *reply = client_post(tenant, "/policy", "{'route_key':'/a','rate':'5/h'}");
    EXPECT(reply, 201, NULL);
    EXPECT_MEMBERS(reply->json, "message policy");

    reply = client_post(tenant, "/policy", "{'route_key':'/a','rate':'9/h','by':'user'}");
    EXPECT(reply, 200, NULL);
    EXPECT_MEMBERS(reply->json, "message policy");
    reply = client_post(tenant, "/policy", "{'route_key':'/a','rate':'9/h','by':'org'}");
    EXPECT(reply, 200, "{'counters':'afresh'}");
    EXPECT_MEMBERS(reply->json, "message policy counters");

    EXPECT(client_delete(tenant, "/policy", "{'route_key':'/a'}"), 200, NULL);
    reply = client_post(tenant, "/policy", "{'route_key':'/a','rate':'9/h'}");
    EXPECT(reply, 201, NULL);
    EXPECT_MEMBERS(reply->json, "message policy");
    client_free(tenant);
}

static void rates_are_written_as_people_do(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    static const struct {
        const char *rate;
        int limit;
        int window_seconds;
    } rates[] = {
        {"5/s", 5, 1},           {"5/sec", 5, 1},     {"5/second", 5, 1},    {"7/m", 7, 60},
        {"7/min", 7, 60},        {"7/minute", 7, 60}, {"1/h", 1, 3600},      {"1/hour", 1, 3600},
        {"0/d", 0, 86400},       {"9/day", 9, 86400}, {"100/15m", 100, 900}, {"3/30s", 3, 30},
        {"1/365d", 1, 31536000},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rates); i++) {
        const struct reply *reply = client_post(
            tenant, "/policy", "{'route_key':'/rate/%zu','rate':'%s'}", i, rates[i].rate);
        EXPECT(reply, 201, NULL);
        assert_int_equal(reply_integer(reply, "policy.limit"), rates[i].limit);
        assert_int_equal(reply_integer(reply, "policy.window_seconds"), rates[i].window_seconds);
    }
    client_free(tenant);
}

/* Writes a configuration with one app, which has the policies /0 to /998. The number of each is its
 * limit. */
static void declare_999_policies(const char *key_file, char path[static SCRATCH_PATH_BYTES])
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    assert_non_null(out);

    (void)fprintf(out, "manage_limit: \"off\"\napps:\n  - name: Test\n    api_key_file: %s\n",
                  key_file);
    (void)fputs("    policies:\n", out);
    for (int i = 0; i < 999; i++)
        (void)fprintf(out, "      - {route_key: /%d, limit: %d, window_seconds: 60}\n", i, i);
    (void)fclose(out);
    scratch_file("config", text, path);
    free(text);
}

/* All but the last policy come from a file. So the app is loaded once, and not after each
 * policy. */
static void an_app_has_at_most_a_thousand_policies(void **state)
{
    const struct world *world = *state;
    struct service_options options = world_options(world);
    char key_file[SCRATCH_PATH_BYTES];
    char config[SCRATCH_PATH_BYTES];
    char *key = service_new_key(key_file);
    declare_999_policies(key_file, config);
    options.config = config;
    struct service *service = service_start(&options);
    struct client *tenant = stranger_new(service);
    client_set_key(tenant, key);
    WAIT_FOR (DECLARED_SECONDS, json_array_size(client_get(tenant, "/policy")->json) == 999)
        ;

    EXPECT(client_post(tenant, "/policy", "{'route_key':'/999','limit':999,'window_seconds':60}"),
           201, "{'policy':{'version':1}}");
    EXPECT_PROBLEM(
        client_post(tenant, "/policy", "{'route_key':'/x','limit':1,'window_seconds':60}"), 409,
        "1000");

    EXPECT(client_post(tenant, "/policy", "{'route_key':'/7','limit':1,'window_seconds':60}"), 200,
           "{'policy':{'version':2}}");
    EXPECT(client_check(tenant, "alice", "/998"), 200, "{'limit':998,'remaining':997}");
    EXPECT(client_check(tenant, "alice", "/999"), 200, "{'limit':999,'remaining':998}");
    assert_int_equal(json_array_size(client_get(tenant, "/policy")->json), 1000);
    free(key);
    client_free(tenant);
    service_stop(service);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(saving_a_policy_makes_it_and_then_changes_it),
        cmocka_unit_test(a_listed_policy_can_be_sent_back_as_it_is),
        cmocka_unit_test(policies_differ_by_route_role_and_user),
        cmocka_unit_test(listing_filters_by_route_role_and_user),
        cmocka_unit_test(a_policy_is_deleted_by_body_or_by_query),
        cmocka_unit_test(a_policy_may_be_for_one_subject),
        cmocka_unit_test(the_policy_of_a_subject_is_deleted_by_body_or_by_query),
        cmocka_unit_test(a_subject_in_a_query_is_one_with_a_name),
        cmocka_unit_test(a_policy_made_again_starts_afresh),
        cmocka_unit_test(saving_says_if_counters_start_afresh),
        cmocka_unit_test(rates_are_written_as_people_do),
        cmocka_unit_test(an_app_has_at_most_a_thousand_policies),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open, world_close));
}
