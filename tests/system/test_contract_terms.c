/* SPDX-License-Identifier: MIT
 *
 * The terms of a check: limits of its own, a low priority, and that a part is enough. */
#include "limit/algorithm.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/world.h"

#define YEAR "31536000" /* a bucket gets nothing back during a test */

static const struct reply *ask(struct client *tenant, const char *more)
{
    return client_post(tenant, "/check", "{'user_id':'ada','route_key':'/a'%s}", more);
}

static void an_override_is_the_limit_of_one_check(void **state)
{
    const struct world *world = *state;

    for (size_t i = 0; algorithm_names[i] != NULL; i++) {
        struct client *tenant = tenant_new(world->service);

        tenant_policy(tenant,
                      "{'route_key':'/a','limit':3,'window_seconds':" YEAR ",'algorithm':'%s'}",
                      algorithm_names[i]);
        EXPECT(ask(tenant, ",'cost':3"), 200, "{'limit':3,'remaining':0}");

        const struct reply *more = ask(tenant, ",'limit_overrides':{'default':9},'cost':2");
        EXPECT(more, 200, "{'limit':9,'remaining':4}");
        EXPECT_FIELD(more, "RateLimit-Policy", "\"default\";q=9;w=" YEAR);
        const struct reply *again = ask(tenant, ",'cost':1");
        EXPECT(again, 429, "{'limit':3,'remaining':0}");
        EXPECT_FIELD(again, "RateLimit-Policy", "\"default\";q=3;w=" YEAR);
        EXPECT(ask(tenant, ",'limit_overrides':{'default':7}"), 200, "{'limit':7,'remaining':1}");
        EXPECT(ask(tenant, ",'limit_overrides':{'default':0}"), 429,
               "{'limit':0,'remaining':0,'reason':'Cost exceeds the limit'}");
        client_free(tenant);
    }
}

static void an_override_of_a_bucket_leaves_a_burst_that_the_policy_has_set(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limit':3,'burst':5,'window_seconds':" YEAR ","
                          "'algorithm':'token_bucket'}");

    const struct reply *reply = ask(tenant, ",'limit_overrides':{'default':100},'cost':2");
    EXPECT(reply, 200, "{'limit':5,'remaining':3}");
    EXPECT_FIELD(reply, "RateLimit-Policy", "\"default\";q=100;w=" YEAR ";sluice-burst=5");
    client_free(tenant);
}

static void an_override_names_one_of_several_limits(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limits':["
                          "{'name':'user','limit':5,'window_seconds':" YEAR "},"
                          "{'name':'pool','by':[],'limit':2,'window_seconds':" YEAR "}]}");

    EXPECT(ask(tenant, ",'limit_overrides':{'pool':4,'user':6},'cost':3"), 200,
           "{'limits':[{'limit':6,'remaining':3},{'limit':4,'remaining':1}]}");
    EXPECT(ask(tenant, ",'limit_overrides':{'user':3}"), 429,
           "{'denied_by':['user','pool'],'limits':[{'limit':3,'remaining':0},"
           "{'limit':2,'remaining':0}]}");
    client_free(tenant);
}

static void an_override_that_cannot_be_is_told_with_its_place(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limits':["
                          "{'name':'minute','rate':'5/m','algorithm':'sliding_window_log'},"
                          "{'name':'day','rate':'9/d'}]}");

    EXPECT(ask(tenant, ",'limit_overrides':{'dya':4,'minute':10001}"), 422,
           "{'errors':[{'pointer':'/limit_overrides/dya',"
           "  'detail':'must be a limit of the policy; did you mean \\\"day\\\"?'},"
           " {'pointer':'/limit_overrides/minute',"
           "  'detail':'must be an integer from 0 to 10000'}]}");
    EXPECT_PROBLEM(ask(tenant, ",'limit_overrides':{'day':-1}"), 422, "/limit_overrides/day");
    EXPECT_PROBLEM(ask(tenant, ",'limit_overrides':{'day':null}"), 422, "/limit_overrides/day");
    EXPECT_PROBLEM(ask(tenant, ",'limit_overrides':4"), 422, "/limit_overrides");
    EXPECT_PROBLEM(ask(tenant, ",'priority':'high'"), 422, "/priority");
    EXPECT_PROBLEM(ask(tenant, ",'partial':1"), 422, "/partial");
    EXPECT(ask(tenant, ",'cost':0"), 200, "{'limits':[{'remaining':5},{'remaining':9}]}");
    client_free(tenant);
}

static void a_policy_that_is_switched_off_ignores_terms(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','rate':'5/h','is_active':false}");

    EXPECT(ask(tenant, ",'limit_overrides':{'nobody':4},'cost':7,'partial':true"), 200,
           "{'allowed':true,'limit':null,'granted':7}");
    const struct reply *log = client_get(tenant, "/logs/latest");
    EXPECT(log, 200, "[{'cost':7,'granted':7}]");
    assert_null(reply_at(log, "0.limit_overrides"));
    client_free(tenant);
}

/* The longest name, one that is longer, and one that is longer than a record. */
static void
a_name_that_no_limit_can_have_is_told_even_by_a_policy_that_is_switched_off(void **state)
{
    const struct world *world = *state;
    static const size_t lengths[] = {32, 33, 300};
    struct client *tenant = tenant_new(world->service);
    char name[301];
    char body[400];

    tenant_policy(tenant, "{'route_key':'/a','rate':'5/h','is_active':false}");
    for (size_t i = 0; i < ARRAY_COUNT(lengths); i++) {
        const bool is_name = i == 0;
        const int status = is_name ? 200 : 422;

        memset(name, 'n', sizeof(name));
        name[lengths[i]] = '\0';
        (void)snprintf(body, sizeof(body),
                       "{'user_id':'ada','route_key':'/a','limit_overrides':{'%s':4}}", name);
        EXPECT(client_post(tenant, "/check", "%s", body), status, NULL);
        EXPECT(client_post(tenant, "/charge", "%s", body), status, NULL);
        EXPECT(client_post(tenant, "/check/batch", "{'checks':[%s]}", body), 200,
               is_name ? "{'results':[{'status':200}]}" : "{'results':[{'status':422}]}");
        EXPECT(client_get(tenant, "/logs/latest"), 200, "[{},{},{}]");
    }
    EXPECT_PROBLEM(ask(tenant, ",'limit_overrides':{'a b':1}"), 422,
                   "must have another name: it must be 1 to 32 letters, digits and _ . : / -");
    client_free(tenant);
}

static void a_candidate_takes_the_overrides_of_limits_that_it_has(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limits':[{'name':'one','rate':'5/h'},"
                          "{'name':'two','rate':'5/h'}],"
                          "'candidate':{'limits':[{'name':'two','rate':'2/h'},"
                          "{'name':'three','rate':'9/h'}]}}");

    EXPECT(ask(tenant, ",'limit_overrides':{'one':7,'two':6},'cost':4,'explain':true"), 200,
           "{'explain':{'limits':[{'limit':7,'limit_of_policy':5,'remaining_after':3},"
           "                      {'limit':6,'limit_of_policy':5,'remaining_after':2}],"
           " 'candidate':{'allowed':true,'limits':["
           "   {'name':'two','limit':6,'limit_of_policy':2,'remaining_after':2},"
           "   {'name':'three','remaining_after':5}]}}}");
    EXPECT_PROBLEM(ask(tenant, ",'limit_overrides':{'three':7}"), 422, "/limit_overrides/three");
    client_free(tenant);
}

static void a_part_is_granted_until_nothing_is_left(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limit':700,'window_seconds':" YEAR "}");

    EXPECT(ask(tenant, ",'cost':500,'partial':true"), 200, "{'granted':500,'remaining':200}");
    EXPECT(ask(tenant, ",'cost':500,'partial':true"), 200,
           "{'allowed':true,'reason':null,'granted':200,'remaining':0}");
    const struct reply *none = ask(tenant, ",'cost':500,'partial':true");
    EXPECT(none, 429, "{'granted':0,'remaining':0,'reason':'Rate limit exceeded'}");
    assert_true(reply_integer(none, "retry_after") > 0);
    EXPECT(ask(tenant, ",'cost':0,'partial':true"), 200, "{'granted':0,'remaining':0}");
    assert_null(reply_at(ask(tenant, ",'partial':false"), "granted"));
    EXPECT(client_get(tenant, "/logs/latest?limit=4"), 200,
           "[{'cost':1,'allowed':false},{'cost':0,'granted':0,'allowed':true},"
           " {'cost':500,'granted':0,'allowed':false},{'cost':500,'granted':200,'allowed':true}]");
    client_free(tenant);
}

static void the_wait_after_a_partial_denial_is_that_for_one_unit(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limit':100,'window_seconds':360000,"
                          "'algorithm':'token_bucket'}");

    EXPECT(ask(tenant, ",'cost':1000,'partial':true"), 200, "{'granted':100}");
    const struct reply *none = ask(tenant, ",'cost':1000,'partial':true");
    EXPECT(none, 429, "{'granted':0,'reason':'Rate limit exceeded'}");
    assert_in_range(reply_integer(none, "retry_after"), 3000, 3600);
    client_free(tenant);
}

static void a_part_is_what_all_limits_have(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limits':["
                          "{'name':'user','counts':'tokens','limit':80,'window_seconds':" YEAR "},"
                          "{'name':'log','counts':'tokens','limit':60,'window_seconds':" YEAR ","
                          " 'algorithm':'sliding_window_log'},"
                          "{'name':'pool','by':[],'counts':'tokens','limit':100,"
                          " 'window_seconds':" YEAR ",'algorithm':'token_bucket'}]}");
    static const char tokens[] = ",'costs':{'tokens':50},'partial':true";

    EXPECT(ask(tenant, tokens), 200,
           "{'granted':50,'limits':[{'remaining':30},{'remaining':10},{'remaining':50}]}");
    EXPECT(ask(tenant, ",'costs':{'tokens':50},'partial':true,'explain':true"), 200,
           "{'granted':10,'limits':[{'remaining':20},{'remaining':0},{'remaining':40}],"
           " 'explain':{'limits':[{'remaining_before':30},{'remaining_before':10},"
           "                      {'remaining_before':50,'remaining_after':40}]}}");
    EXPECT(ask(tenant, tokens), 429,
           "{'granted':0,'denied_by':['log'],"
           " 'limits':[{'remaining':20},{'remaining':0},{'remaining':40}]}");
    client_free(tenant);
}

static void a_part_of_two_measures_is_no_one_number(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limits':[{'name':'rpm','rate':'5/h'},"
                          "{'name':'tokens','counts':'tokens','rate':'9/h'}]}");

    EXPECT(ask(tenant, ",'costs':{'tokens':5},'partial':true"), 422,
           "{'errors':[{'pointer':'/partial','detail':"
           "'must not be true: the limit \\\"tokens\\\" counts tokens, and the first one requests'"
           "}]}");
    EXPECT(ask(tenant, ",'costs':{'tokens':5},'partial':false"), 200, NULL);
    client_free(tenant);
}

static void shadow_mode_grants_all_and_says_what_would_be_denied(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','rate':'5/h','mode':'shadow'}");

    EXPECT(ask(tenant, ",'cost':4,'partial':true"), 200, "{'granted':4,'remaining':1}");
    EXPECT(ask(tenant, ",'cost':4,'partial':true"), 200, "{'granted':4,'remaining':0}");
    EXPECT(ask(tenant, ",'cost':4,'partial':true"), 200,
           "{'allowed':true,'shadow':true,'granted':4,'reason':'Rate limit exceeded (shadow)'}");
    client_free(tenant);
}

static void low_priority_leaves_the_headroom(void **state)
{
    const struct world *world = *state;

    for (size_t i = 0; algorithm_names[i] != NULL; i++) {
        struct client *tenant = tenant_new(world->service);

        tenant_policy(tenant,
                      "{'route_key':'/a','limit':10,'window_seconds':" YEAR ",'algorithm':'%s',"
                      "'headroom':%s}",
                      algorithm_names[i], i % 2 == 0 ? "3" : "'25%'");
        EXPECT(ask(tenant, ",'priority':'low','cost':6"), 200, "{'limit':10,'remaining':1}");
        EXPECT(ask(tenant, ",'priority':'low','cost':2"), 429,
               "{'limit':10,'remaining':1,'reason':'Rate limit exceeded for low priority'}");
        EXPECT(ask(tenant, ",'priority':'normal','cost':2"), 200, "{'remaining':2}");
        EXPECT(ask(tenant, ",'priority':'low'"), 429, "{'remaining':0}");
        const struct reply *never = ask(tenant, ",'priority':'low','cost':8");
        EXPECT(never, 429,
               "{'retry_after':null,'reason':'Cost exceeds the limit for low priority'}");
        EXPECT_FIELD(never, "Retry-After", NULL);
        EXPECT(ask(tenant, ",'cost':2"), 200, "{'remaining':0}");
        client_free(tenant);
    }
}

static void a_part_of_low_priority_leaves_the_headroom_of_an_override(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant,
                  "{'route_key':'/a','limit':10,'window_seconds':" YEAR ",'headroom':'20%%'}");

    EXPECT(ask(tenant, ",'priority':'low','partial':true,'cost':500,"
                       "'limit_overrides':{'default':100},'explain':true"),
           200,
           "{'granted':80,'limit':100,'remaining':0,'explain':{'limits':["
           "{'limit':100,'limit_of_policy':10,'headroom':20,'remaining_before':80}]}}");
    EXPECT(ask(tenant, ",'limit_overrides':{'default':100},'cost':20"), 200, "{'remaining':0}");
    EXPECT(client_get(tenant, "/logs/latest"), 200,
           "[{'limit_overrides':{'default':100}},"
           " {'priority':'low','limit_overrides':{'default':100},'granted':80}]");
    assert_null(reply_at(client_get(tenant, "/logs/latest"), "0.priority"));
    client_free(tenant);
}

static void a_check_under_terms_waits_for_its_turn(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','algorithm':'leaky_bucket','limit':1,"
                          "'window_seconds':" YEAR ",'burst':9,'headroom':4}");

    EXPECT(ask(tenant, ",'limit_overrides':{'default':20000000}"), 200, "{'limit':9}");
    const struct reply *reply =
        ask(tenant, ",'limit_overrides':{'default':20000000},'priority':'low','wait':true,"
                    "'explain':true");
    EXPECT(reply, 200,
           "{'explain':{'limits':[{'limit':20000000,'limit_of_policy':1,'headroom':4}]}}");
    assert_null(reply_at(reply, "delay_ms"));
    client_free(tenant);
}

static void each_check_of_a_batch_has_its_own_terms(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limit':10,'window_seconds':" YEAR ",'headroom':5}");

    EXPECT(client_post(tenant, "/check/batch",
                       "{'checks':["
                       "{'user_id':'ada','route_key':'/a','cost':4},"
                       "{'user_id':'ada','route_key':'/a','cost':4,'priority':'low'},"
                       "{'user_id':'ada','route_key':'/a','cost':9,'partial':true},"
                       "{'user_id':'ada','route_key':'/a','limit_overrides':{'default':12}},"
                       "{'user_id':'ada','route_key':'/a','limit_overrides':{'x':12}},"
                       "{'user_id':'ada','route_key':'/a','cost':9,'partial':true}]}"),
           200,
           "{'results':[{'status':200,'remaining':6},{'status':429,'remaining':1},"
           "{'status':200,'granted':6,'remaining':0},{'status':200,'limit':12,'remaining':1},"
           "{'status':422,'errors':[{'pointer':'/checks/4/limit_overrides/x'}]},"
           "{'status':429,'granted':0}]}");
    client_free(tenant);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_override_is_the_limit_of_one_check),
        cmocka_unit_test(an_override_of_a_bucket_leaves_a_burst_that_the_policy_has_set),
        cmocka_unit_test(an_override_names_one_of_several_limits),
        cmocka_unit_test(an_override_that_cannot_be_is_told_with_its_place),
        cmocka_unit_test(a_policy_that_is_switched_off_ignores_terms),
        cmocka_unit_test(
            a_name_that_no_limit_can_have_is_told_even_by_a_policy_that_is_switched_off),
        cmocka_unit_test(a_candidate_takes_the_overrides_of_limits_that_it_has),
        cmocka_unit_test(a_part_is_granted_until_nothing_is_left),
        cmocka_unit_test(the_wait_after_a_partial_denial_is_that_for_one_unit),
        cmocka_unit_test(a_part_is_what_all_limits_have),
        cmocka_unit_test(a_part_of_two_measures_is_no_one_number),
        cmocka_unit_test(shadow_mode_grants_all_and_says_what_would_be_denied),
        cmocka_unit_test(low_priority_leaves_the_headroom),
        cmocka_unit_test(a_part_of_low_priority_leaves_the_headroom_of_an_override),
        cmocka_unit_test(a_check_under_terms_waits_for_its_turn),
        cmocka_unit_test(each_check_of_a_batch_has_its_own_terms),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open, world_close));
}
