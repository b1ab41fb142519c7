/* SPDX-License-Identifier: MIT
 *
 * POST /check/batch and POST /reset. */
#include "base/memory.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/world.h"

#define ID_BYTES 17

static void a_batch_is_answered_in_order_each_check_by_itself(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limit':2,'window_seconds':3600}");

    const struct reply *reply = client_post(tenant, "/check/batch",
                                            "{'checks':["
                                            "{'user_id':'alice','route_key':'/a'},"
                                            "{'user_id':'alice','route_key':'/none'},"
                                            "{'user_id':'alice','route_key':'/a','cost':-1},"
                                            "{'ip':'192.0.2.1','route_key':'/a','cost':2},"
                                            "7,"
                                            "{'user_id':'alice','route_key':'/a'},"
                                            "{'user_id':'alice','route_key':'/a'},"
                                            "{'user_id':'alice','route_key':'/a','cost':0}]}");

    EXPECT(reply, 200,
           "{'results':["
           "{'status':200,'allowed':true,'limit':2,'remaining':1,'route_key':'/a'},"
           "{'status':404,'title':'No policy applies'},"
           "{'status':422,'errors':[{'pointer':'/checks/2/cost'}]},"
           "{'status':200,'allowed':true,'remaining':0},"
           "{'status':422,'errors':[{'pointer':'/checks/4'}]},"
           "{'status':200,'allowed':true,'remaining':0},"
           "{'status':429,'allowed':false,'remaining':0,'reason':'Rate limit exceeded'},"
           "{'status':200,'allowed':true,'remaining':0}]}");
    client_free(tenant);
}

/* {"checks":[...]} with `count` checks, each of one user, and with more members. */
static char *batch_of(int count, const char *more)
{
    size_t size = (size_t)count * (64 + strlen(more)) + 64;
    char *body = memory_new(1, size);
    size_t length = (size_t)snprintf(body, size, "{'checks':[");

    for (int i = 0; i < count; i++)
        length += (size_t)snprintf(body + length, size - length,
                                   "%s{'user_id':'user %d','route_key':'/a'%s}", i == 0 ? "" : ",",
                                   i % 100, more);
    (void)snprintf(body + length, size - length, "]}");
    return quotes(body);
}

static void a_batch_takes_a_thousand_checks(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    char *body = batch_of(1000, "");
    tenant_policy(tenant, "{'route_key':'/a','limit':7,'window_seconds':3600}");

    const struct reply *reply = client_send(tenant, "POST", "/check/batch", body, strlen(body));

    EXPECT(reply, 200, NULL);
    json_t *results = reply_at(reply, "results");
    assert_int_equal(json_array_size(results), 1000);
    for (size_t i = 0; i < json_array_size(results); i++) {
        json_t *result = json_array_get(results, i);
        bool allowed = i < 700; /* each of the hundred users has ten checks */
        assert_int_equal(json_is_true(json_object_get(result, "allowed")), allowed);
        assert_int_equal(json_integer_value(json_object_get(result, "status")),
                         allowed ? 200 : 429);
    }
    free(body);
    client_free(tenant);
}

static void a_batch_takes_a_thousand_checks_with_all_that_they_may_have(void **state)
{
    static const char more[] =
        ",'role':'r','cost':1,"
        "'subjects':{'a':'1','b':'1','c':'1','d':'1','e':'1','f':'1','g':'1'},"
        "'costs':{'a':1,'b':1,'c':1,'d':1,'e':1,'f':1,'g':1,'h':1}";
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    char *body = batch_of(1000, more);
    tenant_policy(tenant, "{'route_key':'/a','limit':10,'window_seconds':3600}");

    const struct reply *reply = client_send(tenant, "POST", "/check/batch", body, strlen(body));

    EXPECT(reply, 200, NULL);
    for (size_t i = 0; i < 1000; i++) {
        const json_t *result = json_array_get(reply_at(reply, "results"), i);
        const int64_t used = (int64_t)i / 100 + 1;

        assert_int_equal(json_integer_value(json_object_get(result, "remaining")), 10 - used);
    }
    free(body);
    client_free(tenant);
}

/* Each value has a few bytes in the body, and more than a hundred in memory until the answer has
 * left. */
static void a_batch_of_few_checks_has_few_values(void **state)
{
    const struct world *world = *state;
    struct client *client = tenant_new(world->service);
    char body[8192] = "{'checks':[{'user_id':'u','route_key':'/r'},[";
    size_t length = strlen(body);
    tenant_policy(client, "{'route_key':'*','limit':5,'window_seconds':3600}");

    for (int i = 0; i < 110; i++)
        length += (size_t)snprintf(body + length, sizeof(body) - length, "[],");
    (void)snprintf(body + length, sizeof(body) - length, "1]]}");

    EXPECT_PROBLEM(client_post(client, "/check/batch", "%s", body), 413, "more than 112 values");
    client_free(client);
}

static void a_reset_forgets_the_subject_and_nobody_else(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limits':["
                          "{'limit':2,'window_seconds':3600},{'limit':3,'window_seconds':1800}]}");
    EXPECT(client_check(tenant, "alice", "/a"), 200, NULL);
    EXPECT(client_check(tenant, "alice", "/a"), 200, NULL);
    EXPECT(client_check(tenant, "alice", "/a"), 429, NULL);
    EXPECT(client_check(tenant, "bob", "/a"), 200, NULL);

    const struct reply *reset =
        client_post(tenant, "/reset", "{'user_id':'alice','route_key':'/a'}");

    EXPECT(reset, 200, "{'reset':2}");
    assert_string_not_equal(reply_text(reset, "message"), "");
    EXPECT(client_check(tenant, "alice", "/a"), 200, "{'remaining':1}");
    EXPECT(client_check(tenant, "bob", "/a"), 200, "{'remaining':0}");
    client_free(tenant);
}

static void a_reset_of_nothing_says_so(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limit':2,'window_seconds':3600}");

    EXPECT(client_post(tenant, "/reset", "{'user_id':'nobody','route_key':'/a'}"), 200,
           "{'reset':0}");
    EXPECT_PROBLEM(client_post(tenant, "/reset", "{'user_id':'nobody','route_key':'/b'}"), 404,
                   NULL);
    client_free(tenant);
}

static void a_reset_takes_an_address_and_a_role(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    const char *const subject = "'ip':'2001:db8::1','route_key':'/a','role':'admin'";
    tenant_policy(tenant, "{'route_key':'/a','role':'admin','limit':1,'window_seconds':3600}");
    EXPECT(client_post(tenant, "/check", "{%s}", subject), 200, NULL);
    EXPECT(client_post(tenant, "/check", "{%s}", subject), 429, NULL);

    EXPECT(client_post(tenant, "/reset", "{%s}", subject), 200, "{'reset':1}");

    EXPECT(client_post(tenant, "/check", "{%s}", subject), 200, NULL);
    client_free(tenant);
}

/* Makes a policy with these members, and sets its id. */
static void new_policy(struct client *tenant, char id[static ID_BYTES], const char *members)
{
    const struct reply *reply =
        client_post(tenant, "/policy", "{%s,'limit':50,'window_seconds':3600}", members);

    EXPECT(reply, 201, NULL);
    (void)snprintf(id, ID_BYTES, "%s", reply_text(reply, "policy.id"));
}

/* What ada has used under each policy, in the order of GET /policy: a digit for each. */
static void expect_used(struct client *tenant, const char *used)
{
    const struct reply *reply = client_get(tenant, "/subjects/state?user_id=ada");

    EXPECT(reply, 200, NULL);
    assert_int_equal(json_array_size(reply_at(reply, "policies")), strlen(used));
    for (size_t i = 0; used[i] != '\0'; i++) {
        char path[40];

        (void)snprintf(path, sizeof(path), "policies.%zu.limits.0.used", i);
        assert_int_equal(reply_integer(reply, path), used[i] - '0');
    }
}

static void a_reset_by_id_forgets_what_that_policy_has_counted_and_no_other(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    char for_all[ID_BYTES];
    char prefix[ID_BYTES];
    char every[ID_BYTES];
    new_policy(tenant, every, "'route_key':'*'");
    new_policy(tenant, prefix, "'route_key':'/api/*'");
    new_policy(tenant, for_all, "'route_key':'/s'");
    EXPECT(client_check(tenant, "ada", "/s"), 200, NULL);
    EXPECT(client_check(tenant, "bob", "/s"), 200, NULL);
    tenant_policy(tenant, "{'route_key':'/s','user_id':'ada','rate':'50/h'}");
    tenant_policy(tenant, "{'route_key':'/api/','rate':'50/h'}");
    EXPECT(client_check(tenant, "ada", "/s"), 200, NULL);
    EXPECT(client_check(tenant, "ada", "/api/"), 200, NULL);
    EXPECT(client_check(tenant, "ada", "/api/x"), 200, NULL);
    EXPECT(client_check(tenant, "ada", "/else"), 200, NULL);
    expect_used(tenant, "11111");

    EXPECT(client_post(tenant, "/reset", "{'user_id':'ada','policy_id':'%s'}", for_all), 200,
           "{'reset':1}");
    expect_used(tenant, "11101");
    EXPECT(client_post(tenant, "/reset", "{'user_id':'ada','policy_id':'%s'}", prefix), 200,
           "{'reset':1}");
    expect_used(tenant, "11001");
    EXPECT(client_post(tenant, "/reset", "{'subjects':{'user':'ada'},'policy_id':'%s'}", every),
           200, "{'reset':1}");
    expect_used(tenant, "01001");
    EXPECT(client_post(tenant, "/reset", "{'user_id':'ada','policy_id':'%s'}", every), 200,
           "{'reset':0}");
    EXPECT(client_look(tenant, "bob", "/s"), 200, "{'remaining':49}");
    client_free(tenant);
}

static void a_reset_by_id_lists_what_counts_more_callers(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    char id[ID_BYTES];
    tenant_policy(tenant, "{'route_key':'/a','limits':["
                          "{'name':'one','by':'user','rate':'5/h'},"
                          "{'name':'all','by':[],'rate':'50/h'}]}");
    (void)snprintf(id, sizeof(id), "%s", reply_text(client_get(tenant, "/policy"), "0.id"));
    EXPECT(client_check(tenant, "ada", "/a"), 200, NULL);

    EXPECT(client_post(tenant, "/reset", "{'user_id':'ada','policy_id':'%s'}", id), 200,
           "{'reset':1,'not_reset':['all']}");
    EXPECT(client_post(tenant, "/reset", "{'user_id':'ada','policy_id':'%s','shared':true}", id),
           200, "{'reset':1}");
    client_free(tenant);
}

static void a_reset_by_id_needs_a_policy_of_this_app(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    struct client *stranger = tenant_new(world->service);
    char id[ID_BYTES];
    new_policy(tenant, id, "'route_key':'/a'");
    EXPECT(client_check(tenant, "ada", "/a"), 200, NULL);

    EXPECT_PROBLEM(client_post(stranger, "/reset", "{'user_id':'ada','policy_id':'%s'}", id), 404,
                   "no policy with the id");
    EXPECT(client_look(tenant, "ada", "/a"), 200, "{'remaining':49}");
    EXPECT(client_delete(tenant, "/policy", "{'route_key':'/a'}"), 200, NULL);
    EXPECT_PROBLEM(client_post(tenant, "/reset", "{'user_id':'ada','policy_id':'%s'}", id), 404,
                   id);
    EXPECT_PROBLEM(
        client_post(tenant, "/reset", "{'user_id':'ada','policy_id':'0000000000000000'}"), 404,
        "no policy with the id");
    client_free(stranger);
    client_free(tenant);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_is_answered_in_order_each_check_by_itself),
        cmocka_unit_test(a_batch_takes_a_thousand_checks),
        cmocka_unit_test(a_batch_takes_a_thousand_checks_with_all_that_they_may_have),
        cmocka_unit_test(a_batch_of_few_checks_has_few_values),
        cmocka_unit_test(a_reset_forgets_the_subject_and_nobody_else),
        cmocka_unit_test(a_reset_of_nothing_says_so),
        cmocka_unit_test(a_reset_takes_an_address_and_a_role),
        cmocka_unit_test(a_reset_by_id_forgets_what_that_policy_has_counted_and_no_other),
        cmocka_unit_test(a_reset_by_id_lists_what_counts_more_callers),
        cmocka_unit_test(a_reset_by_id_needs_a_policy_of_this_app),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open, world_close));
}
