/* SPDX-License-Identifier: MIT
 *
 * A Redis that runs and refuses: what callers, /readyz and /metrics say meanwhile, and that nothing
 * that was allowed is lost. docs/redis-errors.md has the table. */
#include "base/clock.h"
#include "base/memory.h"
#include "refusals.h"
#include "scrape.h"
#include "store/breaker.h"
#include "store/handback.h"
#include "support/cmocka.h"
#include "support/expect.h"
#include "support/wait.h"
#include "support/world.h"

#define WAIT_SECONDS 60
#define USERS        20
#define LIMIT        5
#define PROBES       3 /* which are refused before Redis is well again */

#define CALLS "sluice_store_calls_total"

struct scene {
    struct refusing refusing;
    struct service *service;
    struct client *tenant;
};

static double figure(const struct scene *scene, const char *name, const char *labels)
{
    return scrape_figure(scene->tenant, name, labels);
}

static double handed_back(const struct scene *scene, const char *labels)
{
    return figure(scene, "sluice_handed_back_total", labels);
}

static void scene_open(struct scene *scene, const struct refusal *refusal)
{
    const char *const flags[] = {"--workers", "1", NULL};

    refusing_open(&scene->refusing, refusal->needs_cluster);
    scene->service = service_start(
        &(struct service_options){.redis_url = redis_server_unix_url(scene->refusing.redis),
                                  .catalogue_in_file = true,
                                  .flags = flags});
    scene->tenant = tenant_new(scene->service);
    tenant_policy(scene->tenant, "{'route_key':'/local','limit':%d,'window_seconds':31536000}",
                  LIMIT);
    tenant_policy(scene->tenant,
                  "{'route_key':'/deny','on_store_error':'deny','limit':%d,"
                  "'window_seconds':31536000}",
                  LIMIT);
    tenant_policy(scene->tenant,
                  "{'route_key':'/allow','on_store_error':'allow','limit':%d,"
                  "'window_seconds':31536000}",
                  LIMIT);
}

static void scene_close(struct scene *scene)
{
    client_free(scene->tenant);
    service_stop(scene->service);
    refusing_close(&scene->refusing);
}

static bool is_degraded(const struct scene *scene)
{
    const struct reply *reply = client_get(scene->tenant, "/readyz");

    return reply->status == 200 && reply_at(reply, "store") == json_false() &&
           strcmp(reply_text(reply, "status"), "degraded") == 0;
}

static bool is_ready(const struct scene *scene)
{
    return strcmp(reply_text(client_get(scene->tenant, "/readyz"), "status"), "ready") == 0;
}

/* The calls of scripts, including refused ones, as Redis counts them. */
static long long times_asked(const struct scene *scene)
{
    static const char *const counters[] = {"cmdstat_evalsha:calls=", "cmdstat_eval:calls="};
    static const char rejected[] = "rejected_calls=";
    const char *info = redis_server_command(scene->refusing.redis, "INFO commandstats")->str;
    long long sum = 0;

    for (size_t i = 0; i < ARRAY_COUNT(counters); i++) {
        const char *at = strstr(info, counters[i]);

        if (at == NULL)
            continue;
        sum += strtoll(at + strlen(counters[i]), NULL, 10);
        sum += strtoll(strstr(at, rejected) + strlen(rejected), NULL, 10);
    }
    return sum;
}

/* The highest possible number of probes. */
static double waits_since(int64_t began_us)
{
    return 1 + (double)(clock_monotonic_us() - began_us) / BREAKER_WAIT_MIN_US;
}

/* After each wait there may be one probe or one round of hand-backs. The test's own requests count
 * too. */
static void expect_patience(const struct scene *scene, const struct refusal *refusal,
                            long long asked_before, int64_t began_us)
{
    const double at_once = refusal->scope == REFUSAL_OF_PLACE ? HANDBACK_IN_FLIGHT_MAX + 1 : 1;
    const double asked = (double)(times_asked(scene) - asked_before);

    assert_true(asked <= 4.0 * USERS + waits_since(began_us) * at_once);
}

static void check_users(const struct scene *scene, int first, int last)
{
    for (int i = first; i < last; i++) {
        char user[32];

        (void)snprintf(user, sizeof(user), "user %d", i);
        EXPECT(client_check(scene->tenant, user, "/local"), 200,
               "{'allowed':true,'degraded':true,'remaining':4}");
    }
}

static void expect_each_mode(const struct scene *scene)
{
    EXPECT(client_check(scene->tenant, "alice", "/allow"), 200,
           "{'allowed':true,'degraded':true,'limit':null}");
    EXPECT(client_check(scene->tenant, "alice", "/deny"), 429,
           "{'allowed':false,'degraded':true,'retry_after':1}");
}

static const char *result_of(const struct refusal *refusal)
{
    return refusal->scope == REFUSAL_CONNECTING ? "result=\"down\"" : "result=\"refused\"";
}

static double connections_of(const struct scene *scene, const char *name)
{
    const char *info = redis_server_command(scene->refusing.redis, "INFO stats")->str;

    return strtod(strstr(info, name) + strlen(name), NULL);
}

static double times_refused(const struct scene *scene, const struct refusal *refusal)
{
    if (refusal->scope != REFUSAL_CONNECTING)
        return figure(scene, CALLS, result_of(refusal));
    return connections_of(scene, "total_connections_received:") +
           connections_of(scene, "rejected_connections:");
}

static void expect_that_it_stays_so(const struct scene *scene, const struct refusal *refusal)
{
    const int64_t began_us = clock_monotonic_us();
    const double refused = times_refused(scene, refusal);
    const bool opens = refusal->scope == REFUSAL_OF_ALL;

    WAIT_FOR (WAIT_SECONDS, times_refused(scene, refusal) >= refused + PROBES) {
        assert_true(is_degraded(scene));
        assert_true(figure(scene, "sluice_store_breakers_open", "") == (opens ? 1 : 0));
    }
    /* These are only probes. If the breaker closed too early, there would be hand-backs too. */
    assert_true(!opens || times_refused(scene, refusal) - refused <= waits_since(began_us));
    assert_true(is_degraded(scene));
    assert_true(figure(scene, "sluice_store_links_connected", "") ==
                (refusal->scope == REFUSAL_CONNECTING ? 0 : 1));
    assert_true(handed_back(scene, "result=\"done\"") == 0);
    assert_true(handed_back(scene, "result=\"lost\"") == 0);
}

static void expect_that_all_is_handed_back(const struct scene *scene)
{
    WAIT_FOR (WAIT_SECONDS, is_ready(scene))
        ;
    WAIT_FOR (WAIT_SECONDS, handed_back(scene, "result=\"done\"") == USERS)
        ;
    assert_true(handed_back(scene, "result=\"lost\"") == 0);
    assert_true(figure(scene, "sluice_store_breakers_open", "") == 0);
    assert_true(figure(scene, CALLS, "result=\"late\"") == 0);
    assert_true(figure(scene, CALLS, "result=\"broken\"") == 0);
    for (int i = 0; i < USERS; i++) {
        char user[32];

        (void)snprintf(user, sizeof(user), "user %d", i);
        const struct reply *reply = client_look(scene->tenant, user, "/local");
        EXPECT(reply, 200, "{'allowed':true,'remaining':4}");
        assert_null(reply_at(reply, "degraded"));
    }
}

/* Each cause has one line a second, and the first attempt may have another cause. */
static void expect_complaint(const struct scene *scene, const struct refusal *refusal)
{
    WAIT_FOR (WAIT_SECONDS, scratch_contains(service_log(scene->service), refusal->code))
        ;
}

static void what_is_allowed_meanwhile_is_handed_back(void **state)
{
    const struct refusal *refusal = *state;
    struct scene scene;
    scene_open(&scene, refusal);
    EXPECT(client_check(scene.tenant, "before", "/local"), 200, "{'remaining':4}");
    const long long asked_before = times_asked(&scene);
    const int64_t began_us = clock_monotonic_us();

    refusal->begin(&scene.refusing);
    check_users(&scene, 0, USERS / 2);
    WAIT_FOR (WAIT_SECONDS, is_degraded(&scene))
        ;
    check_users(&scene, USERS / 2, USERS);
    expect_each_mode(&scene);
    expect_that_it_stays_so(&scene, refusal);
    expect_complaint(&scene, refusal);
    refusal->end(&scene.refusing);

    expect_that_all_is_handed_back(&scene);
    expect_patience(&scene, refusal, asked_before, began_us);
    scene_close(&scene);
}

int main(int argc, char *argv[])
{
    struct CMUnitTest *tests = memory_new(refusal_count, sizeof(*tests));

    for (size_t i = 0; i < refusal_count; i++) {
        tests[i] = (struct CMUnitTest){.name = refusals[i].name,
                                       .test_func = what_is_allowed_meanwhile_is_handed_back};
        memcpy(&tests[i].initial_state, &(const void *){&refusals[i]}, sizeof(void *));
    }
    if (argc > 2)
        cmocka_set_test_filter(argv[2]);
    const int failures = _cmocka_run_group_tests("refusals", tests, refusal_count, NULL, NULL);
    free(tests);
    return service_report(failures);
}
