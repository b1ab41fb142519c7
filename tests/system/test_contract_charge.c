/* SPDX-License-Identifier: MIT
 *
 * POST /charge: what was used counts past the limit, and what is given back counts no more. */
#include "limit/algorithm.h"
#include "scrape.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/world.h"

#define YEAR "31536000"

static const struct reply *charge(struct client *tenant, const char *more)
{
    return client_post(tenant, "/charge", "{'user_id':'ada','route_key':'/a'%s}", more);
}

static const struct reply *check(struct client *tenant, int cost)
{
    return client_post(tenant, "/check", "{'user_id':'ada','route_key':'/a','cost':%d}", cost);
}

static int64_t figure(const struct world *world, const char *name, const char *labels)
{
    struct client *stranger = stranger_new(world->service);
    const double value = scrape_figure(stranger, name, labels);

    client_free(stranger);
    return (int64_t)value;
}

static void a_charge_counts_past_the_limit_and_is_given_back(void **state)
{
    const struct world *world = *state;

    for (size_t i = 0; algorithm_names[i] != NULL; i++) {
        struct client *tenant = tenant_new(world->service);

        tenant_policy(tenant,
                      "{'route_key':'/a','limit':10,'window_seconds':" YEAR ",'algorithm':'%s'}",
                      algorithm_names[i]);
        EXPECT(check(tenant, 4), 200, "{'remaining':6}");
        EXPECT(charge(tenant, ",'cost':3"), 200,
               "{'allowed':true,'limit':10,'remaining':3,'reason':null,'retry_after':null}");
        EXPECT(charge(tenant, ",'cost':15"), 200, "{'allowed':true,'remaining':0}");
        EXPECT(check(tenant, 1), 429, "{'remaining':0,'reason':'Rate limit exceeded'}");
        EXPECT(charge(tenant, ",'cost':-12"), 200, "{'remaining':0}");
        EXPECT(charge(tenant, ",'cost':-2"), 200, "{'remaining':2}");
        EXPECT(check(tenant, 1), 200, "{'remaining':1}");
        EXPECT(charge(tenant, ",'cost':-1000"), 200, "{'remaining':10}");
        EXPECT(check(tenant, 10), 200, "{'remaining':0}");
        EXPECT(charge(tenant, ",'cost':9007199254740991"), 200, "{'remaining':0}");
        EXPECT(charge(tenant, ",'cost':9007199254740991"), 200, "{'remaining':0}");
        client_free(tenant);
    }
}

static void a_charge_costs_nothing_unless_it_says_so(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','rate':'5/h'}");

    EXPECT(check(tenant, 2), 200, NULL);
    EXPECT(charge(tenant, ""), 200, "{'allowed':true,'remaining':3}");
    EXPECT(charge(tenant, ",'cost':null"), 200, "{'remaining':3}");
    client_free(tenant);
}

static void each_limit_is_charged_its_own_measure(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limits':["
                          "{'name':'rpm','by':['org','user'],'limit':5,'window_seconds':" YEAR "},"
                          "{'name':'tokens','by':'org','counts':'tokens','limit':100,"
                          " 'window_seconds':" YEAR "}]}");
    static const char org[] = ",'subjects':{'org':'acme'},'costs':{'tokens':%s}";
    char more[96];

    (void)snprintf(more, sizeof(more), org, "130");
    const struct reply *reply = charge(tenant, more);
    EXPECT(reply, 200,
           "{'limits':[{'name':'rpm','remaining':5,'by':{'org':'acme','user':'ada'}},"
           "{'name':'tokens','remaining':0,'counts':'tokens'}]}");
    assert_null(reply_at(reply, "denied_by"));
    (void)snprintf(more, sizeof(more), org, "-50");
    EXPECT(charge(tenant, more), 200, "{'limits':[{'remaining':5},{'remaining':20}]}");
    EXPECT_PROBLEM(charge(tenant, ",'subjects':{'org':'acme'}"), 422,
                   "must have `tokens`: the limit \"tokens\" counts it");
    EXPECT_PROBLEM(charge(tenant, ",'costs':{'tokens':1}"), 422, "must have `org`");
    client_free(tenant);
}

static void the_terms_of_a_charge_show_in_its_answer(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limit':10,'window_seconds':" YEAR ",'headroom':4}");

    const struct reply *reply = charge(tenant, ",'cost':3,'limit_overrides':{'default':50}");
    EXPECT(reply, 200, "{'limit':50,'remaining':47}");
    EXPECT_FIELD(reply, "RateLimit-Policy", "\"default\";q=50;w=" YEAR);
    EXPECT_FIELD(reply, "X-RateLimit-Remaining", "47");
    EXPECT(charge(tenant, ",'cost':1,'priority':'low'"), 200, "{'limit':10,'remaining':2}");
    EXPECT(charge(tenant, ",'cost':0"), 200, "{'remaining':6}");
    client_free(tenant);
}

static void what_a_charge_cannot_have_is_told(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','rate':'5/h'}");
    static const char *const members[] = {"partial", "wait", "explain"};
    char more[64];

    for (size_t i = 0; i < ARRAY_COUNT(members); i++) {
        (void)snprintf(more, sizeof(more), ",'%s':true", members[i]);
        EXPECT_PROBLEM(charge(tenant, more), 422, members[i]);
    }
    EXPECT_PROBLEM(charge(tenant, ",'cost':-9007199254740992"), 422, "/cost");
    EXPECT_PROBLEM(charge(tenant, ",'cost':1.5"), 422, "/cost");
    EXPECT_PROBLEM(charge(tenant, ",'costs':{'tokens':-9007199254740992}"), 422, "/costs/tokens");
    EXPECT_PROBLEM(charge(tenant, ",'limit_overrides':{'x':1}"), 422, "/limit_overrides/x");
    EXPECT_PROBLEM(client_post(tenant, "/charge", "{'cost':3}"), 422, "/route_key");
    EXPECT_PROBLEM(client_post(tenant, "/charge?deny_status=403", "{}"), 422, "?deny_status");
    EXPECT_PROBLEM(client_post(tenant, "/charge", "{'user_id':'ada','route_key':'/b'}"), 404,
                   "No policy of this app applies");
    EXPECT_PROBLEM(client_get(tenant, "/charge"), 405, NULL);
    EXPECT(client_look(tenant, "ada", "/a"), 200, "{'remaining':5}");
    client_free(tenant);
}

static void a_policy_that_is_switched_off_charges_nothing(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','rate':'5/h','is_active':false}");

    EXPECT(charge(tenant, ",'cost':4"), 200,
           "{'allowed':true,'remaining':null,'reason':'Rate limiting disabled for this policy'}");
    tenant_policy(tenant, "{'route_key':'/a','rate':'5/h'}");
    EXPECT(client_look(tenant, "ada", "/a"), 200, "{'remaining':5}");
    client_free(tenant);
}

static void a_candidate_is_charged_too(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','rate':'5/h','candidate':{'rate':'8/h'}}");

    EXPECT(charge(tenant, ",'cost':6"), 200, "{'remaining':0}");
    EXPECT(
        client_post(tenant, "/check", "{'user_id':'ada','route_key':'/a','cost':1,'explain':true}"),
        429,
        "{'explain':{'candidate':{'allowed':true,'limits':[{'remaining_before':2,"
        "'remaining_after':1}]}}}");
    client_free(tenant);
}

static void shadow_mode_charges_as_ever(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','rate':'5/h','mode':'shadow'}");

    EXPECT(charge(tenant, ",'cost':7"), 200, "{'allowed':true,'shadow':true,'remaining':0}");
    EXPECT(check(tenant, 1), 200, "{'reason':'Rate limit exceeded (shadow)'}");
    client_free(tenant);
}

static void a_charge_is_in_the_log_and_no_decision(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','rate':'5/h'}");
    const int64_t made = figure(world, "sluice_charges_total", "result=\"made\"");
    const int64_t allowed = figure(world, "sluice_decisions_total", "outcome=\"allowed\"");
    const int64_t overrides = figure(world, "sluice_limit_overrides_total", "");

    EXPECT(charge(tenant, ",'cost':7"), 200, NULL);
    EXPECT(charge(tenant, ",'cost':-3,'limit_overrides':{'default':6}"), 200, NULL);
    EXPECT(client_get(tenant, "/logs/latest"), 200,
           "[{'cost':-3,'charge':true,'allowed':true,'remaining':2,"
           "  'limit_overrides':{'default':6}},"
           " {'cost':7,'charge':true,'allowed':true,'remaining':0,'reason':null}]");
    EXPECT(client_get(tenant, "/usage"), 200, "{'totals':{'allowed':0,'denied':0}}");
    assert_int_equal(figure(world, "sluice_charges_total", "result=\"made\""), made + 2);
    assert_int_equal(figure(world, "sluice_decisions_total", "outcome=\"allowed\""), allowed);
    assert_int_equal(figure(world, "sluice_limit_overrides_total", ""), overrides + 1);
    client_free(tenant);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_charge_counts_past_the_limit_and_is_given_back),
        cmocka_unit_test(a_charge_costs_nothing_unless_it_says_so),
        cmocka_unit_test(each_limit_is_charged_its_own_measure),
        cmocka_unit_test(the_terms_of_a_charge_show_in_its_answer),
        cmocka_unit_test(what_a_charge_cannot_have_is_told),
        cmocka_unit_test(a_policy_that_is_switched_off_charges_nothing),
        cmocka_unit_test(a_candidate_is_charged_too),
        cmocka_unit_test(shadow_mode_charges_as_ever),
        cmocka_unit_test(a_charge_is_in_the_log_and_no_decision),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open, world_close));
}
