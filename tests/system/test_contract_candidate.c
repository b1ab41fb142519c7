/* SPDX-License-Identifier: MIT
 *
 * A candidate: a rule on trial beside the live one. */
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/world.h"

static void a_candidate_is_shown_with_its_policy(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);

    EXPECT(client_post(tenant, "/policy",
                       "{'route_key':'/a','rate':'10/h','candidate':{'rate':'5/h'}}"),
           201,
           "{'policy':{'limit':10,'candidate':{'name':'default','algorithm':'fixed_window',"
           "'limit':5,'window_seconds':3600}}}");
    EXPECT(client_get(tenant, "/policy"), 200, "[{'candidate':{'limit':5}}]");
    tenant_policy(tenant, "{'route_key':'/a','rate':'10/h'}");
    EXPECT(client_get(tenant, "/policy"), 200, "[{'limit':10}]");
    assert_null(reply_at(client_get(tenant, "/policy"), "0.candidate"));
    client_free(tenant);
}

static void a_stricter_candidate_denies_in_the_log_alone(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','rate':'3/h','candidate':{'rate':'1/h'}}");

    for (int i = 2; i >= 0; i--) {
        const struct reply *reply = client_check(tenant, "alice", "/a");
        EXPECT(reply, 200, "{'allowed':true,'limit':3,'reason':null}");
        assert_int_equal(reply_integer(reply, "remaining"), i);
        EXPECT_FIELD(reply, "RateLimit-Policy", "\"default\";q=3;w=3600");
        assert_null(reply_at(reply, "candidate"));
    }
    EXPECT(client_check(tenant, "alice", "/a"), 429, "{'remaining':0}");

    EXPECT(client_get(tenant, "/logs/latest"), 200,
           "[{'allowed':false,'candidate':{'allowed':false,'remaining':0}},"
           " {'allowed':true,'remaining':0,"
           "  'candidate':{'allowed':false,'remaining':0,'reason':'Rate limit exceeded'}},"
           " {'allowed':true,'remaining':1,'candidate':{'allowed':false}},"
           " {'allowed':true,'remaining':2,"
           "  'candidate':{'allowed':true,'remaining':0,'reason':null}}]");
    client_free(tenant);
}

static void a_looser_candidate_goes_on_counting_where_the_rule_denies(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','rate':'1/h','candidate':{'limits':[{'rate':'3/h'},"
                          "{'name':'log','algorithm':'sliding_window_log','rate':'9/d'}]}}");

    EXPECT(client_check(tenant, "alice", "/a"), 200, NULL);
    for (int i = 0; i < 3; i++)
        EXPECT(client_check(tenant, "alice", "/a"), 429, NULL);

    EXPECT(client_get(tenant, "/logs/latest"), 200,
           "[{'allowed':false,'candidate':{'allowed':false,'remaining':0}},"
           " {'allowed':false,'candidate':{'allowed':true,'remaining':0}},"
           " {'allowed':false,'candidate':{'allowed':true,'remaining':1}},"
           " {'allowed':true,'candidate':{'allowed':true,'remaining':2}}]");
    client_free(tenant);
}

/* Their algorithms and windows are the same, so the counters are apart only because one rule is
 * live and the other on trial. */
static void live_rule_and_candidate_never_share_counters(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','rate':'5/h','candidate':{'rate':'5/h'}}");

    EXPECT(client_check(tenant, "alice", "/a"), 200, "{'remaining':4}");
    tenant_policy(tenant, "{'route_key':'/a','rate':'5/h'}");
    EXPECT(client_check(tenant, "alice", "/a"), 200, "{'remaining':3}");
    tenant_policy(tenant, "{'route_key':'/a','rate':'5/h','candidate':{'rate':'4/h'}}");
    EXPECT(client_check(tenant, "alice", "/a"), 200, "{'remaining':2}");

    EXPECT(client_get(tenant, "/logs/latest?limit=1"), 200,
           "[{'remaining':2,'candidate':{'remaining':2}}]");
    client_free(tenant);
}

static void a_look_and_a_reset_reach_the_candidate_too(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','rate':'5/h','candidate':{'rate':'2/h'}}");
    EXPECT(client_check(tenant, "alice", "/a"), 200, NULL);
    EXPECT(client_look(tenant, "alice", "/a"), 200, NULL);
    EXPECT(client_get(tenant, "/logs/latest?limit=1"), 200,
           "[{'cost':0,'remaining':4,'candidate':{'allowed':true,'remaining':1}}]");

    EXPECT(client_post(tenant, "/reset", "{'user_id':'alice','route_key':'/a'}"), 200,
           "{'reset':1}");

    EXPECT(client_look(tenant, "alice", "/a"), 200, NULL);
    EXPECT(client_get(tenant, "/logs/latest?limit=1"), 200,
           "[{'remaining':5,'candidate':{'remaining':2}}]");
    client_free(tenant);
}

static void an_explanation_shows_the_candidate(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','rate':'5/h','candidate':{'rate':'2/h'}}");

    EXPECT(client_post(tenant, "/check",
                       "{'user_id':'alice','route_key':'/a','cost':3,'explain':true}"),
           200,
           "{'explain':{'limits':[{'remaining_before':5,'remaining_after':2}],"
           "'candidate':{'allowed':false,'reason':'Cost exceeds the limit',"
           "'limits':[{'allowed':false,'remaining_before':2,'remaining_after':2}]}}}");
    client_free(tenant);
}

static void checks_of_a_batch_try_the_candidate_in_order(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','rate':'5/h','candidate':{'rate':'2/h'}}");

    EXPECT(client_post(tenant, "/check/batch",
                       "{'checks':[{'user_id':'bob','route_key':'/a'},"
                       "{'user_id':'bob','route_key':'/a'},{'user_id':'bob','route_key':'/a'}]}"),
           200, "{'results':[{'remaining':4},{'remaining':3},{'remaining':2}]}");

    EXPECT(client_get(tenant, "/logs/latest"), 200,
           "[{'candidate':{'allowed':false}},{'candidate':{'remaining':0}},"
           "{'candidate':{'remaining':1}}]");
    client_free(tenant);
}

/* Shadow mode concerns only the live rule. */
static void a_candidate_says_what_it_would_enforce_in_every_mode(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant,
                  "{'route_key':'/a','rate':'0/h','mode':'shadow','candidate':{'rate':'0/h'}}");
    tenant_policy(tenant,
                  "{'route_key':'/b','rate':'0/h','is_active':false,'candidate':{'rate':'0/h'}}");

    EXPECT(client_check(tenant, "alice", "/a"), 200, NULL);
    EXPECT(client_check(tenant, "alice", "/b"), 200, NULL);

    const struct reply *logs = client_get(tenant, "/logs/latest");
    assert_null(reply_at(logs, "0.candidate"));
    EXPECT(logs, 200,
           "[{'route':'/b'},{'allowed':true,'reason':'Cost exceeds the limit (shadow)',"
           "'candidate':{'allowed':false,'reason':'Cost exceeds the limit'}}]");
    client_free(tenant);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_candidate_is_shown_with_its_policy),
        cmocka_unit_test(a_stricter_candidate_denies_in_the_log_alone),
        cmocka_unit_test(a_looser_candidate_goes_on_counting_where_the_rule_denies),
        cmocka_unit_test(live_rule_and_candidate_never_share_counters),
        cmocka_unit_test(a_look_and_a_reset_reach_the_candidate_too),
        cmocka_unit_test(an_explanation_shows_the_candidate),
        cmocka_unit_test(checks_of_a_batch_try_the_candidate_in_order),
        cmocka_unit_test(a_candidate_says_what_it_would_enforce_in_every_mode),
    };

    world_choose_engine(argc, argv);
    return cmocka_run_group_tests(tests, world_open, world_close);
}
