/* SPDX-License-Identifier: MIT
 *
 * A sentinel of the URL watches a master of somebody else, under the same name. */
#include "base/clock.h"
#include "base/log.h"
#include "redis/redis_topology.h"
#include "support/cmocka.h"
#include "support/redis_sentinels.h"
#include "support/scratch.h"
#include "support/wait.h"

#include <signal.h>
#include <sodium.h>

#define WAIT_SECONDS 20
#define STOP_US      (2 * SECOND_US)
#define URL_BYTES    128

static struct redis_sentinels *ours;
static struct redis_sentinels *others;
static struct redis_topology *topology;

static int port_in(void)
{
    struct redis_map *map = redis_topology_map(topology);
    const int port = map->node_count == 0 ? 0 : map->nodes[0].endpoint.port;

    redis_map_release(map);
    return port;
}

static int master_of(struct redis_sentinels *sentinels)
{
    return redis_server_port(redis_sentinels_server(sentinels, 0));
}

/* The URL names a sentinel of each group. The first one is ours, so our master is found. */
static int begin(void **state)
{
    struct redis_topology_options options = {0};
    struct error error = {0};
    char url[URL_BYTES];
    (void)state;
    ours = redis_sentinels_start(NULL);
    others = redis_sentinels_start(NULL);
    (void)snprintf(url, sizeof(url), "redis-sentinel://127.0.0.1:%d,127.0.0.1:%d/%s",
                   redis_sentinels_port(ours, 0), redis_sentinels_port(others, 0),
                   REDIS_SENTINELS_MASTER);
    assert_true(redis_url_parse(text_of(url), &options.url, &error));
    topology = redis_topology_new(&options);
    assert_true(redis_topology_look(topology, &error));
    assert_int_equal(port_in(), master_of(ours));
    redis_topology_start(topology);
    return 0;
}

static int end(void **state)
{
    (void)state;
    assert_true(redis_topology_stop(topology, clock_monotonic_us() + STOP_US));
    redis_topology_free(topology);
    redis_sentinels_stop(ours);
    redis_sentinels_stop(others);
    return 0;
}

static void kill_our_sentinels(void)
{
    for (size_t i = 0; i < REDIS_SENTINELS_COUNT; i++)
        redis_sentinels_kill(ours, i);
}

/* Until the log says that none was found, in a look that asked all. */
static void look_in_vain(uint64_t warnings)
{
    WAIT_FOR (WAIT_SECONDS, log_lines(LOG_WARN) > warnings)
        redis_topology_doubt(topology, "a test");
}

static void a_stranger_does_not_take_us_from_a_master_that_is_well(void **state)
{
    const uint64_t version = redis_topology_version(topology);
    const uint64_t warnings = log_lines(LOG_WARN);
    (void)state;

    kill_our_sentinels();
    look_in_vain(warnings);

    assert_int_equal(port_in(), master_of(ours));
    assert_int_equal(redis_topology_version(topology), version);
}

/* They have not agreed on another master, because there is none. */
static void a_stranger_is_not_believed_while_our_sentinels_answer(void **state)
{
    const uint64_t version = redis_topology_version(topology);
    const uint64_t warnings = log_lines(LOG_WARN);
    (void)state;
    redis_sentinels_pin(ours, master_of(ours));

    redis_server_kill(redis_sentinels_server(ours, 0));
    look_in_vain(warnings);

    assert_int_equal(redis_topology_version(topology), version);
}

static void a_stranger_is_believed_if_all_of_ours_are_gone(void **state)
{
    (void)state;

    kill_our_sentinels();
    redis_server_kill(redis_sentinels_server(ours, 0));

    WAIT_FOR (WAIT_SECONDS, port_in() == master_of(others))
        redis_topology_doubt(topology, "a test");
}

static int prepare(void **state)
{
    (void)state;
    (void)signal(SIGPIPE, SIG_IGN); /* as in the service: hiredis writes to closed sockets */
    return sodium_init() < 0 ? -1 : 0;
}

static int clean(void **state)
{
    (void)state;
    scratch_remove();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_stranger_does_not_take_us_from_a_master_that_is_well,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_stranger_is_not_believed_while_our_sentinels_answer,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_stranger_is_believed_if_all_of_ours_are_gone, begin, end),
    };

    return cmocka_run_group_tests(tests, prepare, clean);
}
