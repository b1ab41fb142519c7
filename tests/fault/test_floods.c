/* SPDX-License-Identifier: MIT
 *
 * Floods: more questions than one worker can answer at once, beside a Redis that is well, or that
 * is at some distance. That the worker is late is no fault of Redis: it goes on being asked, and
 * limits stay exact just when they matter most: test_floods redis_unix|redis_tcp [--strict
 * [PATTERN]].
 *
 * With --strict the floods are as large and as long as is promised, and so are the figures; and
 * Redis has the processor before all others where that is allowed, so that it is well on a busy
 * machine, too. Without it, floods are small, and the deadline is one that no machine misses. */
#include "crowd.h"
#include "flood.h"
#include "strict.h"
#include "support/cmocka.h"
#include "support/fault_proxy.h"
#include "support/world.h"

#include <sched.h>

/* What is promised. */
#define SHARE_MAX  0.1 /* in percent */
#define TIMEOUT_MS "50"

#define UNHURRIED_MS "5000"
#define FILES_SPARE  100

/* Of a flood, in a test and when it is judged strictly. */
#define OF(test, strict) (is_strict ? (strict) : (test))

static bool is_strict;

/* What is started now has the processor before all others. */
static void put_first(bool is_first)
{
    const struct sched_param order = {.sched_priority = is_first ? 1 : 0};

    if (is_strict && sched_setscheduler(0, is_first ? SCHED_RR : SCHED_OTHER, &order) != 0)
        print_message(
            "  redis has to share the processor: where others keep it busy, calls are late\n");
}

static int open_engine(void **state)
{
    put_first(true);
    int failed = world_open_engine(state);
    put_first(false);
    return failed;
}

static struct flood_summary flood_from(const char *redis_url, int distance_ms, size_t connections)
{
    const struct flood_options options = {
        .redis_url = redis_url,
        .redis_timeout_ms = OF(UNHURRIED_MS, TIMEOUT_MS),
        .distance_ms = distance_ms,
        .connections = connections,
        .seconds = OF(1, 10),
    };

    crowd_need_files(connections + FILES_SPARE);
    return flood_run(&options);
}

/* Fails only when all rows are printed. */
static void expect_few(double share, const char *what)
{
    if (share > OF(0, SHARE_MAX))
        fail_msg("%.3f %% %s", share, what);
}

static void up_to_four_thousand_connections_are_decided_by_redis(void **state)
{
    static const size_t small[] = {1, 64, 500};
    static const size_t large[] = {1, 64, 1000, 4000};
    const size_t *sizes = OF(small, large);
    const size_t count = OF(ARRAY_COUNT(small), ARRAY_COUNT(large));
    const struct world *world = *state;
    double most = 0;

    for (size_t i = 0; i < count; i++) {
        const struct flood_summary summary = flood_from(world->redis_url, 0, sizes[i]);
        const double share = flood_degraded_share(&summary);
        most = share > most ? share : most;
    }

    expect_few(most, "degraded");
}

static void eight_thousand_connections_open_no_breaker(void **state)
{
    const struct world *world = *state;

    const struct flood_summary summary = flood_from(world->redis_url, 0, OF(1000, 8000));

    assert_int_equal(summary.openings, 0);
}

/* All of the distance is on the way back. */
static void a_redis_at_a_distance_is_not_late(void **state)
{
    static const int distances_ms[] = {0, 1, 5, 20};
    static const size_t sizes[] = {64, 1000};
    const struct world *world = *state;
    const struct fault_proxy_options options = {.port = redis_server_port(world->redis)};
    char url[REDIS_SERVER_URL_BYTES];
    double most = 0;

    put_first(true);
    struct fault_proxy *proxy = fault_proxy_start(&options);
    put_first(false);
    redis_server_write_url(world->redis, fault_proxy_port(proxy), url);
    for (size_t i = 0; i < ARRAY_COUNT(distances_ms); i++) {
        fault_proxy_set(proxy, FAULT_PROXY_DELAY, distances_ms[i]);
        for (size_t j = 0; j < OF(1, ARRAY_COUNT(sizes)); j++) {
            const struct flood_summary summary = flood_from(url, distances_ms[i], sizes[j]);
            const double share = flood_late_share(&summary);
            most = share > most ? share : most;
        }
    }

    fault_proxy_stop(proxy);
    expect_few(most, "late");
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(up_to_four_thousand_connections_are_decided_by_redis),
        cmocka_unit_test(eight_thousand_connections_open_no_breaker),
        cmocka_unit_test(a_redis_at_a_distance_is_not_late),
    };

    is_strict = strict_read_arguments(argc, argv);
    flood_print_head();
    return service_report(cmocka_run_group_tests(tests, open_engine, world_close));
}
