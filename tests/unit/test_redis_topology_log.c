/* SPDX-License-Identifier: MIT
 *
 * What the log tells of where Redis is. */
#include "base/clock.h"
#include "base/log.h"
#include "captured.h"
#include "redis/redis_topology.h"
#include "support/cmocka.h"
#include "support/redis_sentinels.h"
#include "support/wait.h"

#include <signal.h>
#include <sodium.h>

#define WAIT_SECONDS 20
#define STOP_US      (2 * SECOND_US)
#define NEW_MASTER   "redis master is now at"
#define NOT_FOUND    "redis is not found"

static struct redis_topology *topology_to(const char *url)
{
    struct redis_topology_options options = {0};
    struct error error = {0};

    assert_true(redis_url_parse(text_of(url), &options.url, &error));
    return redis_topology_new(&options);
}

static void end(struct redis_topology *topology)
{
    assert_true(redis_topology_stop(topology, clock_monotonic_us() + STOP_US));
    redis_topology_free(topology);
}

/* As a command of the command line does. */
static void a_look_without_a_thread_is_not_told(void **state)
{
    struct redis_topology *topology =
        topology_to(redis_sentinels_url(*state, REDIS_SENTINELS_COUNT));
    struct captured captured;
    struct error error = {0};

    capture_begin(&captured);
    const bool found = redis_topology_look(topology, &error);
    const int told = capture_end(&captured, NEW_MASTER);

    assert_true(found);
    assert_int_equal(told, 0);
    redis_topology_free(topology);
}

static void each_master_is_told_once(void **state)
{
    struct redis_topology *topology =
        topology_to(redis_sentinels_url(*state, REDIS_SENTINELS_COUNT));
    struct captured captured;
    struct error error = {0};
    assert_true(redis_topology_look(topology, &error));
    const uint64_t version = redis_topology_version(topology);

    capture_begin(&captured);
    redis_topology_start(topology);
    redis_sentinels_fail_over(*state, 0);
    WAIT_FOR (WAIT_SECONDS, redis_topology_version(topology) > version)
        ;
    const int told = capture_end(&captured, NEW_MASTER);

    assert_int_equal(told, 2);
    end(topology);
}

/* A doubt makes it look again. */
static void why_no_master_is_found_is_told_once(void **state)
{
    struct redis_topology *topology = topology_to("redis-sentinel://127.0.0.1:1/mymaster");
    struct captured captured;
    (void)state;

    capture_begin(&captured);
    redis_topology_start(topology);
    WAIT_FOR (WAIT_SECONDS, log_lines(LOG_DEBUG) >= 5)
        redis_topology_doubt(topology, "a test");
    end(topology);
    const int told = capture_end(&captured, NOT_FOUND);

    assert_int_equal(told, 1);
}

static int open_sentinels(void **state)
{
    (void)signal(SIGPIPE, SIG_IGN); /* as in the service: hiredis writes to closed sockets */
    if (sodium_init() < 0)
        return -1;
    log_set_level(LOG_DEBUG);
    *state = redis_sentinels_start(NULL);
    return 0;
}

static int close_sentinels(void **state)
{
    redis_sentinels_stop(*state);
    scratch_remove();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_look_without_a_thread_is_not_told),
        cmocka_unit_test(why_no_master_is_found_is_told_once),
        cmocka_unit_test(each_master_is_told_once),
    };

    return cmocka_run_group_tests(tests, open_sentinels, close_sentinels);
}
