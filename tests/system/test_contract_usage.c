/* SPDX-License-Identifier: MIT
 *
 * GET /usage: the sums of the decisions. */
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/wait.h"
#include "support/world.h"

#define COUNTS "allowed denied shadow_denied candidate_denied degraded"

static void decisions_are_counted_at_once_by_route_role_and_outcome(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limit':1,'window_seconds':3600}");
    tenant_policy(tenant, "{'route_key':'/a','role':'premium','limit':9,'window_seconds':3600}");
    tenant_policy(tenant, "{'route_key':'/b','limit':9,'window_seconds':3600}");
    for (int i = 0; i < 3; i++)
        EXPECT(client_check(tenant, "alice", "/a"), i == 0 ? 200 : 429, NULL);
    EXPECT(client_post(tenant, "/check", "{'user_id':'bob','route_key':'/a','role':'premium'}"),
           200, NULL);
    EXPECT(client_look(tenant, "bob", "/b"), 200, NULL);
    EXPECT(client_check(tenant, "bob", "/b"), 200, NULL);

    const struct reply *usage = client_get(tenant, "/usage");

    EXPECT(usage, 200,
           "{'step_seconds':60,'hourly_before':null,'degraded':false,"
           " 'totals':{'allowed':4,'denied':2,'shadow_denied':0,'candidate_denied':0,"
           "           'degraded':0},"
           " 'routes':[{'route':'/a','role':'default','allowed':1,'denied':2},"
           "           {'route':'/b','role':'default','allowed':2,'denied':0},"
           "           {'route':'/a','role':'premium','allowed':1,'denied':0}],"
           " 'top_denied':{'error_max':0,"
           "               'subjects':[{'user_id':'alice','denied':2,'error':0}]}}");
    EXPECT_MEMBERS(usage->json,
                   "from to step_seconds hourly_before degraded totals uncounted series routes "
                   "costs denied_by top_denied top_cost");
    EXPECT_MEMBERS(reply_at(usage, "totals"), COUNTS);
    EXPECT_MEMBERS(reply_at(usage, "series.0"), "timestamp " COUNTS);
    EXPECT_MEMBERS(reply_at(usage, "routes.0"), "route role " COUNTS);
    client_free(tenant);
}

static void the_series_has_a_point_for_every_step_the_newest_last(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limit':9,'window_seconds':3600}");
    EXPECT(client_check(tenant, "alice", "/a"), 200, NULL);

    const struct reply *usage = client_get(tenant, "/usage?window=1d&step=15m");

    EXPECT(usage, 200, "{'step_seconds':900,'totals':{'allowed':1}}");
    const json_t *series = reply_at(usage, "series");
    const int64_t from = reply_integer(usage, "from");
    int64_t sum = 0;
    assert_int_equal(json_array_size(series), 96);
    assert_int_equal(from % 900, 0);
    assert_int_equal(reply_integer(usage, "to"), from + 86400);
    assert_in_range(reply_integer(usage, "to"), time(NULL) - 60, time(NULL) + 900);
    for (size_t i = 0; i < 96; i++) {
        const json_t *point = json_array_get(series, i);

        assert_int_equal(json_integer_value(json_object_get(point, "timestamp")),
                         from + 900 * (int64_t)i);
        if (i >= 94) /* a step may have ended since the check */
            sum += json_integer_value(json_object_get(point, "allowed"));
    }
    assert_int_equal(sum, 1);
    client_free(tenant);
}

static void every_window_up_to_ninety_days_has_its_steps(void **state)
{
    static const struct {
        const char *query;
        size_t points;
    } cases[] = {
        {"", 60},
        {"?window=1m", 1},
        {"?window=61m&step=1h", 2},
        {"?window=24h", 1440},
        {"?window=7d&step=1h", 168},
        {"?window=7d&step=7m", 1440},
        {"?window=7d&step=7d", 1},
        {"?window=90d&step=90m", 1440},
        {"?window=90d&step=1d", 90},
    };
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limit':9,'window_seconds':3600}");
    EXPECT(client_check(tenant, "alice", "/a"), 200, NULL);

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const struct reply *usage = client_get(tenant, "/usage%s", cases[i].query);

        EXPECT(usage, 200, NULL);
        assert_int_equal(json_array_size(reply_at(usage, "series")), cases[i].points);
        /* Since the check the minute may have ended, which matters in the shortest window. */
        if (i != 1)
            assert_int_equal(reply_integer(usage, "totals.allowed"), 1);
    }
    client_free(tenant);
}

static void route_and_role_choose_what_is_told(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'*','limit':9,'window_seconds':3600}");
    EXPECT(client_check(tenant, "alice", "/a"), 200, NULL);
    EXPECT(client_check(tenant, "alice", "/b"), 200, NULL);
    EXPECT(client_post(tenant, "/check", "{'user_id':'bob','route_key':'/a','role':'premium'}"),
           200, NULL);

    EXPECT(client_get(tenant, "/usage?route_key=/a"), 200,
           "{'totals':{'allowed':2},'routes':[{'role':'default'},{'role':'premium'}]}");
    EXPECT(client_get(tenant, "/usage?route_key=/a&role=premium"), 200,
           "{'totals':{'allowed':1},'routes':[{'route':'/a','role':'premium'}]}");
    EXPECT(client_get(tenant, "/usage?route_key=/none"), 200,
           "{'totals':{'allowed':0},'routes':[]}");
    client_free(tenant);
}

static void what_shadow_and_candidate_would_have_denied_is_counted(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/s','limit':1,'window_seconds':60,'mode':'shadow'}");
    tenant_policy(tenant, "{'route_key':'/c','limit':9,'window_seconds':60,"
                          " 'candidate':{'limit':0,'window_seconds':60}}");
    tenant_policy(tenant, "{'route_key':'/i','limit':0,'window_seconds':60,'is_active':false}");
    for (int i = 0; i < 3; i++)
        EXPECT(client_check(tenant, "alice", "/s"), 200, NULL);
    EXPECT(client_check(tenant, "alice", "/c"), 200, NULL);
    EXPECT(client_check(tenant, "alice", "/i"), 200, NULL);

    EXPECT(client_get(tenant, "/usage"), 200,
           "{'totals':{'allowed':5,'denied':0,'shadow_denied':2,'candidate_denied':1},"
           " 'top_denied':{'subjects':[]}}");
    client_free(tenant);
}

static void costs_and_limits_that_denied_are_summed(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/chat','limits':["
                          " {'name':'org-tokens','limit':2000,'window_seconds':3600,"
                          "  'by':['org'],'counts':'tokens'},"
                          " {'name':'calls','limit':100,'window_seconds':3600,'by':['user']}]}");
    tenant_policy(tenant, "{'route_key':'/plain','limit':10,'window_seconds':3600}");
    static const char chat[] = "{'subjects':{'org':'acme','user':'%s'},'route_key':'/chat',"
                               " 'costs':{'tokens':%d,'images':9}}"; /* no limit counts images */
    EXPECT(client_post(tenant, "/check", chat, "ada", 1500), 200, NULL);
    EXPECT(client_post(tenant, "/check", chat, "bob", 1500), 429, NULL);
    EXPECT(client_post(tenant, "/check", chat, "bob", 400), 200, NULL);
    EXPECT(client_post(tenant, "/check", "{'user_id':'ada','route_key':'/plain','cost':7}"), 200,
           NULL);
    EXPECT(client_post(tenant, "/check", "{'user_id':'ada','route_key':'/plain','cost':7}"), 429,
           NULL);
    EXPECT(client_post(tenant, "/check",
                       "{'user_id':'ada','route_key':'/plain','cost':7,'partial':true}"),
           200, "{'granted':3}");
    EXPECT(client_look(tenant, "eve", "/plain"), 200, NULL);

    EXPECT(client_get(tenant, "/usage"), 200,
           "{'costs':[{'measure':'tokens','cost':1900},{'measure':'requests','cost':12}],"
           " 'denied_by':[{'limit':'(unnamed)','denied':1},{'limit':'org-tokens','denied':1}],"
           " 'top_denied':{'subjects':[{'user_id':'ada','denied':1},{'user_id':'bob'}]},"
           " 'top_cost':{'error_max':0,'subjects':[{'user_id':'ada','cost':11,'error':0},"
           "                                       {'user_id':'bob','cost':1,'error':0}]}}");
    client_free(tenant);
}

static void more_routes_than_are_told_apart_are_counted_together(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'*','limit':1000,'window_seconds':3600}");
    /* They may fall into two minutes. Even then one minute has more than 200. */
    for (int i = 0; i < 450; i++) {
        char route[32];

        (void)snprintf(route, sizeof route, "/%d", i);
        EXPECT(client_check(tenant, "alice", route), 200, NULL);
    }

    const struct reply *usage = client_get(tenant, "/usage");

    EXPECT(usage, 200, "{'totals':{'allowed':450}}");
    assert_int_equal(json_array_size(reply_at(usage, "routes")), 201);
    EXPECT(client_get(tenant, "/usage?route_key=(other)"), 200, "{'routes':[{'role':'(other)'}]}");
    client_free(tenant);
}

static void the_most_denied_are_named_with_users_and_addresses_apart(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limit':0,'window_seconds':3600}");
    for (int i = 0; i < 30; i++) {
        char user[32];

        (void)snprintf(user, sizeof user, "user %d", i);
        EXPECT(client_check(tenant, user, "/a"), 429, NULL);
    }
    for (int i = 0; i < 3; i++)
        EXPECT(client_post(tenant, "/check", "{'ip':'2001:db8::1','route_key':'/a'}"), 429, NULL);
    for (int i = 0; i < 2; i++)
        EXPECT(client_check(tenant, "eve", "/a"), 429, NULL);

    const struct reply *usage = client_get(tenant, "/usage");

    EXPECT(usage, 200, "{'totals':{'denied':35},'top_denied':{'error_max':0}}");
    assert_int_equal(json_array_size(reply_at(usage, "top_denied.subjects")), 20);
    assert_string_equal(reply_text(usage, "top_denied.subjects.0.ip"), "2001:db8::/64");
    assert_int_equal(reply_integer(usage, "top_denied.subjects.0.denied"), 3);
    assert_string_equal(reply_text(usage, "top_denied.subjects.1.user_id"), "eve");
    assert_int_equal(reply_integer(usage, "top_denied.subjects.1.denied"), 2);
    client_free(tenant);
}

static void a_wrong_question_is_told_what_is_wrong(void **state)
{
    static const struct {
        const char *query;
        const char *parameter;
    } cases[] = {
        {"window=91d", "?window"},
        {"window=0m", "?window"},
        {"window=-1h", "?window"},
        {"window=h", "?window"},
        {"window=1", "?window"},
        {"window=1s", "?window"},
        {"window=1.5h", "?window"},
        {"window=99999999999999999999d", "?window"},
        {"window=%201h", "?window"},
        {"window=", "?window"},
        {"step=30s", "?step"},
        {"step=2h", "?step"},
        {"window=7d&step=6m", "?step"},
        {"window=25h", "?step"},
        {"window=90d&step=89m", "?step"},
        {"route_key=", "?route_key"},
        {"role=", "?role"},
        {"color=blue", "?color"},
    };
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        EXPECT_PROBLEM(client_get(tenant, "/usage?%s", cases[i].query), 422, cases[i].parameter);
    EXPECT_PROBLEM(client_post(tenant, "/usage", "{}"), 405, NULL);
    client_free(tenant);
}

/* The value in this column of the first row that begins with `row`. */
static int64_t cell(const char *table, const char *row, size_t column)
{
    const char *at = strstr(table, row);

    assert_non_null(at);
    for (size_t i = 0; i < column; i++) {
        at = strchr(at, ',');
        assert_non_null(at);
        at++;
    }
    return strtoll(at, NULL, 10);
}

static void a_table_for_spreadsheets_has_the_same_numbers(void **state)
{
    static const char *const asks_csv[] = {"Accept: text/csv", NULL};
    static const char *const asks_either[] = {"Accept: text/csv, application/json", NULL};
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'*','limit':2,'window_seconds':3600}");
    for (int i = 0; i < 5; i++)
        EXPECT(client_check(tenant, "=HYPERLINK(1)", "=1+1"), i < 2 ? 200 : 429, NULL);
    for (int i = 0; i < 2; i++)
        EXPECT(client_check(tenant, "ada", "/a,b"), 200, NULL);

    client_set_headers(tenant, asks_csv);
    const struct reply *usage = client_get(tenant, "/usage?window=2h&step=1h");

    EXPECT(usage, 200, NULL);
    EXPECT_FIELD(usage, "Content-Type", "text/csv; charset=utf-8; header=present");
    EXPECT_FIELD(usage, "Vary", "Accept");
    assert_int_equal(cell(usage->body, "\r\ntotal,", 7), 4);
    assert_int_equal(cell(usage->body, "\r\ntotal,", 8), 3);
    assert_int_equal(cell(usage->body, "\r\nroute,,,'=1+1,", 8), 3);
    assert_non_null(strstr(usage->body, "\r\nroute,,,\"/a,b\",default,,,2,0,"));
    assert_int_equal(cell(usage->body, ",user,'=HYPERLINK(1),", 4), 3);
    EXPECT_PROBLEM(client_get(tenant, "/usage?window=0m"), 422, "?window");

    client_set_headers(tenant, asks_either);
    usage = client_get(tenant, "/usage?window=2h&step=1h");
    EXPECT(usage, 200, "{'totals':{'allowed':4,'denied':3}}");
    EXPECT_FIELD(usage, "Content-Type", "application/json");
    EXPECT_FIELD(usage, "Vary", "Accept");
    client_set_headers(tenant, NULL);
    client_free(tenant);
}

static void usage_is_the_apps_own(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    struct client *other = tenant_new(world->service);
    struct client *stranger = stranger_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limit':9,'window_seconds':3600}");
    EXPECT(client_check(tenant, "alice", "/a"), 200, NULL);

    EXPECT(client_get(other, "/usage"), 200, "{'totals':{'allowed':0,'denied':0},'routes':[]}");
    EXPECT_PROBLEM(client_get(stranger, "/usage"), 401, NULL);
    client_free(tenant);
    client_free(other);
    client_free(stranger);
}

static void instances_sum_up(void **state)
{
    const struct world *world = *state;
    if (world->second == NULL)
        skip(); /* the memory engine is in one process */
    struct client *here = tenant_new(world->service);
    tenant_policy(here, "{'route_key':'/a','limit':3,'window_seconds':3600}");
    struct client *there = tenant_at_second(world, here);
    EXPECT(client_check(here, "alice", "/a"), 200, NULL);
    for (int i = 0; i < 4; i++)
        EXPECT(client_check(there, "alice", "/a"), i < 2 ? 200 : 429, NULL);

    WAIT_FOR (10, reply_integer(client_get(here, "/usage"), "totals.denied") == 2)
        ;

    EXPECT(client_get(here, "/usage"), 200,
           "{'degraded':false,'totals':{'allowed':3,'denied':2},"
           " 'routes':[{'route':'/a','allowed':3,'denied':2}],"
           " 'top_denied':{'subjects':[{'user_id':'alice','denied':2,'error':0}]}}");
    WAIT_FOR (10, reply_integer(client_get(there, "/usage"), "totals.allowed") == 3)
        ;
    client_free(here);
    client_free(there);
}

/* A charge is no decision, whether it takes or gives back. */
static void what_is_charged_later_or_given_back_changes_no_sum(void **state)
{
    static const int costs[] = {9, -9, -500, 3, -1000000};
    static const int64_t spent = 40 + 7;
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limit':10000,'window_seconds':3600}");
    EXPECT(client_post(tenant, "/check", "{'user_id':'ada','route_key':'/a','cost':40}"), 200,
           NULL);
    for (size_t i = 0; i < ARRAY_COUNT(costs); i++) {
        EXPECT(client_post(tenant, "/charge", "{'user_id':'%s','route_key':'/a','cost':%d}",
                           i % 2 == 0 ? "ada" : "bob", costs[i]),
               200, NULL);
    }
    EXPECT(client_post(tenant, "/check", "{'user_id':'ada','route_key':'/a','cost':7}"), 200, NULL);

    const struct reply *usage = client_get(tenant, "/usage");

    EXPECT(usage, 200, "{'totals':{'allowed':2,'denied':0}}");
    assert_int_equal(json_array_size(reply_at(usage, "costs")), 1);
    assert_int_equal(reply_integer(usage, "costs.0.cost"), spent);
    assert_int_equal(json_array_size(reply_at(usage, "top_cost.subjects")), 1);
    assert_string_equal(reply_text(usage, "top_cost.subjects.0.user_id"), "ada");
    assert_int_equal(reply_integer(usage, "top_cost.subjects.0.cost"), spent);
    client_free(tenant);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decisions_are_counted_at_once_by_route_role_and_outcome),
        cmocka_unit_test(the_series_has_a_point_for_every_step_the_newest_last),
        cmocka_unit_test(every_window_up_to_ninety_days_has_its_steps),
        cmocka_unit_test(route_and_role_choose_what_is_told),
        cmocka_unit_test(what_shadow_and_candidate_would_have_denied_is_counted),
        cmocka_unit_test(costs_and_limits_that_denied_are_summed),
        cmocka_unit_test(what_is_charged_later_or_given_back_changes_no_sum),
        cmocka_unit_test(more_routes_than_are_told_apart_are_counted_together),
        cmocka_unit_test(the_most_denied_are_named_with_users_and_addresses_apart),
        cmocka_unit_test(a_wrong_question_is_told_what_is_wrong),
        cmocka_unit_test(a_table_for_spreadsheets_has_the_same_numbers),
        cmocka_unit_test(usage_is_the_apps_own),
        cmocka_unit_test(instances_sum_up),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open_pair, world_close));
}
