/* SPDX-License-Identifier: MIT
 *
 * Sentinels that know only of an earlier master. That one lives on, and still says that it is a
 * master, as one does that was cut off. */
#include "base/log.h"
#include "support/cmocka.h"
#include "topology_case.h"

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
    return topology_port(group->topology);
}

static int port_of(const struct group *group, size_t index)
{
    return redis_server_port(redis_sentinels_server(group->sentinels, index));
}

static void open_topology(struct group *group)
{
    group->topology = topology_to(redis_sentinels_url(group->sentinels, REDIS_SENTINELS_COUNT));
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
    WAIT_FOR (TOPOLOGY_WAIT_SECONDS, port_in(&group) == redis_server_port(group.earlier))
        ;

    redis_sentinels_fail_over(group.sentinels, 1);
    WAIT_FOR (TOPOLOGY_WAIT_SECONDS, port_in(&group) == port_of(&group, 1))
        ;
    return group;
}

static void end(struct group *group)
{
    topology_end(group->topology);
    redis_server_stop(group->earlier);
    redis_sentinels_stop(group->sentinels);
}

static void a_failover_is_seen_by_who_waits_and_by_who_starts_later(void **state)
{
    struct group group = failed_over();
    (void)state;

    topology_end(group.topology);
    open_topology(&group);
    redis_topology_start(group.topology);
    WAIT_FOR (TOPOLOGY_WAIT_SECONDS, port_in(&group) == port_of(&group, 1))
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
    WAIT_FOR (TOPOLOGY_WAIT_SECONDS, log_lines(LOG_WARN) > warnings)
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
    WAIT_FOR (TOPOLOGY_WAIT_SECONDS, port_in(&group) == redis_server_port(group.earlier))
        redis_topology_doubt(group.topology, "a test");

    end(&group);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failover_is_seen_by_who_waits_and_by_who_starts_later),
        cmocka_unit_test(a_sentinel_that_is_cut_off_does_not_bring_an_earlier_master_back),
        cmocka_unit_test(sentinels_that_are_set_up_anew_are_believed),
    };

    return cmocka_run_group_tests(tests, redis_group_prepare, redis_group_close);
}
