/* SPDX-License-Identifier: MIT
 *
 * A service that finds its Redis by sentinels, under a steady load, while the master dies, hands
 * over, or hangs, and while the sentinels die. */
#include "base/clock.h"
#include "base/duration.h"
#include "base/memory.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/load.h"
#include "support/redis_certificate.h"
#include "support/redis_sentinels.h"
#include "support/wait.h"
#include "support/world.h"

#define WAIT_SECONDS 30
#define PER_SECOND   300
#define CONNECTIONS  4
#define DEADLINE_MS  "50"
#define LIMIT        1000000000
#define ROUTE        "/counted"
#define LOAD_USER    "load"

#define DEAD_US_MAX     (5 * SECOND_US) /* down for the sentinels after one of them */
#define HANDOVER_US_MAX (2 * SECOND_US)

struct scene {
    struct redis_sentinels *sentinels;
    struct service *service;
    struct client *tenant;
    struct load_options options;
    struct load *load;
};

/* When this returns, Redis decides what the load asks. `tls` may be NULL. */
static int begin_with(void **state, const struct redis_server_tls *tls)
{
    struct scene *scene = MEMORY_NEW(struct scene);

    scene->sentinels = tls == NULL ? redis_sentinels_start(NULL) : redis_sentinels_start_tls(tls);
    const struct service_options options = {
        .redis_tls_ca = tls == NULL ? NULL : tls->authorities,
        .redis_url = redis_sentinels_url(scene->sentinels, REDIS_SENTINELS_COUNT),
        .redis_timeout_ms = DEADLINE_MS,
    };
    scene->service = service_start(&options);
    scene->tenant = tenant_new(scene->service);
    tenant_policy(scene->tenant, "{'route_key':'%s','limit':%d,'window_seconds':31536000}", ROUTE,
                  LIMIT);
    scene->options = (struct load_options){
        .port = service_port(scene->service),
        .api_key = client_key(scene->tenant),
        .routes = {ROUTE},
        .threads = CONNECTIONS,
        .per_second = PER_SECOND,
    };
    scene->load = load_begin(&scene->options);
    load_wait_for_checks(scene->load, PER_SECOND, WAIT_SECONDS);
    *state = scene;
    return 0;
}

static int begin(void **state)
{
    return begin_with(state, NULL);
}

static int begin_with_tls(void **state)
{
    return begin_with(state, redis_certificate());
}

/* Each check was answered, by Redis or by the policy without it. */
static void end_load(struct scene *scene)
{
    const struct load_summary summary = load_end(scene->load);

    scene->load = NULL;
    load_expect_answered(&summary);
    print_message("    %ld checks, %ld without redis\n", summary.checks, summary.degraded);
}

static int end(void **state)
{
    struct scene *scene = *state;

    if (scene->load != NULL)
        (void)load_end(scene->load);
    client_free(scene->tenant);
    service_stop(scene->service);
    redis_sentinels_stop(scene->sentinels);
    free(scene);
    return 0;
}

static struct redis_server *server_of(const struct scene *scene, size_t index)
{
    return redis_sentinels_server(scene->sentinels, index);
}

static bool is_decided_by_redis(struct client *tenant, const char *user)
{
    const struct reply *reply = client_check(tenant, user, ROUTE);

    return reply->status == 200 && reply_at(reply, "degraded") != json_true();
}

/* Returns when the new master was first seen to decide. */
static int64_t wait_until_the_other_decides(struct scene *scene)
{
    WAIT_FOR (WAIT_SECONDS, redis_sentinels_scripts(server_of(scene, 1)) > 0 &&
                                is_decided_by_redis(scene->tenant, "other"))
        ;
    return clock_monotonic_us();
}

/* How many charges of the load the store has. */
static int64_t charges(struct scene *scene)
{
    const struct reply *reply;

    WAIT_FOR (WAIT_SECONDS, (reply = client_look(scene->tenant, LOAD_USER, ROUTE))->status == 200 &&
                                reply_at(reply, "degraded") != json_true())
        ;
    return LIMIT - reply_integer(reply, "remaining");
}

static void a_dead_master_is_replaced_within_five_seconds(void **state)
{
    struct scene *scene = *state;

    redis_server_kill(server_of(scene, 0));
    const int64_t killed_us = clock_monotonic_us();
    const int64_t took_us = wait_until_the_other_decides(scene) - killed_us;

    print_message("    decided again after %lld ms\n", (long long)(took_us / MILLISECOND_US));
    assert_true(took_us <= DEAD_US_MAX);
    end_load(scene);
}

static void over_tls_a_handover_is_followed_within_two_seconds(void **state)
{
    struct scene *scene = *state;

    redis_sentinels_fail_over(scene->sentinels, 1);
    const int64_t begun_us = clock_monotonic_us();
    const int64_t took_us = wait_until_the_other_decides(scene) - begun_us;

    print_message("    decided after %lld ms\n", (long long)(took_us / MILLISECOND_US));
    assert_true(took_us <= HANDOVER_US_MAX);
    end_load(scene);
}

/* The old master takes writes until the service hears of the new one, and loses them when it
 * becomes its replica. */
static void what_a_handover_loses_is_what_the_old_master_took_after_the_promotion(void **state)
{
    struct scene *scene = *state;
    long long taken = 0;

    redis_sentinels_fail_over(scene->sentinels, 1);
    const int64_t begun_us = clock_monotonic_us();
    do {
        taken = redis_sentinels_scripts(server_of(scene, 0));
    } while (redis_sentinels_is_replica(server_of(scene, 1)));
    const int64_t took_us = wait_until_the_other_decides(scene) - begun_us;

    assert_true(took_us <= HANDOVER_US_MAX);
    const long long after = redis_sentinels_scripts(server_of(scene, 0)) - taken;
    const struct load_summary summary = load_end(scene->load);
    scene->load = NULL;
    load_expect_answered(&summary);
    const int64_t lost = summary.allowed - summary.degraded - charges(scene);

    print_message("    decided after %lld ms; of %ld charges %lld lost, while the old master took "
                  "%lld\n",
                  (long long)(took_us / MILLISECOND_US), summary.allowed - summary.degraded,
                  (long long)lost, after);
    assert_true(lost <= after);
}

static void a_master_that_wakes_after_its_failover_is_written_to_no_more(void **state)
{
    struct scene *scene = *state;

    redis_server_pause(server_of(scene, 0));
    (void)wait_until_the_other_decides(scene);
    redis_server_continue(server_of(scene, 0));
    /* One second. */
    load_wait_for_checks(scene->load, PER_SECOND, WAIT_SECONDS);
    const long long before = redis_sentinels_scripts(server_of(scene, 0));
    const long long other = redis_sentinels_scripts(server_of(scene, 1));
    load_wait_for_checks(scene->load, 3L * PER_SECOND, WAIT_SECONDS);

    assert_int_equal(redis_sentinels_scripts(server_of(scene, 0)), before);
    assert_true(redis_sentinels_scripts(server_of(scene, 1)) > other);
    end_load(scene);
}

static void without_sentinels_the_master_goes_on_deciding(void **state)
{
    struct scene *scene = *state;
    const int warned = service_count_events(scene->service, "redis is not found");

    for (size_t i = 0; i < REDIS_SENTINELS_COUNT; i++)
        redis_sentinels_kill(scene->sentinels, i);
    WAIT_FOR (WAIT_SECONDS, service_count_events(scene->service, "redis is not found") > warned)
        ;
    const long long before = redis_sentinels_scripts(server_of(scene, 0));
    load_wait_for_checks(scene->load, 3L * PER_SECOND, WAIT_SECONDS);

    assert_true(redis_sentinels_scripts(server_of(scene, 0)) - before > 2L * PER_SECOND);
    assert_true(is_decided_by_redis(scene->tenant, "other"));
    end_load(scene);
}

/* What was stored before is still there, and more can be stored, at the new one. */
static void the_catalogue_and_the_log_follow_the_master(void **state)
{
    struct scene *scene = *state;
    const struct reply *reply;

    end_load(scene);
    redis_sentinels_fail_over(scene->sentinels, 0);
    (void)wait_until_the_other_decides(scene);
    redis_server_kill(server_of(scene, 0));
    WAIT_FOR (WAIT_SECONDS,
              (reply = client_post(scene->tenant, "/policy",
                                   "{'route_key':'/new','limit':5,'window_seconds':60}"))
                      ->status == 201)
        ;
    EXPECT(client_check(scene->tenant, "alice", "/new"), 200, "{'allowed':true,'limit':5}");
    WAIT_FOR (WAIT_SECONDS,
              strcmp(reply_text(client_get(scene->tenant, "/logs/latest"), "0.user_id"), "alice") ==
                  0)
        ;
}

/* It listens, and decides once they answer. */
static void a_service_may_start_before_its_sentinels(void **state)
{
    struct redis_sentinels *sentinels = redis_sentinels_start(NULL);
    const struct service_options options = {
        .redis_url = redis_sentinels_url(sentinels, REDIS_SENTINELS_COUNT),
        .not_ready = true,
    };
    (void)state;
    for (size_t i = 0; i < REDIS_SENTINELS_COUNT; i++)
        redis_sentinels_pause(sentinels, i);
    struct service *service = service_start(&options);
    struct client *client = stranger_new(service);

    EXPECT(client_get(client, "/livez"), 200, NULL);
    EXPECT(client_get(client, "/readyz"), 503, NULL);
    for (size_t i = 0; i < REDIS_SENTINELS_COUNT; i++)
        redis_sentinels_continue(sentinels, i);
    WAIT_FOR (WAIT_SECONDS, client_get(client, "/readyz")->status == 200)
        ;
    struct client *tenant = tenant_new(service);
    tenant_policy(tenant, "{'route_key':'%s','limit':1,'window_seconds':60}", ROUTE);
    EXPECT(client_check(tenant, "alice", ROUTE), 200, "{'allowed':true,'limit':1}");
    assert_true(redis_sentinels_scripts(redis_sentinels_server(sentinels, 0)) > 0);

    client_free(tenant);
    client_free(client);
    service_stop(service);
    redis_sentinels_stop(sentinels);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_dead_master_is_replaced_within_five_seconds, begin, end),
        cmocka_unit_test_setup_teardown(
            what_a_handover_loses_is_what_the_old_master_took_after_the_promotion, begin, end),
        cmocka_unit_test_setup_teardown(over_tls_a_handover_is_followed_within_two_seconds,
                                        begin_with_tls, end),
        cmocka_unit_test_setup_teardown(
            a_master_that_wakes_after_its_failover_is_written_to_no_more, begin, end),
        cmocka_unit_test_setup_teardown(without_sentinels_the_master_goes_on_deciding, begin, end),
        cmocka_unit_test_setup_teardown(the_catalogue_and_the_log_follow_the_master, begin, end),
        cmocka_unit_test(a_service_may_start_before_its_sentinels),
    };

    return service_report(cmocka_run_group_tests(tests, NULL, NULL));
}
