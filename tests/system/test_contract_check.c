/* SPDX-License-Identifier: MIT
 *
 * POST /check: what the caller learns from the answer. */
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/world.h"

/* The value of the field, which must be a number. */
static int64_t field_number(const struct reply *reply, const char *name)
{
    const char *value = reply_field(reply, name);
    char *end = NULL;

    assert_non_null(value);
    long long number = strtoll(value, &end, 10);
    assert_int_equal(*end, '\0');
    return number;
}

static void a_limit_counts_down_and_then_denies(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/orders','limit':3,'window_seconds':3600}");

    EXPECT(client_check(tenant, "alice", "/orders"), 200,
           "{'allowed':true,'limit':3,'remaining':2,'retry_after':null,'reason':null,"
           " 'route_key':'/orders','role':'default','algorithm':'fixed_window',"
           " 'policy_version':1}");
    EXPECT(client_check(tenant, "alice", "/orders"), 200, "{'allowed':true,'remaining':1}");
    EXPECT(client_check(tenant, "alice", "/orders"), 200, "{'allowed':true,'remaining':0}");
    EXPECT(client_check(tenant, "alice", "/orders"), 429,
           "{'allowed':false,'limit':3,'remaining':0,'reason':'Rate limit exceeded',"
           " 'route_key':'/orders','role':'default','algorithm':'fixed_window',"
           " 'policy_version':1}");
    EXPECT(client_check(tenant, "bob", "/orders"), 200, "{'remaining':2}");
    client_free(tenant);
}

static void the_body_has_the_documented_members_and_no_others(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limit':1,'window_seconds':60}");

    for (int i = 0; i < 2; i++)
        EXPECT_MEMBERS(client_check(tenant, "alice", "/a")->json,
                       "allowed limit remaining reset_in retry_after reason route_key role "
                       "algorithm policy_version retry_after_ms");
    client_free(tenant);
}

static void an_allowed_answer_has_every_rate_limit_header(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    char item[128];
    tenant_policy(tenant, "{'route_key':'/a','limit':3,'window_seconds':3600}");

    const struct reply *reply = client_check(tenant, "alice", "/a");

    EXPECT(reply, 200, NULL);
    EXPECT_FIELD(reply, "Content-Type", "application/json");
    EXPECT_FIELD(reply, "RateLimit-Policy", "\"default\";q=3;w=3600");
    EXPECT_FIELD(reply, "X-RateLimit-Limit", "3");
    EXPECT_FIELD(reply, "X-RateLimit-Remaining", "2");
    EXPECT_FIELD(reply, "Retry-After", NULL);
    int64_t reset_s = reply_integer(reply, "reset_in");
    assert_in_range(reset_s, 3500, 3600);
    assert_int_equal(field_number(reply, "X-RateLimit-Reset"), reset_s);
    (void)snprintf(item, sizeof(item), "\"default\";r=2;t=%lld", (long long)reset_s);
    EXPECT_FIELD(reply, "RateLimit", item);
    client_free(tenant);
}

static void a_denial_says_when_to_come_back(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limit':1,'window_seconds':3600}");
    EXPECT(client_check(tenant, "alice", "/a"), 200, NULL);

    const struct reply *reply = client_check(tenant, "alice", "/a");

    EXPECT(reply, 429, NULL);
    int64_t retry_ms = reply_integer(reply, "retry_after_ms");
    int64_t retry_s = reply_integer(reply, "retry_after");
    assert_in_range(retry_ms, 3500 * 1000, 3600 * 1000);
    assert_int_equal(retry_s, (retry_ms + 999) / 1000);
    assert_int_equal(field_number(reply, "Retry-After"), retry_s);
    assert_true(field_number(reply, "X-RateLimit-Reset") >= retry_s);
    EXPECT_FIELD(reply, "X-RateLimit-Limit", "1");
    EXPECT_FIELD(reply, "X-RateLimit-Remaining", "0");
    client_free(tenant);
}

static void a_denial_takes_the_status_that_was_asked_for(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    const char *const body = "{'user_id':'alice','route_key':'/a'}";
    tenant_policy(tenant, "{'route_key':'/a','limit':1,'window_seconds':3600}");

    EXPECT(client_post(tenant, "/check?deny_status=403", "%s", body), 200, "{'allowed':true}");
    EXPECT(client_post(tenant, "/check?deny_status=200", "%s", body), 200, "{'allowed':false}");
    EXPECT(client_post(tenant, "/check?deny_status=403", "%s", body), 403, "{'allowed':false}");
    EXPECT(client_post(tenant, "/check?deny_status=429", "%s", body), 429, "{'allowed':false}");
    client_free(tenant);
}

static void a_changed_limit_keeps_what_was_used(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limit':2,'window_seconds':3600}");
    EXPECT(client_check(tenant, "alice", "/a"), 200, NULL);
    EXPECT(client_check(tenant, "alice", "/a"), 200, NULL);
    EXPECT(client_check(tenant, "alice", "/a"), 429, NULL);

    tenant_policy(tenant, "{'route_key':'/a','limit':4,'window_seconds':3600}");
    EXPECT(client_check(tenant, "alice", "/a"), 200,
           "{'limit':4,'remaining':1,'policy_version':2}");

    tenant_policy(tenant, "{'route_key':'/a','limit':1,'window_seconds':3600}");
    EXPECT(client_check(tenant, "alice", "/a"), 429, "{'limit':1,'remaining':0}");
    client_free(tenant);
}

static void an_inactive_policy_always_allows(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limit':1,'window_seconds':3600,'is_active':false}");

    for (int i = 0; i < 3; i++)
        EXPECT(client_check(tenant, "alice", "/a"), 200,
               "{'allowed':true,'reason':'Rate limiting disabled for this policy'}");
    tenant_policy(tenant, "{'route_key':'/a','limit':1,'window_seconds':3600}");
    EXPECT(client_check(tenant, "alice", "/a"), 200, "{'remaining':0,'reason':null}");
    client_free(tenant);
}

static void shadow_mode_decides_but_never_denies(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limit':1,'window_seconds':3600,'mode':'shadow'}");

    EXPECT(client_check(tenant, "alice", "/a"), 200, "{'allowed':true,'remaining':0}");
    EXPECT(client_check(tenant, "alice", "/a"), 200,
           "{'allowed':true,'remaining':0,'shadow':true,'reason':'Rate limit exceeded (shadow)'}");
    tenant_policy(tenant, "{'route_key':'/a','limit':1,'window_seconds':3600}");
    EXPECT(client_check(tenant, "alice", "/a"), 429, NULL);
    client_free(tenant);
}

static void an_address_is_one_subject_however_it_is_written(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    static const struct {
        const char *ip;
        int remaining;
    } checks[] = {
        {"192.0.2.7", 9},
        {"::ffff:192.0.2.7", 8},
        {"::FFFF:c000:207", 7},
        {"192.0.2.8", 9},
        {"2001:db8:0:1::1", 9},
        {"2001:DB8:0:1:ffff::2", 8},
        {"2001:db8:0:1:0:0:0:1", 7},
        {"2001:db8:0:2::1", 9},
    };
    tenant_policy(tenant, "{'route_key':'/a','limit':10,'window_seconds':3600}");

    for (size_t i = 0; i < ARRAY_COUNT(checks); i++) {
        const struct reply *reply =
            client_post(tenant, "/check", "{'ip':'%s','route_key':'/a'}", checks[i].ip);
        EXPECT(reply, 200, NULL);
        assert_int_equal(reply_integer(reply, "remaining"), checks[i].remaining);
    }
    EXPECT(client_check(tenant, "192.0.2.7", "/a"), 200, "{'remaining':9}");
    client_free(tenant);
}

/* An app that has sent only the user may send the address, too: the counter stays. */
static void a_user_may_come_with_an_address(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limit':10,'window_seconds':3600}");

    EXPECT(client_check(tenant, "alice", "/a"), 200, "{'remaining':9}");
    EXPECT(client_post(tenant, "/check", "{'user_id':'alice','ip':'192.0.2.7','route_key':'/a'}"),
           200, "{'remaining':8}");
    EXPECT(client_post(tenant, "/check",
                       "{'subjects':{'user':'alice','ip':'192.0.2.7','org':'acme'},"
                       " 'route_key':'/a'}"),
           200, "{'remaining':7}");
    EXPECT(client_post(tenant, "/check", "{'ip':'192.0.2.7','route_key':'/a'}"), 200,
           "{'remaining':9}");
    client_free(tenant);
}

static void who_lacks_a_subject_is_told_which_limit_needs_it(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    static const char needs[] = "must have `user` or `ip`: the limit \"default\" counts by it";
    static const char body[] = "{'subjects':{'org':'acme'},'route_key':'/a'}";
    tenant_policy(tenant, "{'route_key':'/a','limit':10,'window_seconds':3600}");

    EXPECT_PROBLEM(client_post(tenant, "/check", body), 422, needs);
    EXPECT(client_post(tenant, "/check", body), 422, "{'errors':[{'pointer':'/subjects'}]}");
    EXPECT(client_post(tenant, "/check/batch",
                       "{'checks':[{'user_id':'alice','route_key':'/a'},%s]}", body),
           200,
           "{'results':[{'remaining':9},{'status':422,"
           " 'errors':[{'pointer':'/checks/1/subjects'}]}]}");
    client_free(tenant);
}

static void a_subject_of_any_text_is_itself(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    static const char *const users[] = {"{x}", "a:b", "a b", "\\\"", "ü", "%00", "\\n", "😀", "*"};
    tenant_policy(tenant, "{'route_key':'/a','limit':1,'window_seconds':3600}");

    for (size_t i = 0; i < ARRAY_COUNT(users); i++) {
        EXPECT(client_check(tenant, users[i], "/a"), 200, NULL);
        EXPECT(client_check(tenant, users[i], "/a"), 429, NULL);
    }
    client_free(tenant);
}

static void a_body_is_json_whatever_curl_calls_it(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    static const char *const types[] = {
        "Content-Type:",
        "Content-Type: application/json; charset=utf-8",
        "Content-Type: application/vnd.example+json",
        "Content-Type: APPLICATION/JSON",
        "Content-Type: application/x-www-form-urlencoded",
    };
    tenant_policy(tenant, "{'route_key':'/a','limit':100,'window_seconds':3600}");

    for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
        const char *const headers[] = {types[i], NULL};
        client_set_headers(tenant, headers);
        EXPECT(client_check(tenant, "alice", "/a"), 200, NULL);
    }
    client_free(tenant);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_limit_counts_down_and_then_denies),
        cmocka_unit_test(the_body_has_the_documented_members_and_no_others),
        cmocka_unit_test(an_allowed_answer_has_every_rate_limit_header),
        cmocka_unit_test(a_denial_says_when_to_come_back),
        cmocka_unit_test(a_denial_takes_the_status_that_was_asked_for),
        cmocka_unit_test(a_changed_limit_keeps_what_was_used),
        cmocka_unit_test(an_inactive_policy_always_allows),
        cmocka_unit_test(shadow_mode_decides_but_never_denies),
        cmocka_unit_test(an_address_is_one_subject_however_it_is_written),
        cmocka_unit_test(a_user_may_come_with_an_address),
        cmocka_unit_test(who_lacks_a_subject_is_told_which_limit_needs_it),
        cmocka_unit_test(a_subject_of_any_text_is_itself),
        cmocka_unit_test(a_body_is_json_whatever_curl_calls_it),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open, world_close));
}
