/* SPDX-License-Identifier: MIT
 *
 * GET /subjects/state: what is used and left for some subjects, without charging anything. */
#include "base/duration.h"
#include "scrape.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/scratch.h"
#include "support/wait.h"
#include "support/world.h"

#define WAIT_SECONDS 30
#define PAGE         100
#define FOR_ALL      250 /* policies */
#define ID_BYTES     17

#define ORG_LIMITS                                                                                 \
    "'limits':["                                                                                   \
    "{'name':'user-rpm','by':['org','user'],'limit':3,'window_seconds':3600},"                     \
    "{'name':'org-tokens','by':'org','counts':'tokens','limit':100,'window_seconds':3600},"        \
    "{'name':'pool','by':[],'counts':'tokens','limit':150,'window_seconds':3600}]"

static struct scrape scrape; /* too large for a stack */

static const struct reply *state_of(struct client *tenant, const char *query)
{
    return client_get(tenant, "/subjects/state?%s", query);
}

static void keep_id(const struct reply *reply, const char *path, char id[static ID_BYTES])
{
    assert_int_equal(strlen(reply_text(reply, path)), ID_BYTES - 1);
    (void)snprintf(id, ID_BYTES, "%s", reply_text(reply, path));
}

static void a_limit_tells_what_known_checks_have_used_and_left(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    char id[ID_BYTES];
    tenant_policy(tenant, "{'route_key':'/a','limit':5,'window_seconds':3600}");
    keep_id(client_get(tenant, "/policy"), "0.id", id);
    EXPECT(client_post(tenant, "/check", "{'user_id':'ada','route_key':'/a','cost':2}"), 200, NULL);

    const struct reply *reply = state_of(tenant, "subject.user=ada");
    EXPECT(reply, 200,
           "{'policies':[{'version':1,'route_key':'/a','role':'default','user_id':null,"
           " 'mode':'enforce','is_active':true,'limits':[{'name':'default','by':{'user':'ada'},"
           " 'counts':'requests','limit':5,'used':2,'remaining':3,'algorithm':'fixed_window'}]}],"
           " 'next':null}");
    EXPECT_MEMBERS(reply->json, "policies next");
    EXPECT_MEMBERS(reply_at(reply, "policies.0"),
                   "id version route_key role user_id mode is_active limits");
    EXPECT_MEMBERS(reply_at(reply, "policies.0.limits.0"),
                   "name by counts limit used remaining reset_in algorithm");
    assert_string_equal(reply_text(reply, "policies.0.id"), id);
    assert_in_range(reply_integer(reply, "policies.0.limits.0.reset_in"), 1, HOUR_S);

    EXPECT(state_of(tenant, "user_id=bob"), 200,
           "{'policies':[{'limits':[{'by':{'user':'bob'},'used':0,'remaining':5,'reset_in':0}]}]}");
    client_free(tenant);
}

static void each_algorithm_tells_the_same_as_a_look(void **state)
{
    static const char *const algorithms[] = {"fixed_window", "sliding_window", "sliding_window_log",
                                             "token_bucket", "leaky_bucket"};
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);

    for (size_t i = 0; i < ARRAY_COUNT(algorithms); i++) {
        char path[64];

        tenant_policy(tenant, "{'route_key':'/%zu','algorithm':'%s','rate':'10/365d'}", i,
                      algorithms[i]);
        EXPECT(client_post(tenant, "/check", "{'user_id':'ada','route_key':'/%zu','cost':4}", i),
               200, NULL);
        (void)snprintf(path, sizeof(path), "/%zu", i);
        const int64_t reset_in = reply_integer(client_look(tenant, "ada", path), "reset_in");
        const struct reply *reply = state_of(tenant, "user_id=ada");

        (void)snprintf(path, sizeof(path), "policies.%zu.limits.0.reset_in", i);
        assert_in_range(reply_integer(reply, path), reset_in - MINUTE_S, reset_in);
    }
    const struct reply *reply = state_of(tenant, "user_id=ada");
    assert_int_equal(json_array_size(reply_at(reply, "policies")), ARRAY_COUNT(algorithms));
    for (size_t i = 0; i < ARRAY_COUNT(algorithms); i++) {
        json_t *limit = json_array_get(
            json_object_get(json_array_get(reply_at(reply, "policies"), i), "limits"), 0);

        assert_string_equal(json_string_value(json_object_get(limit, "algorithm")), algorithms[i]);
        assert_int_equal(json_integer_value(json_object_get(limit, "used")), 4);
        assert_int_equal(json_integer_value(json_object_get(limit, "remaining")), 6);
    }
    client_free(tenant);
}

static void a_charge_past_the_limit_has_used_all_of_it(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limit':5,'window_seconds':3600}");

    EXPECT(client_post(tenant, "/charge", "{'user_id':'ada','route_key':'/a','cost':9}"), 200,
           NULL);

    EXPECT(state_of(tenant, "user_id=ada"), 200,
           "{'policies':[{'limits':[{'limit':5,'used':5,'remaining':0}]}]}");
    client_free(tenant);
}

static void a_limit_without_its_subjects_says_which_it_needs(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/v1/chat'," ORG_LIMITS "}");
    EXPECT(client_post(tenant, "/check",
                       "{'route_key':'/v1/chat','subjects':{'org':'acme','user':'ada'},"
                       "'costs':{'tokens':40}}"),
           200, NULL);

    const struct reply *whole = state_of(tenant, "subject.org=acme&subject.user=ada");
    EXPECT(whole, 200,
           "{'policies':[{'limits':["
           "{'name':'user-rpm','by':{'org':'acme','user':'ada'},'counts':'requests','limit':3,"
           " 'used':1,'remaining':2},"
           "{'name':'org-tokens','by':{'org':'acme'},'counts':'tokens','used':40,'remaining':60},"
           "{'name':'pool','by':{},'counts':'tokens','used':40,'remaining':110}]}]}");
    assert_null(reply_at(whole, "policies.0.limits.0.needs"));
    const struct reply *org = state_of(tenant, "subject.org=acme");
    EXPECT(org, 200,
           "{'policies':[{'limits':["
           "{'name':'user-rpm','by':{'org':'acme'},'limit':3,'used':null,'remaining':null,"
           " 'reset_in':null,'needs':['user']},"
           "{'name':'org-tokens','used':40,'remaining':60},"
           "{'name':'pool','used':40,'remaining':110}]}]}");
    assert_null(reply_at(org, "policies.0.degraded"));
    EXPECT(state_of(tenant, "user_id=ada"), 200,
           "{'policies':[{'limits':[{'used':null,'needs':['org']},{'used':null,'needs':['org']},"
           "{'used':40}]}]}");
    EXPECT(state_of(tenant, "subject.team=red"), 200,
           "{'policies':[{'limits':[{'by':{},'needs':['org','user']},{'needs':['org']},"
           "{'used':40}]}]}");
    client_free(tenant);
}

static void a_limit_that_does_not_say_by_whom_takes_a_user_or_an_address(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limit':5,'window_seconds':3600}");
    EXPECT(client_post(tenant, "/check", "{'ip':'2001:db8::2','route_key':'/a'}"), 200, NULL);

    EXPECT(state_of(tenant, "subject.org=acme"), 200,
           "{'policies':[{'limits':[{'by':{},'used':null,'needs':['user']}]}]}");
    EXPECT(state_of(tenant, "subject.ip=2001:db8::1"), 200,
           "{'policies':[{'limits':[{'by':{'ip':'2001:db8::/64'},'used':1,'remaining':4}]}]}");
    EXPECT(state_of(tenant, "subject.ip=2001:db8::1&subject.user=ada"), 200,
           "{'policies':[{'limits':[{'by':{'user':'ada'},'used':0}]}]}");
    client_free(tenant);
}

static void policies_for_others_are_absent_and_one_that_another_hides_says_so(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    static const char limit[] = "'limit':5,'window_seconds':3600";
    tenant_policy(tenant, "{'route_key':'/a',%s}", limit);
    tenant_policy(tenant, "{'route_key':'/a','user_id':'ada',%s}", limit);
    tenant_policy(tenant, "{'route_key':'/a','role':'gold','user_id':'bob',%s}", limit);
    tenant_policy(tenant, "{'route_key':'/b*','subject':{'org':'acme'},%s}", limit);
    EXPECT(client_check(tenant, "ada", "/a"), 200, NULL);

    const struct reply *ada = state_of(tenant, "user_id=ada");
    EXPECT(ada, 200,
           "{'policies':[{'route_key':'/a','user_id':null,'limits':[{'used':0}]},"
           "{'route_key':'/a','user_id':'ada','limits':[{'used':1}]}]}");
    assert_string_equal(reply_text(ada, "policies.0.hidden_by"), reply_text(ada, "policies.1.id"));
    assert_null(reply_at(ada, "policies.1.hidden_by"));
    const struct reply *bob = state_of(tenant, "user_id=bob");
    EXPECT(bob, 200,
           "{'policies':[{'role':'default','user_id':null},"
           "{'role':'gold','user_id':'bob'}]}");
    assert_null(reply_at(bob, "policies.0.hidden_by"));
    EXPECT(state_of(tenant, "subject.org=acme"), 200,
           "{'policies':[{'route_key':'/a'},{'route_key':'/b*','subject':{'org':'acme'}}]}");
    EXPECT(state_of(tenant, "subject.org=else"), 200, "{'policies':[{'route_key':'/a'}]}");

    struct client *stranger = tenant_new(world->service);
    EXPECT(state_of(stranger, "user_id=ada"), 200, "{'policies':[],'next':null}");
    client_free(stranger);
    client_free(tenant);
}

static void inactive_shadow_and_candidate_are_told_as_what_they_are(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    static const char limit[] = "'limit':2,'window_seconds':3600";
    tenant_policy(tenant, "{'route_key':'/candidate','candidate':{'rate':'9/h'},%s}", limit);
    tenant_policy(tenant, "{'route_key':'/off','is_active':false,%s}", limit);
    tenant_policy(tenant, "{'route_key':'/shadow','mode':'shadow',%s}", limit);
    for (int i = 0; i < 3; i++) {
        EXPECT(client_check(tenant, "ada", "/shadow"), 200, NULL);
        EXPECT(client_check(tenant, "ada", "/off"), 200, NULL);
    }
    EXPECT(client_check(tenant, "ada", "/candidate"), 200, NULL);

    const struct reply *reply = state_of(tenant, "user_id=ada");
    EXPECT(reply, 200,
           "{'policies':[{'route_key':'/candidate','limits':[{'limit':2,'used':1}]},"
           "{'route_key':'/off','is_active':false,'limits':[{'limit':2,'used':null,"
           " 'remaining':null,'reset_in':null}]},"
           "{'route_key':'/shadow','mode':'shadow','limits':[{'used':2,'remaining':0}]}]}");
    assert_null(reply_at(reply, "policies.1.degraded"));
    client_free(tenant);
}

static void a_period_tells_when_it_ends_whether_it_is_used_or_not(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limit':5,'period':'year'}");
    const int64_t reset_in = reply_integer(client_look(tenant, "ada", "/a"), "reset_in");

    const struct reply *unused = state_of(tenant, "user_id=ada");
    EXPECT(unused, 200, "{'policies':[{'limits':[{'used':0,'remaining':5}]}]}");
    assert_in_range(reply_integer(unused, "policies.0.limits.0.reset_in"), reset_in - MINUTE_S,
                    reset_in);
    EXPECT(client_check(tenant, "ada", "/a"), 200, NULL);
    const struct reply *used = state_of(tenant, "user_id=ada");
    EXPECT(used, 200, "{'policies':[{'limits':[{'used':1,'remaining':4}]}]}");
    assert_in_range(reply_integer(used, "policies.0.limits.0.reset_in"), reset_in - MINUTE_S,
                    reset_in);
    client_free(tenant);
}

/* Expects the policies of the routes from `first` on, in order. */
static void expect_routes(const struct reply *reply, size_t first, size_t count)
{
    EXPECT(reply, 200, NULL);
    assert_int_equal(json_array_size(reply_at(reply, "policies")), count);
    for (size_t i = 0; i < count; i++) {
        json_t *policy = json_array_get(reply_at(reply, "policies"), i);
        char route[8];

        (void)snprintf(route, sizeof(route), "/%03zu", first + i);
        assert_string_equal(json_string_value(json_object_get(policy, "route_key")), route);
    }
}

static void pages_have_all_policies_in_order_and_the_last_may_be_full(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    char next[ID_BYTES];
    for (size_t i = 0; i < FOR_ALL; i++) {
        tenant_policy(tenant, "{'route_key':'/%03zu','rate':'5/h'}", i);
        if (i % 5 == 0) /* so that places on a page are not places in the list */
            tenant_policy(tenant, "{'route_key':'/%03zu','user_id':'eve','rate':'5/h'}", i);
    }
    EXPECT(client_check(tenant, "ada", "/249"), 200, NULL);

    const struct reply *first = state_of(tenant, "user_id=ada");
    expect_routes(first, 0, PAGE);
    assert_string_equal(reply_text(first, "next"), reply_text(first, "policies.99.id"));
    keep_id(first, "next", next);
    const struct reply *second = client_get(tenant, "/subjects/state?user_id=ada&after=%s", next);
    expect_routes(second, PAGE, PAGE);
    char middle[ID_BYTES];
    keep_id(second, "policies.49.id", middle);
    keep_id(second, "next", next);
    const struct reply *third = client_get(tenant, "/subjects/state?user_id=ada&after=%s", next);
    expect_routes(third, (size_t)2 * PAGE, FOR_ALL - (size_t)2 * PAGE);
    EXPECT(third, 200, "{'next':null}");
    assert_int_equal(reply_integer(third, "policies.49.limits.0.used"), 1);

    keep_id(third, "policies.49.id", next);
    const struct reply *full = client_get(tenant, "/subjects/state?user_id=ada&after=%s", middle);
    expect_routes(full, FOR_ALL - PAGE, PAGE);
    EXPECT(full, 200, "{'next':null}");
    EXPECT(client_get(tenant, "/subjects/state?user_id=ada&after=%s", next), 200,
           "{'policies':[],'next':null}");
    EXPECT(client_delete(tenant, "/policy", "{'route_key':'/249'}"), 200, NULL);
    EXPECT_PROBLEM(client_get(tenant, "/subjects/state?user_id=ada&after=%s", next), 422, "?after");
    client_free(tenant);
}

/* A digest of all counters in Redis, besides those of probes. */
static void digest_counters(struct redis_server *redis, char digest[static 41])
{
    static const char script[] =
        "local keys, all = redis.call('KEYS', 'sluice:{*:*'), {}\n"
        "table.sort(keys)\n"
        "for _, key in ipairs(keys) do\n"
        "  if not (key:find('{catalogue}') or key:find(':0000000000000000')) then\n"
        "    all[#all + 1] = key .. redis.call('DUMP', key)\n"
        "  end\n"
        "end\n"
        "return redis.sha1hex(table.concat(all))";

    (void)snprintf(digest, 41, "%s", redis_server_command(redis, "EVAL %s 0", script)->str);
}

static double counters_in_memory(struct client *client)
{
    scrape_read(&scrape, client);
    return scrape_value(&scrape, "sluice_memory_counters", "");
}

static void looks_change_no_counter_and_are_not_logged(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    char before[41] = "";
    char after[41] = "";
    tenant_policy(tenant, "{'route_key':'/a','limit':5,'window_seconds':3600}");
    tenant_policy(tenant, "{'route_key':'/b','algorithm':'sliding_window_log','rate':'5/h'}");
    tenant_policy(tenant, "{'route_key':'/c'," ORG_LIMITS "}");
    EXPECT(client_check(tenant, "ada", "/a"), 200, NULL);
    EXPECT(client_check(tenant, "ada", "/b"), 200, NULL);
    const double counters = counters_in_memory(tenant);
    if (world->redis != NULL)
        digest_counters(world->redis, before);

    for (int i = 0; i < 3; i++) {
        EXPECT(state_of(tenant, "user_id=ada&subject.org=acme"), 200,
               "{'policies':[{'limits':[{'used':1}]},{'limits':[{'used':1}]},"
               "{'limits':[{'used':0},{'used':0},{'used':0}]}]}");
        EXPECT(state_of(tenant, "user_id=nobody"), 200,
               "{'policies':[{'limits':[{'used':0}]},{'limits':[{'used':0}]},{}]}");
    }

    if (world->redis != NULL)
        digest_counters(world->redis, after);
    assert_string_equal(after, before);
    assert_true(counters_in_memory(tenant) == counters);
    assert_int_equal(json_array_size(client_get(tenant, "/logs/latest")->json), 2);
    EXPECT(client_check(tenant, "ada", "/a"), 200, "{'remaining':3}");
    EXPECT(client_check(tenant, "nobody", "/a"), 200, "{'remaining':4,'reset_in':3600}");
    client_free(tenant);
}

static bool is_degraded(struct client *tenant)
{
    return reply_at(state_of(tenant, "user_id=ada"), "policies.0.degraded") == json_true();
}

static void without_redis_each_policy_is_degraded_and_the_answer_comes(void **state)
{
    const struct world *world = *state;
    char directory[SCRATCH_PATH_BYTES];
    char catalogue[SCRATCH_PATH_BYTES + 32];
    const char *const flags[] = {"--catalogue", catalogue, NULL};
    struct service_options options = world_options(world);
    if (world->redis == NULL)
        skip();
    scratch_directory("catalogue", directory);
    (void)snprintf(catalogue, sizeof(catalogue), "sqlite:%s/sluice.db", directory);
    options.flags = flags;
    options.redis_timeout_ms = "50";
    struct service *service = service_start(&options);
    struct client *tenant = tenant_new(service);
    tenant_policy(tenant, "{'route_key':'/a','limit':5,'window_seconds':3600}");
    tenant_policy(tenant, "{'route_key':'/b','by':'org','limit':5,'window_seconds':3600}");
    tenant_policy(tenant, "{'route_key':'/c','is_active':false,'rate':'5/h'}");
    WAIT_FOR (WAIT_SECONDS, !is_degraded(tenant))
        ;

    redis_server_pause(world->redis);
    const struct reply *reply = state_of(tenant, "user_id=ada");
    EXPECT(reply, 200,
           "{'policies':[{'degraded':true,'limits':[{'limit':5,'used':null,'remaining':null,"
           " 'reset_in':null}]},"
           "{'limits':[{'used':null,'needs':['org']}]},{'is_active':false}],'next':null}");
    assert_null(reply_at(reply, "policies.1.degraded"));
    assert_null(reply_at(reply, "policies.2.degraded"));
    redis_server_continue(world->redis);
    WAIT_FOR (WAIT_SECONDS, !is_degraded(tenant))
        ;

    client_free(tenant);
    service_stop(service);
}

static void a_query_must_name_a_subject_and_nothing_unknown(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);

    EXPECT_PROBLEM(client_get(tenant, "/subjects/state"), 422, "?subject.<name>");
    EXPECT_PROBLEM(state_of(tenant, "after=0123456789abcdef"), 422, "?subject.<name>");
    EXPECT_PROBLEM(state_of(tenant, "user_id=ada&after=0123456789abcdef"), 422,
                   "there is no such policy");
    EXPECT_PROBLEM(state_of(tenant, "user_id=ada&after=0123456789ABCDEF"), 422, "hexadecimal");
    EXPECT_PROBLEM(state_of(tenant, "user_id=ada&after=1"), 422, "?after");
    EXPECT_PROBLEM(state_of(tenant, "user_id=ada&subject.user=ada"), 422, "short for it");
    EXPECT_PROBLEM(state_of(tenant, "user_id=ada&route_key=/a"), 422, "?route_key");
    EXPECT_PROBLEM(state_of(tenant, "org=acme"), 422, "did you mean subject.org?");
    EXPECT_PROBLEM(client_get(tenant, "/state"), 404, "/subjects/state, which takes GET");
    EXPECT_PROBLEM(client_post(tenant, "/subjects/state", "{}"), 405, "takes GET");
    client_free(tenant);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_limit_tells_what_known_checks_have_used_and_left),
        cmocka_unit_test(each_algorithm_tells_the_same_as_a_look),
        cmocka_unit_test(a_charge_past_the_limit_has_used_all_of_it),
        cmocka_unit_test(a_limit_without_its_subjects_says_which_it_needs),
        cmocka_unit_test(a_limit_that_does_not_say_by_whom_takes_a_user_or_an_address),
        cmocka_unit_test(policies_for_others_are_absent_and_one_that_another_hides_says_so),
        cmocka_unit_test(inactive_shadow_and_candidate_are_told_as_what_they_are),
        cmocka_unit_test(a_period_tells_when_it_ends_whether_it_is_used_or_not),
        cmocka_unit_test(pages_have_all_policies_in_order_and_the_last_may_be_full),
        cmocka_unit_test(looks_change_no_counter_and_are_not_logged),
        cmocka_unit_test(without_redis_each_policy_is_degraded_and_the_answer_comes),
        cmocka_unit_test(a_query_must_name_a_subject_and_nothing_unknown),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open, world_close));
}
