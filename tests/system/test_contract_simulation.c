/* SPDX-License-Identifier: MIT
 *
 * POST /policy/simulate: what a policy would have said of the entries in the log. */
#include "base/duration.h"
#include "limit/algorithm.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/random.h"
#include "support/wait.h"
#include "support/world.h"

#define WAIT_SECONDS 30
#define LOG_MAX      1000
#define OPERATIONS   240 /* of a random history, on each route */
#define ROUNDS       3   /* of it, with rests in between */
#define ORGS         3
#define USERS        3 /* of each org */

/* Each takes the name of an algorithm three times. */
#define MIXED_POLICY                                                                               \
    "{'route_key':'/mixed','limits':["                                                             \
    "{'name':'user','by':['org','user'],'algorithm':'%s','limit':4,'window_seconds':2,"            \
    " 'headroom':1},"                                                                              \
    "{'name':'tokens','by':'org','counts':'tokens','algorithm':'%s','limit':60,"                   \
    " 'window_seconds':3},"                                                                        \
    "{'name':'pool','by':[],'algorithm':'%s','limit':40,'window_seconds':1}]}"
#define PART_POLICY                                                                                \
    "{'route_key':'/part*','limits':["                                                             \
    "{'name':'user','by':'user','algorithm':'%s','limit':7,'window_seconds':2},"                   \
    "{'name':'org','by':'org','algorithm':'%s','limit':15,'window_seconds':1},"                    \
    "{'name':'pool','by':[],'algorithm':'%s','limit':30,'window_seconds':3}]}"

/* What a history has done on one route. */
struct done {
    int64_t decisions;
    int64_t denied;
    int64_t charges;
};

static void wait_for_log(struct client *tenant, size_t count)
{
    WAIT_FOR (WAIT_SECONDS,
              json_array_size(client_get(tenant, "/logs/latest?limit=%d", LOG_MAX)->json) == count)
        ;
}

static void note(struct done *done, const struct reply *reply)
{
    assert_true(reply->status == 200 || reply->status == 429);
    done->decisions++;
    done->denied += reply->status == 429;
}

/* Some costs are above a limit, so some checks are denied however slow the machine is. */
static void act_on_mixed(struct client *tenant, struct done *done)
{
    const int org = (int)random_below(ORGS);
    const int user = (int)random_below(USERS);

    if (random_one_in(5)) {
        EXPECT(client_post(tenant, "/charge",
                           "{'route_key':'/mixed','subjects':{'org':'o%d','user':'u%d'},"
                           "'cost':%d,'costs':{'tokens':%d}}",
                           org, user, (int)random_below(4) - 2, (int)random_below(20) - 10),
               200, NULL);
        done->charges++;
        return;
    }
    note(done, client_post(tenant, "/check",
                           "{'route_key':'/mixed','subjects':{'org':'o%d','user':'u%d'},"
                           "'cost':%d,'costs':{'tokens':%d}%s%s}",
                           org, user, (int)random_below(6), (int)random_below(12),
                           random_one_in(3) ? ",'priority':'low'" : "",
                           random_one_in(6) ? ",'limit_overrides':{'user':6,'pool':50}" : ""));
}

static void act_on_part(struct client *tenant, struct done *done)
{
    note(done, client_post(tenant, "/check",
                           "{'route_key':'/part/%d','subjects':{'org':'o%d','user':'u%d'},"
                           "'cost':%d,'partial':%s}",
                           (int)random_below(2), (int)random_below(ORGS), (int)random_below(USERS),
                           (int)random_below(9), random_one_in(2) ? "true" : "false"));
}

/* By looks that are not logged. Meanwhile windows end, and buckets fill. */
static void wait_until_pool_is_unused(struct client *tenant)
{
    WAIT_FOR (WAIT_SECONDS,
              reply_integer(client_get(tenant, "/subjects/state?user_id=u0&subject.org=o0"),
                            "policies.0.limits.2.used") == 0)
        ;
}

/* Then and now are the same, and are what was answered. */
static void expect_the_same(const struct reply *reply, const struct done *done, int64_t others)
{
    EXPECT(reply, 200,
           "{'log_missing':0,'changed':{'newly_denied':0,'newly_allowed':0},"
           "'left_out':{'degraded':0,'no_time':0,'unfit':0}}");
    assert_int_equal(reply_integer(reply, "replayed.decisions"), done->decisions);
    assert_int_equal(reply_integer(reply, "replayed.charges"), done->charges);
    assert_int_equal(reply_integer(reply, "left_out.other_policy"), others);
    assert_int_equal(reply_integer(reply, "then.denied"), done->denied);
    assert_int_equal(reply_integer(reply, "now.denied"), done->denied);
    assert_int_equal(reply_integer(reply, "now.allowed"), done->decisions - done->denied);
    assert_in_range(done->denied, 1, done->decisions - 1);
}

/* At each point of time and for each subject. */
static void expect_no_change_in(const struct reply *reply, const char *parts)
{
    json_t *part;
    size_t i;

    json_array_foreach (reply_at(reply, parts), i, part)
        assert_true(json_equal(json_object_get(part, "then"), json_object_get(part, "now")));
    assert_true(i > 0);
}

static void the_policy_in_force_gives_the_outcomes_that_it_gave(void **state)
{
    const struct world *world = *state;

    random_begin(random_seed());
    for (size_t i = 0; algorithm_names[i] != NULL; i++) {
        const char *algorithm = algorithm_names[i];
        struct client *tenant = tenant_new(world->service);
        struct done mixed = {0};
        struct done part = {0};

        tenant_policy(tenant, MIXED_POLICY, algorithm, algorithm, algorithm);
        tenant_policy(tenant, PART_POLICY, algorithm, algorithm, algorithm);
        for (size_t acts = 1; acts <= OPERATIONS; acts++) {
            act_on_mixed(tenant, &mixed);
            act_on_part(tenant, &part);
            if (acts % (OPERATIONS / ROUNDS) == 0 && acts < OPERATIONS)
                wait_until_pool_is_unused(tenant);
        }
        wait_for_log(tenant, (size_t)2 * OPERATIONS);

        const struct reply *reply =
            client_post(tenant, "/policy/simulate", "{'policy':" MIXED_POLICY ",'window':'1d'}",
                        algorithm, algorithm, algorithm);
        expect_the_same(reply, &mixed, OPERATIONS);
        expect_no_change_in(reply, "by_time");
        expect_no_change_in(reply, "by_subject");
        assert_int_equal(reply_integer(reply, "subjects"), ORGS + USERS);

        reply = client_post(tenant, "/policy/simulate", "{'policy':" PART_POLICY "}", algorithm,
                            algorithm, algorithm);
        expect_the_same(reply, &part, OPERATIONS);
        expect_no_change_in(reply, "by_time");
        client_free(tenant);
    }
}

/* Of each user: what a fixed window of one hour allows, in the order of the costs. */
static void a_halved_limit_denies_what_a_model_foretells(void **state)
{
    enum { LIMIT = 20, USERS_OF_MODEL = 4, CHECKS = 60 };
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    int64_t used[USERS_OF_MODEL] = {0};
    int64_t half_used[USERS_OF_MODEL] = {0};
    int64_t newly_denied[USERS_OF_MODEL] = {0};
    int64_t half_denied = 0;
    int64_t denied = 0;

    random_begin(random_seed());
    tenant_policy(tenant, "{'route_key':'/a','limit':%d,'window_seconds':3600}", LIMIT);
    for (size_t i = 0; i < CHECKS; i++) {
        const int64_t user = random_below(USERS_OF_MODEL);
        const int64_t cost = 1 + random_below(4);
        const bool is_allowed = used[user] + cost <= LIMIT;
        const bool half_allows = half_used[user] + cost <= LIMIT / 2;

        EXPECT(client_post(tenant, "/check", "{'user_id':'u%d','route_key':'/a','cost':%d}",
                           (int)user, (int)cost),
               is_allowed ? 200 : 429, NULL);
        used[user] += is_allowed ? cost : 0;
        half_used[user] += half_allows ? cost : 0;
        denied += !is_allowed;
        half_denied += !half_allows;
        newly_denied[user] += is_allowed && !half_allows;
    }
    wait_for_log(tenant, CHECKS);

    const struct reply *reply =
        client_post(tenant, "/policy/simulate",
                    "{'policy':{'route_key':'/a','limit':%d,'window_seconds':3600}}", LIMIT / 2);
    EXPECT(reply, 200, "{'policy':{'version':2,'limit':10},'subjects':4}");
    assert_int_equal(reply_integer(reply, "then.denied"), denied);
    assert_int_equal(reply_integer(reply, "now.denied"), half_denied);
    assert_int_equal(reply_integer(reply, "now.allowed"), CHECKS - half_denied);
    assert_int_equal(reply_integer(reply, "by_limit.0.denied"), half_denied);
    for (size_t i = 0; i < USERS_OF_MODEL; i++) {
        char path[64];

        (void)snprintf(path, sizeof(path), "by_subject.%zu.subject.user", i);
        const int user = reply_text(reply, path)[1] - '0';
        assert_in_range(user, 0, USERS_OF_MODEL - 1);
        (void)snprintf(path, sizeof(path), "by_subject.%zu.newly_denied", i);
        assert_int_equal(reply_integer(reply, path), newly_denied[user]);
    }
    client_free(tenant);
}

static void an_answer_has_these_members(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limit':1,'window_seconds':3600}");
    EXPECT(client_check(tenant, "ada", "/a"), 200, NULL);
    EXPECT(client_check(tenant, "ada", "/a"), 429, NULL);
    wait_for_log(tenant, 2);
    const int64_t newest = reply_integer(client_get(tenant, "/logs/latest"), "0.timestamp");

    const struct reply *reply = client_post(
        tenant, "/policy/simulate", "{'policy':{'route_key':'/a','rate':'9/h'},'window':'15m'}");
    EXPECT(reply, 200,
           "{'policy':{'route_key':'/a','limit':9,'mode':'enforce'},"
           "'log_missing':0,'degraded':false,'replayed':{'decisions':2,'charges':0},"
           "'left_out':{'other_policy':0,'degraded':0,'no_time':0,'unfit':0},"
           "'then':{'allowed':1,'denied':1,'denied_in_shadow':0},"
           "'now':{'allowed':2,'denied':0,'denied_in_shadow':0},"
           "'changed':{'newly_denied':0,'newly_allowed':1},'step_seconds':1,'subjects':1,"
           "'by_subject':[{'subject':{'user':'ada'},'then':{'allowed':1,'denied':1},"
           " 'now':{'allowed':2,'denied':0},'newly_denied':0,'newly_allowed':1}],"
           "'by_limit':[{'name':'default','denied':0}]}");
    EXPECT_MEMBERS(reply->json,
                   "policy from to log_reaches_back_to log_missing degraded replayed "
                   "left_out then now changed step_seconds by_time subjects by_subject "
                   "by_limit");
    EXPECT_MEMBERS(reply_at(reply, "by_time.0"), "timestamp then now");
    assert_int_equal(reply_integer(reply, "to"), newest);
    assert_int_equal(reply_integer(reply, "by_time.0.timestamp"), reply_integer(reply, "from"));
    assert_int_equal(reply_integer(reply, "log_reaches_back_to"), reply_integer(reply, "from"));
    client_free(tenant);
}

static void an_empty_log_gives_zeros(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);

    EXPECT(client_post(tenant, "/policy/simulate", "{'policy':{'route_key':'/a','rate':'9/h'}}"),
           200,
           "{'policy':{'id':'0000000000000000','version':1},'from':null,'to':null,"
           "'log_reaches_back_to':null,'log_missing':0,'replayed':{'decisions':0,'charges':0},"
           "'now':{'allowed':0,'denied':0},'by_time':[],'subjects':0,'by_subject':[]}");
    client_free(tenant);
}

static void nothing_live_is_touched(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limit':5,'window_seconds':3600}");
    for (int i = 0; i < 3; i++)
        EXPECT(client_check(tenant, "ada", "/a"), 200, NULL);
    wait_for_log(tenant, 3);

    EXPECT(client_post(tenant, "/policy/simulate",
                       "{'policy':{'route_key':'/a','limit':1,'window_seconds':3600}}"),
           200, "{'now':{'denied':2}}");
    EXPECT(client_get(tenant, "/policy"), 200, "[{'version':1,'limit':5}]");
    EXPECT(client_get(tenant, "/subjects/state?user_id=ada"), 200,
           "{'policies':[{'limits':[{'limit':5,'used':3}]}]}");
    wait_for_log(tenant, 3);
    client_free(tenant);
}

static void a_new_policy_gets_only_what_it_would_decide(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a*','limit':9,'window_seconds':3600}");
    tenant_policy(tenant, "{'route_key':'/a*','role':'gold','limit':9,'window_seconds':3600}");
    for (int i = 0; i < 2; i++) {
        EXPECT(client_check(tenant, "ada", "/a/1"), 200, NULL);
        EXPECT(client_check(tenant, "bob", "/a/1"), 200, NULL);
        EXPECT(client_post(tenant, "/check", "{'user_id':'ada','route_key':'/a/1','role':'gold'}"),
               200, NULL);
    }
    wait_for_log(tenant, 6);

    EXPECT(client_post(tenant, "/policy/simulate",
                       "{'policy':{'route_key':'/a*','user_id':'ada','rate':'1/h'}}"),
           200, "{'left_out':{'other_policy':2},'now':{'allowed':1,'denied':3}}");
    EXPECT(client_post(tenant, "/policy/simulate", "{'policy':{'route_key':'/a/1','rate':'1/h'}}"),
           200, "{'left_out':{'other_policy':0},'now':{'allowed':2,'denied':4}}");
    EXPECT(client_post(tenant, "/policy/simulate", "{'policy':{'route_key':'*','rate':'1/h'}}"),
           200, "{'left_out':{'other_policy':6},'replayed':{'decisions':0}}");
    EXPECT(client_post(tenant, "/policy/simulate",
                       "{'policy':{'route_key':'/a*','role':'gold','is_active':false,"
                       "'rate':'0/h'}}"),
           200, "{'left_out':{'other_policy':4},'now':{'allowed':2,'denied':0}}");
    client_free(tenant);
}

static void what_the_policy_would_refuse_as_unfit_is_left_out(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','rate':'9/h'}");
    EXPECT(client_check(tenant, "ada", "/a"), 200, NULL);
    EXPECT(
        client_post(tenant, "/check", "{'route_key':'/a','subjects':{'org':'acme','user':'ada'}}"),
        200, NULL);
    EXPECT(client_post(tenant, "/check",
                       "{'user_id':'ada','route_key':'/a','limit_overrides':{'default':3}}"),
           200, NULL);
    wait_for_log(tenant, 3);

    EXPECT(client_post(tenant, "/policy/simulate",
                       "{'policy':{'route_key':'/a','limits':[{'name':'org','by':'org',"
                       "'rate':'9/h'}]}}"),
           200, "{'left_out':{'unfit':2},'now':{'allowed':1,'denied':0}}");
    EXPECT(client_post(tenant, "/policy/simulate",
                       "{'policy':{'route_key':'/a','counts':'tokens','rate':'9/h'}}"),
           200, "{'left_out':{'unfit':3},'replayed':{'decisions':0}}");
    client_free(tenant);
}

static void shadow_mode_tells_what_it_would_deny(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','mode':'shadow','limit':1,'window_seconds':3600}");
    for (int i = 0; i < 3; i++)
        EXPECT(client_check(tenant, "ada", "/a"), 200, NULL);
    wait_for_log(tenant, 3);

    EXPECT(client_post(tenant, "/policy/simulate",
                       "{'policy':{'route_key':'/a','mode':'shadow','rate':'1/h'}}"),
           200,
           "{'then':{'allowed':1,'denied':2,'denied_in_shadow':2},"
           "'now':{'allowed':1,'denied':2,'denied_in_shadow':2},"
           "'changed':{'newly_denied':0,'newly_allowed':0}}");
    EXPECT(client_post(tenant, "/policy/simulate", "{'policy':{'route_key':'/a','rate':'2/h'}}"),
           200,
           "{'now':{'allowed':2,'denied':1,'denied_in_shadow':0},"
           "'changed':{'newly_denied':0,'newly_allowed':1}}");
    client_free(tenant);
}

static void a_log_that_was_cut_says_how_much_is_missing(void **state)
{
    enum { BATCH = 100, BATCHES = 12 };
    static char checks[BATCH * 48];
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    size_t length = 0;

    tenant_policy(tenant, "{'route_key':'/a','limit':100000,'window_seconds':3600}");
    for (size_t i = 0; i < BATCH; i++) {
        length += (size_t)snprintf(checks + length, sizeof(checks) - length,
                                   "%s{'user_id':'ada','route_key':'/a'}", i == 0 ? "" : ",");
    }
    for (size_t i = 0; i < BATCHES; i++)
        EXPECT(client_post(tenant, "/check/batch", "{'checks':[%s]}", checks), 200, NULL);
    wait_for_log(tenant, LOG_MAX);

    const struct reply *reply =
        client_post(tenant, "/policy/simulate", "{'policy':{'route_key':'/a','rate':'700/h'}}");
    EXPECT(reply, 200,
           "{'replayed':{'decisions':1000},'then':{'denied':0},'now':{'denied':300},"
           "'log_missing':200}");
    client_free(tenant);
}

static void a_wrong_body_names_its_fields(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);

    EXPECT_PROBLEM(client_post(tenant, "/policy/simulate", "{}"), 422, "/policy");
    EXPECT_PROBLEM(client_post(tenant, "/policy/simulate", "{'policy':{'rate':'1/m'}}"), 422,
                   "/policy/route_key");
    EXPECT(client_post(tenant, "/policy/simulate",
                       "{'policy':{'route_key':'/a','limits':[{'limit':-1,'window_seconds':1}]},"
                       "'window':'15','more':1}"),
           422,
           "{'errors':[{'pointer':'/policy/limits/0/limit'},{'pointer':'/window'},"
           "{'pointer':'/more'}]}");
    EXPECT_PROBLEM(client_post(tenant, "/policy/simulate",
                               "{'policy':{'route_key':'/a','rate':'1/m'},'window':'8d'}"),
                   422, "from 1m to 7d");
    EXPECT_PROBLEM(client_post(tenant, "/policy/simulate",
                               "{'policy':{'route_key':'/a','limit':1,'period':'day',"
                               "'zone':'Mars/Olympus'}}"),
                   422, "/policy/zone");
    EXPECT_PROBLEM(client_post(tenant, "/policy/simulate", "{'policy':"), 400, NULL);
    client_set_key(tenant, "");
    EXPECT_PROBLEM(client_post(tenant, "/policy/simulate", "{}"), 401, NULL);
    client_free(tenant);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_policy_in_force_gives_the_outcomes_that_it_gave),
        cmocka_unit_test(a_halved_limit_denies_what_a_model_foretells),
        cmocka_unit_test(an_answer_has_these_members),
        cmocka_unit_test(an_empty_log_gives_zeros),
        cmocka_unit_test(nothing_live_is_touched),
        cmocka_unit_test(a_new_policy_gets_only_what_it_would_decide),
        cmocka_unit_test(what_the_policy_would_refuse_as_unfit_is_left_out),
        cmocka_unit_test(shadow_mode_tells_what_it_would_deny),
        cmocka_unit_test(a_log_that_was_cut_says_how_much_is_missing),
        cmocka_unit_test(a_wrong_body_names_its_fields),
    };

    world_choose_engine(argc, argv);
    return cmocka_run_group_tests(tests, world_open, world_close);
}
