/* SPDX-License-Identifier: MIT
 *
 * The invariants G3 to G7, which every limiter keeps, whatever its algorithm. They are tested by
 * name, over HTTP.
 *
 * Elsewhere: G1, G2 and G4 with many callers at once, in test_invariants_exact.c. G8, about names,
 * in test_isolation.c. G9 and G12, about a shared Redis, in test_invariants_shared.c. With the
 * clock as an argument, in tests/unit/test_invariants*.c. */
#include "base/clock.h"
#include "limit/algorithm.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/wait.h"
#include "support/world.h"

#define WAIT_SECONDS 20
/* Redis counts by the wall clock, which may be corrected a little while the test waits. */
#define CLOCKS_APART_US 10000

/* An app with this limit under each algorithm. The route is the algorithm's name. */
static struct client *tenant_with_all(const struct world *world, int limit, int window_seconds)
{
    struct client *tenant = tenant_new(world->service);

    for (size_t i = 0; algorithm_names[i] != NULL; i++)
        tenant_policy(tenant, "{'route_key':'%s','algorithm':'%s','limit':%d,'window_seconds':%d}",
                      algorithm_names[i], algorithm_names[i], limit, window_seconds);
    return tenant;
}

/* `cost` as JSON. */
static const struct reply *check(struct client *tenant, const char *route_key, const char *cost)
{
    return client_post(tenant, "/check", "{'user_id':'alice','route_key':'%s','cost':%s}",
                       route_key, cost);
}

static void g3_denials_are_free(void **state)
{
    struct client *tenant = tenant_with_all(*state, 5, 31536000);

    for (size_t i = 0; algorithm_names[i] != NULL; i++) {
        EXPECT(check(tenant, algorithm_names[i], "3"), 200, "{'remaining':2}");
        for (int denial = 0; denial < 50; denial++)
            EXPECT(check(tenant, algorithm_names[i], "3"), 429,
                   "{'remaining':2,'reason':'Rate limit exceeded'}");
        EXPECT(check(tenant, algorithm_names[i], "0"), 200, "{'remaining':2}");
        EXPECT(check(tenant, algorithm_names[i], "2"), 200, "{'remaining':0}");
    }
    client_free(tenant);
}

static void g4_several_limits_are_charged_all_or_none(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    tenant_policy(tenant, "{'route_key':'/a','limits':["
                          "{'name':'wide','limit':10,'window_seconds':3600},"
                          "{'name':'narrow','limit':2,'window_seconds':1800},"
                          "{'name':'bucket','algorithm':'token_bucket','limit':5,"
                          " 'window_seconds':31536000}]}");
    EXPECT(client_check(tenant, "alice", "/a"), 200, NULL);
    EXPECT(client_check(tenant, "alice", "/a"), 200,
           "{'limit':2,'remaining':0,'limits':["
           "{'name':'wide','limit':10,'remaining':8},"
           "{'name':'narrow','limit':2,'remaining':0},"
           "{'name':'bucket','limit':5,'remaining':3}]}");

    for (int i = 0; i < 5; i++)
        EXPECT(client_check(tenant, "alice", "/a"), 429, "{'limit':2,'remaining':0}");

    const struct reply *look = client_look(tenant, "alice", "/a");
    EXPECT(look, 200,
           "{'limits':[{'name':'wide','remaining':8},{'name':'narrow','remaining':0},"
           "{'name':'bucket','remaining':3}]}");
    EXPECT_FIELD(look, "RateLimit-Policy",
                 "\"wide\";q=10;w=3600, \"narrow\";q=2;w=1800, \"bucket\";q=5;w=31536000");
    client_free(tenant);
}

/* A denial, and the times between which it was decided. */
struct hint {
    int64_t asked_us;
    int64_t answered_us;
    int64_t retry_us;
};

/* Whether the same check passes after the wait, and not before. */
static bool passes_in_time(struct client *tenant, const char *route_key, const struct hint *hint)
{
    int64_t sent_us = clock_monotonic_us();
    const struct reply *reply = check(tenant, route_key, "2");

    if (clock_monotonic_us() < hint->asked_us + hint->retry_us - CLOCKS_APART_US)
        EXPECT(reply, 429, NULL);
    if (sent_us >= hint->answered_us + hint->retry_us + CLOCKS_APART_US)
        EXPECT(reply, 200, NULL);
    return reply->status == 200;
}

static void g5_a_wait_told_is_enough_and_less_is_not(void **state)
{
    struct client *tenant = tenant_with_all(*state, 4, 2);

    for (size_t i = 0; algorithm_names[i] != NULL; i++) {
        struct hint hint;
        const struct reply *denied;

        EXPECT(check(tenant, algorithm_names[i], "4"), 200, "{'remaining':0}");
        hint.asked_us = clock_monotonic_us();
        WAIT_FOR (WAIT_SECONDS, (denied = check(tenant, algorithm_names[i], "2"))->status == 429)
            hint.asked_us = clock_monotonic_us();
        hint.answered_us = clock_monotonic_us();
        hint.retry_us = reply_integer(denied, "retry_after_ms") * 1000;
        assert_in_range(hint.retry_us, 1, 4 * 1000000);

        WAIT_FOR (WAIT_SECONDS, passes_in_time(tenant, algorithm_names[i], &hint))
            ;
    }
    client_free(tenant);
}

/* The number after `name` in the RateLimit field of the answer. */
static int64_t rate_limit_number(const struct reply *reply, const char *name)
{
    const char *field = reply_field(reply, "RateLimit");

    assert_non_null(field);
    const char *at = strstr(field, name);
    assert_non_null(at);
    return strtoll(at + strlen(name), NULL, 10);
}

static void g5_hints_agree_with_each_other(void **state)
{
    struct client *tenant = tenant_with_all(*state, 4, 3600);

    for (size_t i = 0; algorithm_names[i] != NULL; i++) {
        for (int checks = 0; checks < 8; checks++) {
            const struct reply *reply = check(tenant, algorithm_names[i], "1");
            int64_t remaining = reply_integer(reply, "remaining");

            assert_int_equal(reply->status, checks < 4 ? 200 : 429);
            assert_in_range(remaining, 0, 4);
            assert_int_equal(rate_limit_number(reply, ";r="), remaining);
            if (checks < 4)
                continue;
            const char *retry_after = reply_field(reply, "Retry-After");
            assert_non_null(retry_after);
            int64_t retry_s = strtoll(retry_after, NULL, 10);
            int64_t retry_ms = reply_integer(reply, "retry_after_ms");
            assert_in_range(retry_ms, 1, retry_s * 1000);
            assert_true(retry_s >= rate_limit_number(reply, ";t="));
            assert_true(retry_s <= reply_integer(reply, "reset_in"));
        }
    }
    client_free(tenant);
}

static void g6_a_cost_of_zero_only_looks(void **state)
{
    struct client *tenant = tenant_with_all(*state, 1, 31536000);

    for (size_t i = 0; algorithm_names[i] != NULL; i++) {
        for (int look = 0; look < 3; look++)
            EXPECT(check(tenant, algorithm_names[i], "0"), 200,
                   "{'allowed':true,'remaining':1,'reset_in':0}");
        EXPECT(check(tenant, algorithm_names[i], "1"), 200, "{'remaining':0}");
        EXPECT(check(tenant, algorithm_names[i], "0"), 200, "{'allowed':true,'remaining':0}");
    }
    client_free(tenant);
}

static void g6_a_cost_beyond_the_limit_never_passes_and_charges_nothing(void **state)
{
    struct client *tenant = tenant_with_all(*state, 5, 31536000);
    static const char *const costs[] = {
        "6",          "2147483647", "2147483648",       "2147483649",       "4294967295",
        "4294967296", "4294967297", "9007199254740990", "9007199254740991",
    };

    for (size_t i = 0; algorithm_names[i] != NULL; i++) {
        for (size_t cost = 0; cost < ARRAY_COUNT(costs); cost++) {
            const struct reply *reply = check(tenant, algorithm_names[i], costs[cost]);

            EXPECT(reply, 429,
                   "{'allowed':false,'reason':'Cost exceeds the limit','retry_after':null,"
                   " 'remaining':5}");
            EXPECT_FIELD(reply, "Retry-After", NULL);
        }
        EXPECT(check(tenant, algorithm_names[i], "5"), 200, "{'remaining':0}");
    }
    client_free(tenant);
}

static void g6_a_cost_that_is_no_count_is_refused_and_charges_nothing(void **state)
{
    struct client *tenant = tenant_with_all(*state, 5, 31536000);
    static const struct {
        const char *cost;
        int status;
        const char *saying;
    } costs[] = {
        {"01", 400, "line 1"},
        {"+1", 400, "line 1"},
        {"NaN", 400, "line 1"},
        {"1e400", 400, "line 1"},
        {"-1", 422, "/cost"},
        {"1.5", 422, "/cost"},
        {"1e-1", 422, "/cost"},
        {"1e-400", 422, "/cost"},
        {"-1.0", 422, "/cost"},
        {"9007199254740991.4", 422, "/cost"},
        {"9007199254740993.0", 422, "/cost"},
        {"'5'", 422, "/cost"},
        {"true", 422, "/cost"},
        {"[]", 422, "/cost"},
        {"9007199254740992", 422, "/cost"},
        {"9007199254740993", 422, "/cost"},
        {"9223372036854775807", 422, "/cost"},
        {"9223372036854775808", 422, "/cost"},
        {"18446744073709551616", 422, "/cost"},
        {"-9223372036854775808", 422, "/cost"},
        {"-9223372036854775809", 422, "/cost"},
    };

    for (size_t i = 0; algorithm_names[i] != NULL; i++) {
        for (size_t cost = 0; cost < ARRAY_COUNT(costs); cost++)
            EXPECT_PROBLEM(check(tenant, algorithm_names[i], costs[cost].cost), costs[cost].status,
                           costs[cost].saying);
        EXPECT(check(tenant, algorithm_names[i], "5"), 200, "{'remaining':0}");
    }
    client_free(tenant);
}

static void g7_a_limit_of_zero_always_denies(void **state)
{
    struct client *tenant = tenant_with_all(*state, 0, 1);

    for (size_t i = 0; algorithm_names[i] != NULL; i++) {
        for (int checks = 0; checks < 3; checks++)
            EXPECT(check(tenant, algorithm_names[i], "1"), 429,
                   "{'limit':0,'remaining':0,'retry_after':null}");
        EXPECT(check(tenant, algorithm_names[i], "0"), 200, "{'remaining':0}");
    }
    client_free(tenant);
}

static void g7_a_window_of_nothing_is_refused_when_the_policy_is_written(void **state)
{
    const struct world *world = *state;
    struct client *tenant = tenant_new(world->service);
    static const char *const windows[] = {"0", "-1", "0.5", "-9223372036854775808"};

    for (size_t i = 0; algorithm_names[i] != NULL; i++) {
        for (size_t window = 0; window < ARRAY_COUNT(windows); window++) {
            const struct reply *reply = client_post(tenant, "/policy",
                                                    "{'route_key':'/a','algorithm':'%s','limit':5,"
                                                    "'window_seconds':%s}",
                                                    algorithm_names[i], windows[window]);
            EXPECT_PROBLEM(reply, 422, "/window_seconds");
        }
    }
    EXPECT(client_get(tenant, "/policy"), 200, "[]");
    client_free(tenant);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(g3_denials_are_free),
        cmocka_unit_test(g4_several_limits_are_charged_all_or_none),
        cmocka_unit_test(g5_a_wait_told_is_enough_and_less_is_not),
        cmocka_unit_test(g5_hints_agree_with_each_other),
        cmocka_unit_test(g6_a_cost_of_zero_only_looks),
        cmocka_unit_test(g6_a_cost_beyond_the_limit_never_passes_and_charges_nothing),
        cmocka_unit_test(g6_a_cost_that_is_no_count_is_refused_and_charges_nothing),
        cmocka_unit_test(g7_a_limit_of_zero_always_denies),
        cmocka_unit_test(g7_a_window_of_nothing_is_refused_when_the_policy_is_written),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open, world_close));
}
