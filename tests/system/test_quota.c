/* SPDX-License-Identifier: MIT
 *
 * An app may have so many counters in Redis, and no more. Its existing counters go on, and so do
 * other apps. */
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/wait.h"
#include "support/world.h"

#include "scrape.h"

#define COUNTERS_MAX 1000
#define BATCH        250
#define WAIT_SECONDS 60
#define WINDOW_S     20
#define HOUR         "'limit':5,'window_seconds':3600"
#define UNLIMITED    "register_limit: \"off\"\nmanage_limit: \"off\"\n"
/* For a counter that was created just now: the longest time until its room is free, because its
 * expiry is known only roughly. */
#define HOUR_RETRY_MAX_S (3600 + 3600 / 7 + 1)

static struct service *start(const struct world *world)
{
    static const char *const flags[] = {"--counters-per-app-max", "1000", NULL};
    struct service_options options = world_options(world);

    options.flags = flags;
    return service_start(&options);
}

static void expect_no_room(const struct reply *reply, int64_t retry_max_s)
{
    EXPECT_PROBLEM(reply, 429, "as many counters as it may");
    assert_string_equal(reply_text(reply, "type"), "urn:sluice:problem:quota");
    assert_non_null(reply_field(reply, "Retry-After"));
    assert_in_range(strtoll(reply_field(reply, "Retry-After"), NULL, 10), 1, retry_max_s);
}

/* One check of each of these users. All are allowed. */
static void check_batch(struct client *tenant, int from)
{
    char body[64 * BATCH + 64];
    size_t length = (size_t)snprintf(body, sizeof(body), "{'checks':[");

    for (int i = from; i < from + BATCH; i++)
        length += (size_t)snprintf(body + length, sizeof(body) - length,
                                   "%s{'user_id':'%d','route_key':'/a'}", i == from ? "" : ",", i);
    length += (size_t)snprintf(body + length, sizeof(body) - length, "]}");
    const struct reply *reply = client_send(tenant, "POST", "/check/batch", quotes(body), length);
    EXPECT(reply, 200, NULL);
    for (int i = 0; i < BATCH; i++) {
        char path[32];

        (void)snprintf(path, sizeof(path), "results.%d.status", i);
        assert_int_equal(reply_integer(reply, path), 200);
    }
}

/* A new app that has as many counters as it may have, for the users "0", "1", ... */
static struct client *full_tenant(const struct service *service, const char *rule)
{
    struct client *tenant = tenant_new(service);

    tenant_policy(tenant, "{'route_key':'/a',%s}", rule);
    for (int i = 0; i < COUNTERS_MAX; i += BATCH)
        check_batch(tenant, i);
    return tenant;
}

static void who_has_a_counter_goes_on_and_a_new_one_is_told_when(void **state)
{
    struct service *service = start(*state);
    struct client *full = full_tenant(service, HOUR);
    struct client *other = tenant_new(service);
    tenant_policy(other, "{'route_key':'/a'," HOUR "}");

    expect_no_room(client_check(full, "new", "/a"), HOUR_RETRY_MAX_S);
    EXPECT(client_look(full, "new", "/a"), 200, "{'remaining':5}");
    EXPECT(client_check(full, "0", "/a"), 200, "{'remaining':3}");
    EXPECT(client_check(full, "999", "/a"), 200, "{'remaining':3}");
    EXPECT(client_check(other, "new", "/a"), 200, "{'remaining':4}");
    client_free(full);
    client_free(other);
    service_stop(service);
}

static void in_a_batch_it_is_the_problem_of_one_check(void **state)
{
    struct service *service = start(*state);
    struct client *full = full_tenant(service, HOUR);

    const struct reply *reply = client_post(full, "/check/batch",
                                            "{'checks':[{'user_id':'0','route_key':'/a'},"
                                            "{'user_id':'new','route_key':'/a'},"
                                            "{'user_id':'1','route_key':'/a'}]}");

    EXPECT(reply, 200,
           "{'results':[{'status':200,'remaining':3},"
           "{'status':429,'type':'urn:sluice:problem:quota','title':'Quota exhausted'},"
           "{'status':200,'remaining':3}]}");
    assert_in_range(reply_integer(reply, "results.1.retry_after"), 1, HOUR_RETRY_MAX_S);
    client_free(full);
    service_stop(service);
}

/* It is neither a failure of the store nor a decision. */
static void no_policy_says_otherwise(void **state)
{
    struct service *service = start(*state);
    struct client *full = full_tenant(service, HOUR);
    static const char *const policies[] = {
        "'on_store_error':'allow'",         "'on_store_error':'deny'",
        "'on_store_error':'local'",         "'algorithm':'sliding_window'",
        "'algorithm':'sliding_window_log'", "'algorithm':'token_bucket'",
        "'algorithm':'leaky_bucket'",
    };

    for (size_t i = 0; i < ARRAY_COUNT(policies); i++) {
        tenant_policy(full, "{'route_key':'/%zu'," HOUR ",%s}", i, policies[i]);
        char route[16];
        (void)snprintf(route, sizeof(route), "/%zu", i);
        expect_no_room(client_check(full, "new", route), HOUR_RETRY_MAX_S);
    }
    expect_no_room(client_post(full, "/check", "{'user_id':'new','route_key':'/6','wait':true}"),
                   HOUR_RETRY_MAX_S);
    EXPECT(client_get(full, "/logs/latest?user_id=new"), 200, "[]");
    client_free(full);
    service_stop(service);
}

static void a_candidate_without_room_is_left_out(void **state)
{
    struct service *service = start(*state);
    struct client *full = full_tenant(service, HOUR);
    const char *candidate = "'candidate':{'limit':1,'window_seconds':7200}";
    tenant_policy(full, "{'route_key':'/a'," HOUR ",%s}", candidate);

    EXPECT(client_check(full, "0", "/a"), 200, "{'remaining':3}");

    const struct reply *log = client_get(full, "/logs/latest?limit=1");
    EXPECT(log, 200, "[{'user_id':'0','allowed':true}]");
    assert_null(reply_at(log, "0.candidate"));
    client_free(full);
    service_stop(service);
}

static void the_operator_is_told_which_app_it_is(void **state)
{
    struct service *service = start(*state);
    struct client *full = full_tenant(service, HOUR);
    struct client *stranger = stranger_new(service);

    for (int i = 0; i < 20; i++)
        expect_no_room(client_check(full, "new", "/a"), HOUR_RETRY_MAX_S);

    assert_true(scrape_figure(stranger, "sluice_counters_refused_total", "") == 20);
    service_expect_events(service, "counter refused: the app has too many", 1);
    client_free(full);
    client_free(stranger);
    service_stop(service);
}

static void a_reset_makes_room_for_one(void **state)
{
    struct service *service = start(*state);
    struct client *full = full_tenant(service, HOUR);

    expect_no_room(client_check(full, "new", "/a"), HOUR_RETRY_MAX_S);
    EXPECT(client_post(full, "/reset", "{'user_id':'7','route_key':'/a'}"), 200, "{'reset':1}");

    EXPECT(client_check(full, "new", "/a"), 200, "{'remaining':4}");
    expect_no_room(client_check(full, "newer", "/a"), HOUR_RETRY_MAX_S);
    client_free(full);
    service_stop(service);
}

static void when_the_windows_have_ended_there_is_room_again(void **state)
{
    struct service *service = start(*state);
    struct client *full = full_tenant(service, "'limit':5,'window_seconds':20");

    expect_no_room(client_check(full, "new", "/a"), WINDOW_S + WINDOW_S / 7 + 1);

    for (int i = 0; i < 3 * BATCH; i++) {
        char user[16];

        (void)snprintf(user, sizeof(user), "new %d", i);
        WAIT_FOR (WAIT_SECONDS, client_check(full, user, "/a")->status == 200)
            ;
    }
    client_free(full);
    service_stop(service);
}

static bool is_decided_by_redis(const struct reply *reply)
{
    return reply->status == 200 && reply_at(reply, "degraded") == NULL;
}

static void when_redis_has_lost_them_there_is_room_again(void **state)
{
    const struct world *world = *state;
    struct service *service = start(world);
    struct client *full = full_tenant(service, HOUR);

    expect_no_room(client_check(full, "new", "/a"), HOUR_RETRY_MAX_S);
    redis_server_kill(world->redis);
    redis_server_restart(world->redis);

    WAIT_FOR (WAIT_SECONDS, is_decided_by_redis(client_check(full, "0", "/a")))
        ;
    for (int i = 0; i < COUNTERS_MAX; i += BATCH)
        check_batch(full, i);
    expect_no_room(client_check(full, "new", "/a"), HOUR_RETRY_MAX_S);
    service_expect_events(service, "catalogue lost", 1);
    client_free(full);
    service_stop(service);
}

static void a_reload_moves_the_bound(void **state)
{
    struct service_options options = world_options(*state);
    char config[SCRATCH_PATH_BYTES];
    scratch_file("config", UNLIMITED "counters_per_app_max: 1\n", config);
    options.config = config;
    struct service *service = service_start(&options);
    struct client *tenant = tenant_new(service);
    tenant_policy(tenant, "{'route_key':'/a'," HOUR "}");
    EXPECT(client_check(tenant, "0", "/a"), 200, NULL);
    expect_no_room(client_check(tenant, "1", "/a"), HOUR_RETRY_MAX_S);

    scratch_rewrite(config, UNLIMITED "counters_per_app_max: 2\n");
    service_reload(service);
    WAIT_FOR (WAIT_SECONDS, service_count_events(service, "reloaded") == 1)
        ;

    EXPECT(client_check(tenant, "1", "/a"), 200, NULL);
    expect_no_room(client_check(tenant, "2", "/a"), HOUR_RETRY_MAX_S);
    client_free(tenant);
    service_stop(service);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_has_a_counter_goes_on_and_a_new_one_is_told_when),
        cmocka_unit_test(in_a_batch_it_is_the_problem_of_one_check),
        cmocka_unit_test(no_policy_says_otherwise),
        cmocka_unit_test(a_candidate_without_room_is_left_out),
        cmocka_unit_test(the_operator_is_told_which_app_it_is),
        cmocka_unit_test(a_reset_makes_room_for_one),
        cmocka_unit_test(when_the_windows_have_ended_there_is_room_again),
        cmocka_unit_test(when_redis_has_lost_them_there_is_room_again),
        cmocka_unit_test(a_reload_moves_the_bound),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open_engine, world_close));
}
