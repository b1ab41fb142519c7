/* SPDX-License-Identifier: MIT
 *
 * A sentinel of the URL watches a master of somebody else, under the same name. */
#include "base/log.h"
#include "support/cmocka.h"
#include "topology_case.h"

static struct redis_sentinels *ours;
static struct redis_sentinels *others;
static struct redis_topology *topology;

static int master_of(struct redis_sentinels *sentinels)
{
    return redis_server_port(redis_sentinels_server(sentinels, 0));
}

/* The URL names a sentinel of each group. The first one is ours, so our master is found. */
static int begin(void **state)
{
    struct error error = {0};
    (void)state;
    ours = redis_sentinels_start(NULL);
    others = redis_sentinels_start(NULL);
    topology = topology_to_sentinels(redis_sentinels_port(ours, 0), redis_sentinels_port(others, 0),
                                     REDIS_SENTINELS_MASTER);
    assert_true(redis_topology_look(topology, &error));
    assert_int_equal(topology_port(topology), master_of(ours));
    redis_topology_start(topology);
    return 0;
}

static int end(void **state)
{
    (void)state;
    topology_end(topology);
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
    WAIT_FOR (TOPOLOGY_WAIT_SECONDS, log_lines(LOG_WARN) > warnings)
        redis_topology_doubt(topology, "a test");
}

static void a_stranger_does_not_take_us_from_a_master_that_is_well(void **state)
{
    const uint64_t version = redis_topology_version(topology);
    const uint64_t warnings = log_lines(LOG_WARN);
    (void)state;

    kill_our_sentinels();
    look_in_vain(warnings);

    assert_int_equal(topology_port(topology), master_of(ours));
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

    WAIT_FOR (TOPOLOGY_WAIT_SECONDS, topology_port(topology) == master_of(others))
        redis_topology_doubt(topology, "a test");
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

    return cmocka_run_group_tests(tests, redis_group_prepare, redis_group_close);
}
