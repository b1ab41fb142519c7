/* SPDX-License-Identifier: MIT
 *
 * Sentinels that know only of an earlier master. That one lives on, and still says that it is a
 * master, as one does that was cut off. */
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

struct group {
    struct redis_sentinels *sentinels;
    struct redis_server *earlier; /* the master that the others have left behind */
    struct redis_topology *topology;
};

static void command(const struct group *group, size_t sentinel, int count, const char *words[])
{
    redis_sentinels_command_words(group->sentinels, sentinel, count, words);
}

/* From now on it hears nothing of the others, and names the earlier master. */
static void cut_off(const struct group *group, size_t sentinel)
{
    char port[8];

    (void)snprintf(port, sizeof(port), "%d", redis_server_port(group->earlier));
    command(group, sentinel, 4, (const char *[]){"ACL", "SETUSER", "default", "-publish"});
    command(group, sentinel, 3, (const char *[]){"SENTINEL", "REMOVE", REDIS_SENTINELS_MASTER});
    command(
        group, sentinel, 6,
        (const char *[]){"SENTINEL", "MONITOR", REDIS_SENTINELS_MASTER, "127.0.0.1", port, "2"});
}

static int port_in(const struct group *group)
{
    struct redis_map *map = redis_topology_map(group->topology);
    const int port = map->node_count == 0 ? 0 : map->nodes[0].endpoint.port;

    redis_map_release(map);
    return port;
}

static int port_of(const struct group *group, size_t server)
{
    return redis_server_port(redis_sentinels_server(group->sentinels, server));
}

static void open_topology(struct group *group)
{
    struct redis_topology_options options = {0};
    struct error error = {0};
    const char *url = redis_sentinels_url(group->sentinels, REDIS_SENTINELS_COUNT);

    assert_true(redis_url_parse(text_of(url), &options.url, &error));
    group->topology = redis_topology_new(&options);
}

static void stop(struct group *group)
{
    assert_true(redis_topology_stop(group->topology, clock_monotonic_us() + STOP_US));
    redis_topology_free(group->topology);
}

/* All know each other. Then the first sentinel is cut off, and is believed until the others make
 * another server the master. Nobody doubts the master then, and the first sentinel says nothing. */
static struct group failed_over(void)
{
    struct group group = {.sentinels = redis_sentinels_start(NULL),
                          .earlier = redis_server_start(NULL)};
    struct error error = {0};

    open_topology(&group);
    assert_true(redis_topology_look(group.topology, &error));
    assert_int_equal(port_in(&group), port_of(&group, 0));
    cut_off(&group, 0);
    redis_topology_start(group.topology);
    WAIT_FOR (WAIT_SECONDS, port_in(&group) == redis_server_port(group.earlier))
        ;

    redis_sentinels_fail_over(group.sentinels, 1);
    WAIT_FOR (WAIT_SECONDS, port_in(&group) == port_of(&group, 1))
        ;
    return group;
}

static void end(struct group *group)
{
    stop(group);
    redis_server_stop(group->earlier);
    redis_sentinels_stop(group->sentinels);
}

static void a_failover_is_seen_by_who_waits_and_by_who_starts_later(void **state)
{
    struct group group = failed_over();
    (void)state;

    stop(&group);
    open_topology(&group);
    redis_topology_start(group.topology);
    WAIT_FOR (WAIT_SECONDS, port_in(&group) == port_of(&group, 1))
        ;

    end(&group);
}

static void a_sentinel_that_is_cut_off_does_not_bring_an_earlier_master_back(void **state)
{
    struct group group = failed_over();
    const uint64_t version = redis_topology_version(group.topology);
    const uint64_t warnings = log_lines(LOG_WARN);
    (void)state;

    redis_sentinels_kill(group.sentinels, 1);
    redis_sentinels_kill(group.sentinels, 2);
    WAIT_FOR (WAIT_SECONDS, log_lines(LOG_WARN) > warnings)
        redis_topology_doubt(group.topology, "a test");

    assert_int_equal(port_in(&group), port_of(&group, 1));
    assert_int_equal(redis_topology_version(group.topology), version);
    end(&group);
}

/* They have forgotten all epochs. */
static void sentinels_that_are_set_up_anew_are_believed(void **state)
{
    struct group group = failed_over();
    (void)state;

    cut_off(&group, 1);
    redis_sentinels_kill(group.sentinels, 2);
    WAIT_FOR (WAIT_SECONDS, port_in(&group) == redis_server_port(group.earlier))
        redis_topology_doubt(group.topology, "a test");

    end(&group);
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
        cmocka_unit_test(a_failover_is_seen_by_who_waits_and_by_who_starts_later),
        cmocka_unit_test(a_sentinel_that_is_cut_off_does_not_bring_an_earlier_master_back),
        cmocka_unit_test(sentinels_that_are_set_up_anew_are_believed),
    };

    return cmocka_run_group_tests(tests, prepare, clean);
}
