/* SPDX-License-Identifier: MIT
 *
 * Two instances on one Redis are one service. */
#include "base/clock.h"
#include "base/duration.h"
#include "base/memory.h"
#include "scrape.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/wait.h"
#include "support/world.h"

#define WAIT_SECONDS 10

struct pair {
    struct world *world;
    struct service *first;
    struct service *second;
};

/* A client of the second instance with the same key. */
static struct client *at_second(const struct pair *pair, const struct client *tenant)
{
    struct client *client = stranger_new(pair->second);

    client_set_key(client, client_key(tenant));
    return client;
}

/* The same, once the second instance knows the app's only policy. */
static struct client *at_second_with_policy(const struct pair *pair, const struct client *tenant)
{
    struct client *client = at_second(pair, tenant);

    WAIT_FOR (WAIT_SECONDS, json_array_size(client_get(client, "/policy")->json) == 1)
        ;
    return client;
}

static void print_time_since(int64_t begun_us, const char *what)
{
    print_message("%s after %lld ms\n", what, (long long)(clock_monotonic_us() - begun_us) / 1000);
}

static void a_key_of_one_works_at_the_other_at_once(void **state)
{
    const struct pair *pair = *state;
    struct client *here = tenant_new(pair->first);
    struct client *there = at_second(pair, here);

    EXPECT(client_get(there, "/policy"), 200, "[]");
    client_free(here);
    client_free(there);
}

static void a_policy_saved_at_one_is_used_by_the_other_soon(void **state)
{
    const struct pair *pair = *state;
    struct client *here = tenant_new(pair->first);
    struct client *there = at_second(pair, here);
    EXPECT_PROBLEM(client_look(there, "alice", "/a"), 404, NULL);

    tenant_policy(here, "{'route_key':'/a','limit':5,'window_seconds':60}");
    int64_t saved_us = clock_monotonic_us();
    WAIT_FOR (WAIT_SECONDS, client_look(there, "alice", "/a")->status == 200)
        ;
    print_time_since(saved_us, "a new policy was seen");

    tenant_policy(here, "{'route_key':'/a','limit':6,'window_seconds':60}");
    saved_us = clock_monotonic_us();
    WAIT_FOR (WAIT_SECONDS, reply_integer(client_look(there, "alice", "/a"), "limit") == 6)
        ;
    print_time_since(saved_us, "a changed policy was seen");

    EXPECT(client_delete(here, "/policy", "{'route_key':'/a'}"), 200, NULL);
    saved_us = clock_monotonic_us();
    WAIT_FOR (WAIT_SECONDS, client_look(there, "alice", "/a")->status == 404)
        ;
    print_time_since(saved_us, "a deleted policy was gone");
    client_free(here);
    client_free(there);
}

/* Behind a load balancer the first check often meets the other instance. */
static void a_new_policy_is_decided_by_the_other_at_once(void **state)
{
    enum { ROUNDS = 200 };
    const struct pair *pair = *state;
    struct client *here = tenant_new(pair->first);
    struct client *there = at_second(pair, here);
    EXPECT(client_get(there, "/policy"), 200, "[]");

    for (int i = 0; i < ROUNDS; i++) {
        char route[16];

        (void)snprintf(route, sizeof(route), "/%d", i);
        tenant_policy(here, "{'route_key':'%s','limit':5,'window_seconds':3600}", route);
        EXPECT(client_check(there, "alice", route), 200, "{'remaining':4}");
    }
    client_free(here);
    client_free(there);
}

static void so_are_batches_and_resets(void **state)
{
    const struct pair *pair = *state;
    struct client *here = tenant_new(pair->first);
    struct client *there = at_second(pair, here);
    tenant_policy(here, "{'route_key':'/old','limit':5,'window_seconds':3600}");
    EXPECT(client_check(there, "alice", "/old"), 200, "{'remaining':4}");

    tenant_policy(here, "{'route_key':'/new','limit':5,'window_seconds':3600}");
    EXPECT(client_post(there, "/check/batch",
                       "{'checks':[{'user_id':'alice','route_key':'/old'},"
                       "{'user_id':'alice','route_key':'/new'},"
                       "{'user_id':'alice','route_key':'/none'}]}"),
           200, "{'results':[{'remaining':3},{'remaining':4},{'status':404}]}");
    tenant_policy(here, "{'route_key':'/newer','limit':5,'window_seconds':3600}");
    EXPECT(client_check(here, "alice", "/newer"), 200, "{'remaining':4}");
    EXPECT(client_post(there, "/reset", "{'user_id':'alice','route_key':'/newer'}"), 200,
           "{'reset':1}");
    const struct reply *saved =
        client_post(here, "/policy", "{'route_key':'/newest','limit':5,'window_seconds':3600}");
    EXPECT(client_post(there, "/reset", "{'user_id':'alice','policy_id':'%s'}",
                       reply_text(saved, "policy.id")),
           200, "{'reset':0}");
    client_free(here);
    client_free(there);
}

static double looks(struct client *client, const char *labels)
{
    return scrape_figure(client, "sluice_second_looks_total", labels);
}

static void checks_without_a_policy_ask_the_catalogue_only_so_often(void **state)
{
    enum { CHECKS = 2000, ASKED_PER_SECOND = 25 };
    const struct pair *pair = *state;
    struct client *client = tenant_new(pair->first);
    const double asked = looks(client, "result=\"same\"");
    const double refused = looks(client, "result=\"refused\"");
    const int64_t begun_us = clock_monotonic_us();

    for (int i = 0; i < CHECKS; i++)
        EXPECT_PROBLEM(client_check(client, "alice", "/none"), 404, NULL);

    const int64_t windows = (clock_monotonic_us() - begun_us) / SECOND_US + 2;
    const double asked_now = looks(client, "result=\"same\"") - asked;
    assert_true(asked_now >= 1 && asked_now <= (double)(ASKED_PER_SECOND * windows));
    assert_true(looks(client, "result=\"refused\"") > refused);
    client_free(client);
}

static void both_count_together(void **state)
{
    const struct pair *pair = *state;
    struct client *here = tenant_new(pair->first);
    tenant_policy(here, "{'route_key':'/a','limit':3,'window_seconds':3600}");
    struct client *there = at_second_with_policy(pair, here);

    EXPECT(client_check(here, "alice", "/a"), 200, "{'remaining':2}");
    EXPECT(client_check(there, "alice", "/a"), 200, "{'remaining':1}");
    EXPECT(client_check(here, "alice", "/a"), 200, "{'remaining':0}");
    EXPECT(client_check(there, "alice", "/a"), 429, NULL);
    EXPECT(client_post(there, "/reset", "{'user_id':'alice','route_key':'/a'}"), 200, NULL);
    EXPECT(client_check(here, "alice", "/a"), 200, "{'remaining':2}");
    client_free(here);
    client_free(there);
}

static void a_decision_of_one_is_in_the_log_of_the_other_soon(void **state)
{
    const struct pair *pair = *state;
    struct client *here = tenant_new(pair->first);
    tenant_policy(here, "{'route_key':'/a','limit':3,'window_seconds':3600}");
    struct client *there = at_second_with_policy(pair, here);
    EXPECT(client_check(there, "bob", "/a"), 200, NULL);

    EXPECT(client_check(here, "alice", "/a"), 200, NULL);
    int64_t decided_us = clock_monotonic_us();
    WAIT_FOR (WAIT_SECONDS,
              json_array_size(client_get(there, "/logs/latest?user_id=alice")->json) == 1)
        ;
    print_time_since(decided_us, "a decision was in the other's log");
    WAIT_FOR (WAIT_SECONDS, json_array_size(client_get(here, "/logs/latest")->json) == 2)
        ;

    EXPECT(client_get(there, "/logs/latest"), 200, "[{'user_id':'alice'},{'user_id':'bob'}]");
    EXPECT(client_get(here, "/logs/latest"), 200, "[{'user_id':'alice'},{'user_id':'bob'}]");
    client_free(here);
    client_free(there);
}

static void a_simulation_replays_what_both_have_decided(void **state)
{
    const struct pair *pair = *state;
    struct client *here = tenant_new(pair->first);
    tenant_policy(here, "{'route_key':'/a','limit':7,'window_seconds':3600}");
    struct client *there = at_second_with_policy(pair, here);
    for (int i = 0; i < 10; i++)
        EXPECT(client_check(i % 3 == 0 ? here : there, "alice", "/a"), i < 7 ? 200 : 429, NULL);
    WAIT_FOR (WAIT_SECONDS, json_array_size(client_get(here, "/logs/latest")->json) == 10)
        ;

    EXPECT(client_post(here, "/policy/simulate",
                       "{'policy':{'route_key':'/a','limit':7,'window_seconds':3600}}"),
           200,
           "{'log_missing':0,'then':{'allowed':7,'denied':3},'now':{'allowed':7,'denied':3},"
           "'changed':{'newly_denied':0,'newly_allowed':0}}");
    EXPECT(client_post(there, "/policy/simulate",
                       "{'policy':{'route_key':'/a','limit':4,'window_seconds':3600}}"),
           200, "{'now':{'allowed':4,'denied':6},'changed':{'newly_denied':3}}");
    client_free(here);
    client_free(there);
}

static void policies_saved_at_both_at_once_are_all_kept(void **state)
{
    const struct pair *pair = *state;
    struct client *here = tenant_new(pair->first);
    struct client *there = at_second(pair, here);

    for (int i = 0; i < 10; i++) {
        tenant_policy(here, "{'route_key':'/here/%d','limit':1,'window_seconds':60}", i);
        tenant_policy(there, "{'route_key':'/there/%d','limit':1,'window_seconds':60}", i);
    }

    WAIT_FOR (WAIT_SECONDS, json_array_size(client_get(here, "/policy")->json) == 20)
        ;
    WAIT_FOR (WAIT_SECONDS, json_array_size(client_get(there, "/policy")->json) == 20)
        ;
    client_free(here);
    client_free(there);
}

static int open_pair(void **state)
{
    struct pair *pair = MEMORY_NEW(struct pair);
    void *world = NULL;

    *state = pair;
    (void)world_open_engine(&world);
    pair->world = world;
    const struct service_options options = world_options(pair->world);
    pair->first = service_start(&options);
    pair->second = service_start(&options);
    return 0;
}

static int close_pair(void **state)
{
    struct pair *pair = *state;
    void *world = pair->world;

    service_stop(pair->first);
    service_stop(pair->second);
    free(pair);
    return world_close(&world);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_of_one_works_at_the_other_at_once),
        cmocka_unit_test(a_policy_saved_at_one_is_used_by_the_other_soon),
        cmocka_unit_test(a_new_policy_is_decided_by_the_other_at_once),
        cmocka_unit_test(so_are_batches_and_resets),
        cmocka_unit_test(checks_without_a_policy_ask_the_catalogue_only_so_often),
        cmocka_unit_test(both_count_together),
        cmocka_unit_test(a_decision_of_one_is_in_the_log_of_the_other_soon),
        cmocka_unit_test(a_simulation_replays_what_both_have_decided),
        cmocka_unit_test(policies_saved_at_both_at_once_are_all_kept),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, open_pair, close_pair));
}
