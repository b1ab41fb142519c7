/* SPDX-License-Identifier: MIT
 *
 * Redis dies, hangs, forgets its scripts, drops connections or is not there yet: every check is
 * answered in time, as the policy's on_store_error says, and afterwards counting is exact again.
 * Apps and policies lie in a file here, so that they outlive Redis. */
#include "base/clock.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/load.h"
#include "support/scratch.h"
#include "support/wait.h"
#include "support/world.h"

#define WAIT_SECONDS 30
/* A check waits for Redis for 50 ms at most; the rest is for a busy machine. */
#define ANSWER_US_MAX 1000000
#define IMPATIENT_MS  "50" /* the default */
#define THREADS       4
#define COUNT_LIMIT   1000000000
#define CALM_CHECKS   200

static struct service *start(const struct world *world, const char *timeout_ms, bool not_ready)
{
    char directory[SCRATCH_PATH_BYTES];
    char catalogue[SCRATCH_PATH_BYTES + 32];
    struct service_options options = world_options(world);
    const char *const flags[] = {"--catalogue", catalogue, NULL};

    scratch_directory("catalogue", directory);
    (void)snprintf(catalogue, sizeof(catalogue), "sqlite:%s/sluice.db", directory);
    options.flags = flags;
    options.redis_timeout_ms = timeout_ms;
    options.not_ready = not_ready;
    return service_start(&options);
}

static struct client *tenant_with_policies(const struct service *service)
{
    static const char *const modes[] = {"local", "allow", "deny"};
    struct client *tenant = tenant_new(service);

    for (size_t i = 0; i < ARRAY_COUNT(modes); i++)
        tenant_policy(tenant,
                      "{'route_key':'/%s','on_store_error':'%s','limit':%d,"
                      "'window_seconds':31536000}",
                      modes[i], modes[i], COUNT_LIMIT);
    tenant_policy(tenant, "{'route_key':'/three','limit':3,'window_seconds':31536000}");
    return tenant;
}

static struct load *load_all_modes(const struct service *service, const struct client *tenant)
{
    const struct load_options options = {.port = service_port(service),
                                         .api_key = client_key(tenant),
                                         .routes = {"/local", "/allow", "/deny"},
                                         .threads = THREADS};

    return load_begin(&options);
}

static void wait_for_checks(struct load *load, long more)
{
    long enough = load_summary(load).checks + more;

    WAIT_FOR (WAIT_SECONDS, load_summary(load).checks >= enough)
        ;
}

/* Whether a good number of checks went by without Redis missing. */
static bool is_calm(struct load *load)
{
    long degraded = load_summary(load).degraded;

    wait_for_checks(load, CALM_CHECKS);
    return load_summary(load).degraded == degraded;
}

static bool is_degraded(struct client *tenant)
{
    return reply_at(client_look(tenant, "anybody", "/local"), "degraded") != NULL;
}

static void expect_all_answered(const struct load_summary *summary)
{
    print_message("%ld checks, %ld of them degraded, the slowest after %lld ms\n", summary->checks,
                  summary->degraded, (long long)summary->slowest_us / 1000);
    if (summary->failed > 0)
        fail_msg("%ld checks failed; the first one: %s", summary->failed, summary->first_failure);
    assert_true(summary->slowest_us < ANSWER_US_MAX);
}

static void expect_each_mode_without_redis(struct client *tenant)
{
    EXPECT(client_check(tenant, "alice", "/allow"), 200,
           "{'allowed':true,'degraded':true,'limit':null,'remaining':null}");
    const struct reply *denied = client_check(tenant, "alice", "/deny");
    EXPECT(denied, 429, "{'allowed':false,'degraded':true,'remaining':null,'retry_after':1}");
    EXPECT_FIELD(denied, "Retry-After", "1");
    for (int i = 0; i < 4; i++)
        EXPECT(client_check(tenant, "nobody else", "/three"), i < 3 ? 200 : 429,
               "{'degraded':true,'limit':3}");
    /* It remembers for a moment that the store was there. */
    WAIT_FOR (WAIT_SECONDS,
              strcmp(reply_text(client_get(tenant, "/readyz"), "status"), "degraded") == 0)
        ;
    EXPECT(client_get(tenant, "/readyz"), 200, "{'status':'degraded','store':false}");
    EXPECT(client_get(tenant, "/livez"), 200, NULL);
}

static void expect_exact_counting(struct client *tenant, const char *user)
{
    for (int i = 0; i < 4; i++) {
        const struct reply *reply = client_check(tenant, user, "/three");
        EXPECT(reply, i < 3 ? 200 : 429, NULL);
        assert_int_equal(reply_integer(reply, "remaining"), i < 3 ? 2 - i : 0);
        assert_null(reply_at(reply, "degraded"));
    }
}

static void wait_until_exact(struct load *load, struct client *tenant, const char *since)
{
    int64_t begun_us = clock_monotonic_us();

    WAIT_FOR (WAIT_SECONDS, is_calm(load))
        ;
    WAIT_FOR (WAIT_SECONDS, !is_degraded(tenant))
        ;
    print_message("exact again %lld ms after %s\n",
                  (long long)(clock_monotonic_us() - begun_us) / 1000, since);
}

static void redis_dies_and_comes_back(void **state)
{
    const struct world *world = *state;
    struct service *service = start(world, IMPATIENT_MS, false);
    struct client *tenant = tenant_with_policies(service);
    struct load *load = load_all_modes(service, tenant);
    wait_for_checks(load, CALM_CHECKS);

    redis_server_kill(world->redis);
    wait_for_checks(load, 2 * CALM_CHECKS);
    expect_each_mode_without_redis(tenant);
    redis_server_restart(world->redis);
    wait_until_exact(load, tenant, "Redis came back");

    struct load_summary summary = load_end(load);
    expect_exact_counting(tenant, "after the crash");
    EXPECT(client_get(tenant, "/readyz"), 200, "{'status':'ready'}");
    client_free(tenant);
    service_stop(service);
    assert_true(summary.degraded > 0);
    expect_all_answered(&summary);
}

static void redis_hangs_and_goes_on(void **state)
{
    const struct world *world = *state;
    struct service *service = start(world, IMPATIENT_MS, false);
    struct client *tenant = tenant_with_policies(service);
    struct load *load = load_all_modes(service, tenant);
    wait_for_checks(load, CALM_CHECKS);

    redis_server_pause(world->redis);
    wait_for_checks(load, 2 * CALM_CHECKS);
    WAIT_FOR (WAIT_SECONDS, reply_at(client_get(tenant, "/readyz"), "store") == json_false())
        ;
    expect_each_mode_without_redis(tenant);
    redis_server_continue(world->redis);
    wait_until_exact(load, tenant, "Redis went on");

    struct load_summary summary = load_end(load);
    expect_exact_counting(tenant, "after the pause");
    client_free(tenant);
    service_stop(service);
    assert_true(summary.degraded > 0);
    expect_all_answered(&summary);
}

static void forgotten_scripts_cost_nothing_and_charge_nothing_twice(void **state)
{
    const struct world *world = *state;
    struct service *service = start(world, NULL, false);
    struct client *tenant = tenant_with_policies(service);
    const struct load_options options = {.port = service_port(service),
                                         .api_key = client_key(tenant),
                                         .routes = {"/deny"},
                                         .threads = THREADS};
    struct load *load = load_begin(&options);

    for (int i = 0; i < 50; i++) {
        wait_for_checks(load, 10);
        (void)redis_server_command(world->redis, "SCRIPT FLUSH");
    }

    struct load_summary summary = load_end(load);
    const struct reply *look = client_look(tenant, "load", "/deny");
    EXPECT(look, 200, NULL);
    int64_t charged = COUNT_LIMIT - reply_integer(look, "remaining");
    client_free(tenant);
    service_stop(service);
    assert_int_equal(summary.failed + summary.degraded + summary.denied, 0);
    assert_int_equal(charged, summary.allowed);
}

static void dropped_connections_are_made_again(void **state)
{
    const struct world *world = *state;
    struct service *service = start(world, NULL, false);
    struct client *tenant = tenant_with_policies(service);
    struct load *load = load_all_modes(service, tenant);

    for (int i = 0; i < 20; i++) {
        wait_for_checks(load, 20);
        (void)redis_server_command(world->redis, "CLIENT KILL TYPE normal SKIPME yes");
    }
    wait_until_exact(load, tenant, "the last connection was dropped");

    struct load_summary summary = load_end(load);
    expect_exact_counting(tenant, "after the drops");
    client_free(tenant);
    service_stop(service);
    if (summary.failed > 0)
        fail_msg("%ld checks failed; the first one: %s", summary.failed, summary.first_failure);
}

static void the_log_is_read_without_redis(void **state)
{
    const struct world *world = *state;
    struct service *service = start(world, IMPATIENT_MS, false);
    struct client *tenant = tenant_with_policies(service);

    redis_server_kill(world->redis);
    EXPECT(client_check(tenant, "alice", "/local"), 200, "{'degraded':true}");
    const struct reply *logs = client_get(tenant, "/logs/latest");
    EXPECT(logs, 200, "[{'user_id':'alice','route':'/local','degraded':true}]");

    redis_server_restart(world->redis);
    client_free(tenant);
    service_stop(service);
}

static void redis_is_not_there_at_the_start(void **state)
{
    const struct world *world = *state;
    redis_server_kill(world->redis);
    struct service *service = start(world, IMPATIENT_MS, true);
    struct client *tenant = stranger_new(service);

    EXPECT(client_get(tenant, "/livez"), 200, NULL);
    EXPECT(client_get(tenant, "/readyz"), 503, "{'status':'unavailable','store':false}");
    redis_server_restart(world->redis);
    int64_t begun_us = clock_monotonic_us();
    WAIT_FOR (WAIT_SECONDS, client_get(tenant, "/readyz")->status == 200)
        ;
    print_message("ready %lld ms after Redis came\n",
                  (long long)(clock_monotonic_us() - begun_us) / 1000);

    client_free(tenant);
    tenant = tenant_with_policies(service);
    WAIT_FOR (WAIT_SECONDS, !is_degraded(tenant))
        ;
    expect_exact_counting(tenant, "after the start");
    client_free(tenant);
    service_stop(service);
}

static void a_catalogue_in_redis_that_is_away_delays_no_decision(void **state)
{
    const struct world *world = *state;
    struct service_options options = world_options(world);
    options.redis_timeout_ms = IMPATIENT_MS;
    struct service *service = service_start(&options);
    struct client *tenant = tenant_with_policies(service);

    redis_server_kill(world->redis);
    EXPECT(client_check(tenant, "alice", "/allow"), 200, "{'degraded':true}");
    EXPECT_PROBLEM(client_post(tenant, "/policy", "{'route_key':'/x','rate':'1/m'}"), 503, NULL);
    EXPECT_PROBLEM(client_post(tenant, "/register", "{'name':'Late'}"), 503, NULL);
    EXPECT(client_check(tenant, "alice", "/local"), 200, "{'degraded':true}");
    redis_server_restart(world->redis);
    WAIT_FOR (WAIT_SECONDS, client_post(tenant, "/register", "{'name':'New'}")->status == 201)
        ;

    client_free(tenant);
    service_stop(service);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(redis_dies_and_comes_back),
        cmocka_unit_test(redis_hangs_and_goes_on),
        cmocka_unit_test(forgotten_scripts_cost_nothing_and_charge_nothing_twice),
        cmocka_unit_test(dropped_connections_are_made_again),
        cmocka_unit_test(the_log_is_read_without_redis),
        cmocka_unit_test(redis_is_not_there_at_the_start),
        cmocka_unit_test(a_catalogue_in_redis_that_is_away_delays_no_decision),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, world_open_engine, world_close));
}
