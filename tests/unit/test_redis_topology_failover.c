/* SPDX-License-Identifier: MIT
 *
 * The master changes, and is found as it is then, although sentinels die or hang. */
#include "base/log.h"
#include "support/cmocka.h"
#include "topology_case.h"

#include <sys/eventfd.h>
#include <unistd.h>

static void a_failover_makes_a_new_version_and_is_told_to_watchers(void **state)
{
    struct redis_sentinels *sentinels = redis_sentinels_start(NULL);
    struct redis_topology *topology =
        topology_started(redis_sentinels_url(sentinels, REDIS_SENTINELS_COUNT));
    struct redis_watcher watcher = {.fd = eventfd(0, EFD_NONBLOCK)};
    struct redis_watcher gone = {.fd = eventfd(0, EFD_NONBLOCK)};
    eventfd_t told = 0;
    (void)state;
    topology_wait_until_it_names(topology, sentinels, 0);
    const uint64_t version = redis_topology_version(topology);
    redis_topology_watch(topology, &watcher);
    redis_topology_watch(topology, &gone);
    redis_topology_unwatch(topology, &gone);

    redis_sentinels_fail_over(sentinels, 1);
    WAIT_FOR (TOPOLOGY_WAIT_SECONDS, eventfd_read(watcher.fd, &told) == 0)
        ;

    assert_int_equal(told, 1);
    assert_int_equal(eventfd_read(gone.fd, &told), -1);
    assert_int_equal(redis_topology_version(topology), version + 1);
    assert_true(topology_names(topology, sentinels, 1));
    redis_topology_unwatch(topology, &watcher);
    topology_end(topology);
    (void)close(watcher.fd);
    (void)close(gone.fd);
    redis_sentinels_stop(sentinels);
}

/* The URL names only the sentinel that dies. */
static void a_learnt_sentinel_tells_of_a_failover_when_that_of_the_url_is_dead(void **state)
{
    struct redis_sentinels *sentinels = redis_sentinels_start(NULL);
    struct redis_topology *topology = topology_started(redis_sentinels_url(sentinels, 1));
    (void)state;
    topology_wait_until_it_names(topology, sentinels, 0);

    redis_sentinels_kill(sentinels, 0);
    redis_server_kill(redis_sentinels_server(sentinels, 0));
    topology_wait_until_it_names(topology, sentinels, 1);

    topology_end(topology);
    redis_sentinels_stop(sentinels);
}

static void a_sentinel_that_hangs_does_not_hide_a_failover(void **state)
{
    struct redis_sentinels *sentinels = redis_sentinels_start(NULL);
    struct redis_topology *topology =
        topology_started(redis_sentinels_url(sentinels, REDIS_SENTINELS_COUNT));
    (void)state;
    topology_wait_until_it_names(topology, sentinels, 0);

    redis_sentinels_pause(sentinels, 0);
    redis_sentinels_fail_over(sentinels, 1);
    topology_wait_until_it_names(topology, sentinels, 1);

    redis_sentinels_continue(sentinels, 0);
    topology_end(topology);
    redis_sentinels_stop(sentinels);
}

static void the_map_stays_when_no_sentinel_answers(void **state)
{
    struct redis_sentinels *sentinels = redis_sentinels_start(NULL);
    struct redis_topology *topology =
        topology_started(redis_sentinels_url(sentinels, REDIS_SENTINELS_COUNT));
    (void)state;
    topology_wait_until_it_names(topology, sentinels, 0);
    const uint64_t version = redis_topology_version(topology);
    const uint64_t warnings = log_lines(LOG_WARN);

    for (size_t i = 0; i < REDIS_SENTINELS_COUNT; i++)
        redis_sentinels_kill(sentinels, i);
    WAIT_FOR (TOPOLOGY_WAIT_SECONDS, log_lines(LOG_WARN) > warnings)
        redis_topology_doubt(topology, "a test");

    assert_int_equal(redis_topology_version(topology), version);
    assert_true(topology_names(topology, sentinels, 0));
    topology_end(topology);
    redis_sentinels_stop(sentinels);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failover_makes_a_new_version_and_is_told_to_watchers),
        cmocka_unit_test(a_learnt_sentinel_tells_of_a_failover_when_that_of_the_url_is_dead),
        cmocka_unit_test(a_sentinel_that_hangs_does_not_hide_a_failover),
        cmocka_unit_test(the_map_stays_when_no_sentinel_answers),
    };

    return cmocka_run_group_tests(tests, redis_group_prepare, redis_group_close);
}
