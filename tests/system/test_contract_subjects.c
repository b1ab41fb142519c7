/* SPDX-License-Identifier: MIT
 *
 * One check with several subjects and measures: which counters it charges, and what is told. */
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/world.h"

#define CHAT "'route_key':'/v1/chat'"

/* Requests of a user, tokens of an org, tokens of all. */
static void chat_policy(struct client *tenant, const char *more)
{
    tenant_policy(tenant,
                  "{" CHAT ",'limits':["
                  "{'name':'user-rpm','by':['org','user'],'limit':3,'window_seconds':3600},"
                  "{'name':'org-tokens','by':'org','counts':'tokens','limit':100,"
                  " 'window_seconds':3600},"
                  "{'name':'pool','by':[],'counts':'tokens','limit':150,'window_seconds':3600}]%s}",
                  more);
}

static const struct reply *chat(struct client *tenant, const char *org, const char *user,
                                int tokens)
{
    return client_post(tenant, "/check",
                       "{" CHAT ",'subjects':{'org':'%s','user':'%s'},'costs':{'tokens':%d}}", org,
                       user, tokens);
}

static void each_limit_counts_by_its_own_subjects_and_measure(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    chat_policy(tenant, "");

    const struct reply *reply = chat(tenant, "acme", "ada", 40);
    EXPECT(reply, 200,
           "{'allowed':true,'limits':["
           "{'name':'user-rpm','by':{'org':'acme','user':'ada'},'counts':'requests',"
           " 'allowed':true,'limit':3,'remaining':2},"
           "{'name':'org-tokens','by':{'org':'acme'},'counts':'tokens','remaining':60},"
           "{'name':'pool','by':{},'counts':'tokens','remaining':110}]}");
    assert_null(reply_at(reply, "denied_by"));
    EXPECT_FIELD(reply, "RateLimit-Policy",
                 "\"user-rpm\";q=3;w=3600, \"org-tokens\";q=100;qu=\"tokens\";w=3600, "
                 "\"pool\";q=150;qu=\"tokens\";w=3600");
    EXPECT(chat(tenant, "acme", "bob", 10), 200,
           "{'limits':[{'remaining':2},{'remaining':50},{'remaining':100}]}");
    EXPECT(chat(tenant, "else", "ada", 10), 200,
           "{'limits':[{'remaining':2},{'remaining':90},{'remaining':90}]}");
    client_free(tenant);
}

static void a_denial_charges_no_limit_and_names_those_that_deny(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    chat_policy(tenant, "");

    for (int i = 0; i < 3; i++)
        EXPECT(chat(tenant, "acme", "ada", 10), 200, NULL);
    EXPECT(chat(tenant, "acme", "ada", 10), 429,
           "{'denied_by':['user-rpm'],'reason':'Rate limit exceeded',"
           " 'limits':[{'allowed':false,'remaining':0},{'allowed':true,'remaining':70},"
           "           {'allowed':true,'remaining':120}]}");
    EXPECT(chat(tenant, "acme", "bob", 80), 429,
           "{'denied_by':['org-tokens'],"
           " 'limits':[{'remaining':3},{'remaining':70},{'remaining':120}]}");
    EXPECT(chat(tenant, "acme", "ada", 121), 429,
           "{'denied_by':['user-rpm','org-tokens','pool'],'reason':'Cost exceeds the limit'}");
    EXPECT(chat(tenant, "acme", "bob", 70), 200,
           "{'limits':[{'remaining':2},{'remaining':0},{'remaining':50}]}");
    client_free(tenant);
}

static void all_callers_share_a_pool_and_no_other_policy_does(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    static const char pool[] = "{'route_key':'%s','by':[],'limit':2,'window_seconds':3600}";
    tenant_policy(tenant, pool, "/a");
    tenant_policy(tenant, pool, "/b");

    EXPECT(client_check(tenant, "alice", "/a"), 200, "{'limits':[{'by':{},'remaining':1}]}");
    EXPECT(client_post(tenant, "/check", "{'ip':'192.0.2.7','route_key':'/a'}"), 200,
           "{'remaining':0}");
    EXPECT(client_check(tenant, "bob", "/a"), 429, "{'denied_by':['default']}");
    EXPECT(client_check(tenant, "bob", "/b"), 200, "{'remaining':1}");
    client_free(tenant);
}

static void a_plain_policy_answers_as_ever(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limit':1,'window_seconds':3600}");
    static const char names[] = "allowed limit remaining reset_in retry_after reason route_key "
                                "role algorithm policy_version retry_after_ms";

    for (int i = 0; i < 2; i++) {
        const struct reply *reply = client_post(
            tenant, "/check",
            "{'subjects':{'user':'alice','org':'acme'},'costs':{'tokens':9},'route_key':'/a'}");

        EXPECT(reply, i == 0 ? 200 : 429, NULL);
        EXPECT_MEMBERS(reply->json, names);
    }
    client_free(tenant);
}

static void a_check_that_lacks_something_is_told_what_and_for_which_limit(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    chat_policy(tenant, "");

    EXPECT_PROBLEM(client_post(tenant, "/check",
                               "{" CHAT ",'subjects':{'org':'acme'},"
                               "'costs':{'tokens':1}}"),
                   422, "must have `user`: the limit \"user-rpm\" counts by it");
    EXPECT_PROBLEM(
        client_post(tenant, "/check", "{" CHAT ",'subjects':{'org':'acme','user':'ada'}}"), 422,
        "must have `tokens`: the limit \"org-tokens\" counts it");
    EXPECT(client_post(tenant, "/check", "{" CHAT ",'ip':'192.0.2.7'}"), 422,
           "{'errors':[{'pointer':'/subjects'},{'pointer':'/subjects'},{'pointer':'/subjects'},"
           "           {'pointer':'/costs'},{'pointer':'/costs'}]}");
    EXPECT(chat(tenant, "acme", "ada", 0), 200,
           "{'limits':[{'remaining':2},{'remaining':100},{'remaining':150}]}");
    client_free(tenant);
}

static void a_policy_that_is_switched_off_needs_nothing(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    chat_policy(tenant, ",'is_active':false");

    EXPECT(client_post(tenant, "/check", "{" CHAT ",'ip':'192.0.2.7'}"), 200,
           "{'reason':'Rate limiting disabled for this policy'}");
    client_free(tenant);
}

/* The limit that does not say by whom it counts would otherwise count an address here. */
static void a_limit_beside_one_by_user_needs_a_user(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limits':["
                          "{'name':'plain','limit':5,'window_seconds':3600},"
                          "{'name':'by-user','by':'user','limit':5,'window_seconds':60}]}");

    EXPECT_PROBLEM(client_post(tenant, "/check", "{'ip':'192.0.2.7','route_key':'/a'}"), 422,
                   "must have `user`: the limit \"plain\" counts by it");
    EXPECT(client_post(tenant, "/check", "{'ip':'::1','user_id':'alice','route_key':'/a'}"), 200,
           "{'limits':[{'by':{'user':'alice'},'remaining':4},{'remaining':4}]}");
    client_free(tenant);
}

/* For an address alone both limits count by the same subjects. */
static void a_limit_by_address_counts_beside_one_that_counts_by_user_or_address(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    static const char address[] = "{'ip':'192.0.2.7','route_key':'/a'}";
    tenant_policy(tenant, "{'route_key':'/a','limits':["
                          "{'name':'by-ip','by':'ip','limit':3,'window_seconds':3600},"
                          "{'name':'plain','limit':5,'window_seconds':60}]}");

    EXPECT(client_post(tenant, "/check", address), 200, "{'limits':[{'remaining':2},{}]}");
    EXPECT(client_post(tenant, "/check", address), 200,
           "{'limits':[{'remaining':1},{'remaining':3}]}");
    EXPECT(client_post(tenant, "/check", "{'ip':'192.0.2.7','user_id':'ada','route_key':'/a'}"),
           200, "{'limits':[{'remaining':0},{'remaining':4}]}");
    EXPECT(client_post(tenant, "/check", address), 429, "{'denied_by':['by-ip']}");
    EXPECT(client_post(tenant, "/reset", address), 200, "{'reset':2}");
    EXPECT(client_post(tenant, "/check", address), 200,
           "{'limits':[{'remaining':2},{'remaining':4}]}");
    client_free(tenant);
}

static void each_check_of_a_batch_has_its_own_subjects(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    chat_policy(tenant, "");

    EXPECT(client_post(tenant, "/check/batch",
                       "{'checks':["
                       "{" CHAT ",'subjects':{'org':'acme','user':'ada'},'costs':{'tokens':60}},"
                       "{" CHAT ",'subjects':{'org':'acme','user':'bob'},'costs':{'tokens':60}},"
                       "{" CHAT ",'subjects':{'org':'else'},'user_id':'ada','costs':{'tokens':60}},"
                       "{" CHAT ",'user_id':'ada','costs':{'tokens':60}},"
                       "{" CHAT ",'subjects':{'org':'acme','user':'bob'},'costs':{}}]}"),
           200,
           "{'results':["
           "{'status':200,'limits':[{'remaining':2},{'remaining':40},{'remaining':90}]},"
           "{'status':429,'denied_by':['org-tokens']},"
           "{'status':200,'limits':[{'remaining':2},{'remaining':40},{'remaining':30}]},"
           "{'status':422,'errors':[{'pointer':'/checks/3/subjects'},"
           "                        {'pointer':'/checks/3/subjects'}]},"
           "{'status':422,'errors':[{'pointer':'/checks/4/costs',"
           "  'detail':'must have `tokens`: the limit \\\"org-tokens\\\" counts it'},"
           "                        {'pointer':'/checks/4/costs'}]}]}");
    client_free(tenant);
}

static void a_reset_takes_the_limits_whose_subjects_are_given(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    chat_policy(tenant, "");
    EXPECT(chat(tenant, "acme", "ada", 10), 200, NULL);
    EXPECT(chat(tenant, "acme", "bob", 10), 200, NULL);
    EXPECT(chat(tenant, "else", "ada", 10), 200, NULL);

    EXPECT(client_post(tenant, "/reset", "{" CHAT ",'subjects':{'org':'acme','team':'x'}}"), 200,
           "{'reset':1,'not_reset':['user-rpm','pool']}");
    EXPECT(chat(tenant, "acme", "ada", 0), 200,
           "{'limits':[{'remaining':1},{'remaining':100},{'remaining':120}]}");
    EXPECT(client_post(tenant, "/reset",
                       "{" CHAT ",'subjects':{'org':'acme','user':'ada'},'shared':true}"),
           200, "{'reset':2}");
    EXPECT(chat(tenant, "acme", "ada", 0), 200,
           "{'limits':[{'remaining':2},{'remaining':100},{'remaining':150}]}");
    EXPECT(chat(tenant, "acme", "bob", 0), 200,
           "{'limits':[{'remaining':1},{'remaining':100},{'remaining':150}]}");
    EXPECT(chat(tenant, "else", "ada", 0), 200, "{'limits':[{'remaining':1},{'remaining':90},{}]}");
    client_free(tenant);
}

static void a_reset_of_whom_no_limit_counts_resets_nothing(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    chat_policy(tenant, "");
    EXPECT(chat(tenant, "acme", "ada", 10), 200, NULL);

    EXPECT(client_post(tenant, "/reset", "{" CHAT ",'user_id':'ada'}"), 200,
           "{'reset':0,'not_reset':['user-rpm','org-tokens','pool']}");
    EXPECT(client_post(tenant, "/reset", "{" CHAT ",'user_id':'ada','shared':true}"), 200,
           "{'reset':1,'not_reset':['user-rpm','org-tokens']}");
    EXPECT(chat(tenant, "acme", "ada", 0), 200,
           "{'limits':[{'remaining':1},{'remaining':90},{'remaining':150}]}");
    client_free(tenant);
}

/* All limits have the org in common, so it names the place of their counters. */
static void a_reset_without_a_pool_leaves_none_out(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limits':["
                          "{'name':'user','by':['org','user'],'limit':5,'window_seconds':3600},"
                          "{'name':'log','by':['org','user'],'algorithm':'sliding_window_log',"
                          " 'limit':5,'window_seconds':60},"
                          "{'name':'org','by':'org','limit':9,'window_seconds':3600}]}");
    static const char both[] = "{'route_key':'/a','subjects':{'org':'acme','user':'ada'}}";

    EXPECT(client_post(tenant, "/check", both), 200, NULL);
    EXPECT(client_post(tenant, "/reset", "{'route_key':'/a','subjects':{'org':'acme'}}"), 200,
           "{'reset':1,'not_reset':['user','log']}");
    const struct reply *reply = client_post(tenant, "/reset", both);
    EXPECT(reply, 200, "{'reset':2}");
    assert_null(reply_at(reply, "not_reset"));
    EXPECT(client_post(tenant, "/check", both), 200,
           "{'limits':[{'remaining':4},{'remaining':4},{'remaining':8}]}");
    client_free(tenant);
}

static void an_explanation_has_each_limits_own_cost(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    chat_policy(tenant, ",'candidate':{'by':'org','counts':'tokens','limit':50,"
                        "'window_seconds':60}");

    EXPECT(client_post(tenant, "/check",
                       "{" CHAT ",'subjects':{'org':'acme','user':'ada'},'cost':2,"
                       " 'costs':{'tokens':40},'explain':true}"),
           200,
           "{'explain':{'limits':["
           "{'name':'user-rpm','remaining_before':3,'remaining_after':1},"
           "{'name':'org-tokens','remaining_before':100,'remaining_after':60},"
           "{'name':'pool','remaining_before':150,'remaining_after':110}],"
           "'candidate':{'limits':[{'remaining_before':50,'remaining_after':10}]}}}");
    client_free(tenant);
}

static void an_explanation_names_the_subject_of_the_chosen_policy(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limit':5,'window_seconds':3600}");
    tenant_policy(tenant, "{'route_key':'/a','subject':{'org':'acme'},'limit':9,"
                          "'window_seconds':3600}");

    EXPECT(client_post(tenant, "/check",
                       "{'route_key':'/a','user_id':'ada','subjects':{'org':'acme'},"
                       " 'explain':true}"),
           200,
           "{'limit':9,'explain':{'chosen':{'subject':{'org':'acme'},"
           " 'why':'the first that exists: the route itself, this org, the default role'}}}");
    EXPECT(client_post(tenant, "/check",
                       "{'route_key':'/a','user_id':'ada','subjects':{'org':'else'}}"),
           200, "{'limit':5}");
    client_free(tenant);
}

static void a_candidate_is_decided_only_for_checks_that_have_what_it_needs(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limit':5,'window_seconds':3600,"
                          "'candidate':{'by':'org','counts':'tokens','limit':1,"
                          "'window_seconds':3600}}");

    EXPECT(client_check(tenant, "alice", "/a"), 200, "{'remaining':4}");
    EXPECT(client_post(tenant, "/check",
                       "{'user_id':'alice','subjects':{'org':'acme'},'costs':{'tokens':2},"
                       " 'route_key':'/a'}"),
           200, "{'remaining':3}");
    EXPECT(client_get(tenant, "/logs/latest"), 200,
           "[{'candidate':{'allowed':false,'reason':'Cost exceeds the limit'}},{}]");
    assert_null(reply_at(client_get(tenant, "/logs/latest"), "1.candidate"));
    client_free(tenant);
}

static void live_rule_and_candidate_by_the_same_subjects_count_apart(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    static const char limits[] = "'limits':["
                                 "{'name':'pool','by':[],'limit':9,'window_seconds':3600},"
                                 "{'name':'org','by':'org','limit':5,'window_seconds':3600}]";
    static const char check[] = "{'route_key':'/a','subjects':{'org':'acme'},'explain':true}";
    tenant_policy(tenant, "{'route_key':'/a',%s,'candidate':{%s}}", limits, limits);

    EXPECT(client_post(tenant, "/check", check), 200,
           "{'limits':[{'remaining':8},{'remaining':4}],'explain':{'candidate':{'limits':["
           "{'remaining_after':8},{'remaining_after':4}]}}}");
    EXPECT(
        client_post(tenant, "/reset", "{'route_key':'/a','subjects':{'org':'acme'},'shared':true}"),
        200, "{'reset':2}");
    EXPECT(client_post(tenant, "/check", check), 200,
           "{'limits':[{'remaining':8},{'remaining':4}],'explain':{'candidate':{'limits':["
           "{'remaining_after':8},{'remaining_after':4}]}}}");
    client_free(tenant);
}

static void shadow_mode_names_who_would_deny(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    chat_policy(tenant, ",'mode':'shadow'");

    EXPECT(chat(tenant, "acme", "ada", 90), 200, "{'allowed':true,'reason':null}");
    EXPECT(chat(tenant, "acme", "ada", 90), 200,
           "{'allowed':true,'shadow':true,'denied_by':['org-tokens','pool'],"
           " 'reason':'Rate limit exceeded (shadow)',"
           " 'limits':[{'remaining':2},{'remaining':10},{'remaining':60}]}");
    client_free(tenant);
}

static void a_queue_of_one_set_delays_a_check_of_several(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limits':["
                          "{'name':'queue','by':'org','algorithm':'leaky_bucket','limit':20,"
                          " 'window_seconds':1,'burst':10},"
                          "{'name':'user','by':'user','limit':5,'window_seconds':3600}]}");
    static const char waits[] = "{'route_key':'/a','user_id':'%s','subjects':{'org':'acme'},"
                                "'wait':true}";

    EXPECT(client_post(tenant, "/check", waits, "ada"), 200, "{'limits':[{},{'remaining':4}]}");
    EXPECT(client_post(tenant, "/check", waits, "bob"), 200, "{'limits':[{},{'remaining':4}]}");
    client_free(tenant);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_limit_counts_by_its_own_subjects_and_measure),
        cmocka_unit_test(a_denial_charges_no_limit_and_names_those_that_deny),
        cmocka_unit_test(all_callers_share_a_pool_and_no_other_policy_does),
        cmocka_unit_test(a_plain_policy_answers_as_ever),
        cmocka_unit_test(a_check_that_lacks_something_is_told_what_and_for_which_limit),
        cmocka_unit_test(a_policy_that_is_switched_off_needs_nothing),
        cmocka_unit_test(a_limit_beside_one_by_user_needs_a_user),
        cmocka_unit_test(a_limit_by_address_counts_beside_one_that_counts_by_user_or_address),
        cmocka_unit_test(each_check_of_a_batch_has_its_own_subjects),
        cmocka_unit_test(a_reset_takes_the_limits_whose_subjects_are_given),
        cmocka_unit_test(a_reset_of_whom_no_limit_counts_resets_nothing),
        cmocka_unit_test(a_reset_without_a_pool_leaves_none_out),
        cmocka_unit_test(an_explanation_has_each_limits_own_cost),
        cmocka_unit_test(an_explanation_names_the_subject_of_the_chosen_policy),
        cmocka_unit_test(a_candidate_is_decided_only_for_checks_that_have_what_it_needs),
        cmocka_unit_test(live_rule_and_candidate_by_the_same_subjects_count_apart),
        cmocka_unit_test(shadow_mode_names_who_would_deny),
        cmocka_unit_test(a_queue_of_one_set_delays_a_check_of_several),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open, world_close));
}
