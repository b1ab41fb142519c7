/* SPDX-License-Identifier: MIT
 *
 * How long nodes of a cluster that hang or refuse are waited for, and when they rest. The nodes are
 * servers that do only what the test says. */
#include "base/clock.h"
#include "parrot.h"
#include "redis/redis_sessions.h"
#include "redis/redis_slot.h"
#include "support/cmocka.h"
#include "support/topologies.h"
#include "support/wait.h"
#include "topology_double.h"

#include <signal.h>
#include <sodium.h>

#define TIMEOUT_MS 1000
#define TIMEOUT_US (TIMEOUT_MS * MILLISECOND_US)
#define NODES      5 /* the last one is well */
#define WELL       (NODES - 1)

static struct redis_sessions *sessions;
static struct error error;

static int setup(void **state)
{
    (void)state;
    error = (struct error){0};
    sessions = redis_sessions_new(topology_at("redis://127.0.0.1"), TIMEOUT_MS);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    redis_sessions_free(sessions);
    return 0;
}

/* A key of this node's slots, if `count` nodes share them evenly. */
static struct text key_of(size_t node, size_t count)
{
    static char keys[NODES][16];

    for (int i = 0;; i++) {
        (void)snprintf(keys[node], sizeof(keys[node]), "key%d", i);
        if (redis_slot(text_of(keys[node])) * count / REDIS_SLOTS == node)
            return text_of(keys[node]);
    }
}

static void append(struct text key)
{
    redis_sessions_append(sessions, key, 2, (const char *[]){"INCR", key.at}, NULL);
}

static bool take(struct text key)
{
    redisReply *reply = redis_sessions_take(sessions, key, &error);

    freeReplyObject(reply);
    return reply != NULL;
}

static bool run(struct text key)
{
    redisReply *reply =
        redis_sessions_command(sessions, key, &error, 2, (const char *[]){"INCR", key.at}, NULL);

    freeReplyObject(reply);
    return reply != NULL;
}

/* Asks all nodes at once. Returns whether the well one answered; no other does. */
static bool ask_all(void)
{
    bool is_well = false;

    for (size_t i = 0; i < NODES; i++)
        append(key_of(i, NODES));
    for (size_t i = 0; i < NODES; i++) {
        const bool is_taken = take(key_of(i, NODES));

        assert_true(i == WELL || !is_taken);
        assert_true(is_taken || redis_sessions_fault(sessions) == REDIS_SESSION_OF_NODE);
        is_well = is_well || is_taken;
    }
    return is_well;
}

/* With new nodes, all of which are connected to, and all but one never answer. */
static bool hung_nodes_cost_one_timeout(void)
{
    static const atomic_int never;
    struct parrot parrots[NODES];
    int ports[NODES];
    for (size_t i = 0; i < NODES; i++) {
        parrot_open(&parrots[i]);
        (void)strncpy(parrots[i].words, ":1\r\n", sizeof(parrots[i].words));
        parrots[i].waits_for = i == WELL ? NULL : &never;
        ports[i] = parrot_port(&parrots[i]);
        parrot_start(&parrots[i]);
    }
    topology_double_be_sliced(NODES, ports);
    const int64_t began_us = clock_monotonic_us();

    const bool is_well = ask_all();

    const bool was_in_time = clock_monotonic_us() - began_us < 2 * TIMEOUT_US;
    for (size_t i = 0; i < NODES; i++)
        parrot_close(&parrots[i]);
    return is_well && was_in_time;
}

/* Each by itself would take one timeout, so only a busy machine takes two. */
static void nodes_that_hang_are_waited_for_together(void **state)
{
    (void)state;

    WAIT_FOR (60, hung_nodes_cost_one_timeout())
        ;
}

/* The kernel accepts a connection, and nobody ever reads what is sent there. One such node takes
 * all the time there is. */
static void a_node_is_reached_although_others_cannot_be_connected_to(void **state)
{
    struct impostor impostors[WELL];
    struct parrot parrot;
    int ports[NODES];
    bool is_well = false;
    (void)state;
    for (size_t i = 0; i < WELL; i++) {
        impostor_open(&impostors[i]);
        impostor_listen(&impostors[i]);
        ports[i] = endpoint_at(impostors[i].url).port;
    }
    parrot_open(&parrot);
    (void)strncpy(parrot.words, ":1\r\n", sizeof(parrot.words));
    ports[WELL] = parrot_port(&parrot);
    topology_double_be_sliced(NODES, ports);

    parrot_start(&parrot);

    for (int turn = 0; turn < NODES && !is_well; turn++)
        is_well = ask_all();

    assert_true(is_well);
    parrot_close(&parrot);
    for (size_t i = 0; i < WELL; i++)
        impostor_close(&impostors[i]);
}

/* Only an attempt while the node rests proves anything. False when the machine was too busy for
 * that. */
static bool refusal_is_heard_once(void)
{
    struct parrot parrot;
    parrot_open(&parrot);
    (void)strncpy(parrot.words, "-OOM too full\r\n", sizeof(parrot.words));
    parrot_start(&parrot);
    topology_double_be_sliced(1, (const int[]){parrot_port(&parrot)});
    const struct text key = key_of(0, 1);

    assert_false(run(key));
    assert_false(redis_sessions_rests(sessions, key));
    assert_false(run(key));
    assert_int_equal(atomic_load(&parrot.commands), 2);
    redis_sessions_rest(sessions, &error);
    const bool rests = redis_sessions_rests(sessions, key);
    assert_false(run(key));
    const bool rested = redis_sessions_rests(sessions, key);

    if (rested) {
        assert_int_equal(atomic_load(&parrot.commands), 2);
        assert_non_null(strstr(error.message, "OOM"));
    }
    WAIT_FOR (20, !redis_sessions_rests(sessions, key))
        ;
    assert_false(run(key));
    assert_in_range(atomic_load(&parrot.commands), 3, 4);
    parrot_close(&parrot);
    return rests && rested;
}

static void a_node_that_refuses_rests_if_its_asker_says_so(void **state)
{
    (void)state;

    WAIT_FOR (60, refusal_is_heard_once())
        ;
}

static void a_node_that_rests_can_be_woken(void **state)
{
    struct parrot parrot;
    (void)state;
    parrot_open(&parrot);
    (void)strncpy(parrot.words, "-OOM too full\r\n", sizeof(parrot.words));
    parrot_start(&parrot);
    topology_double_be_sliced(1, (const int[]){parrot_port(&parrot)});
    assert_false(run(key_of(0, 1)));
    redis_sessions_rest(sessions, &error);

    redis_sessions_wake(sessions);

    assert_false(redis_sessions_rests(sessions, key_of(0, 1)));
    assert_false(run(key_of(0, 1)));
    assert_int_equal(atomic_load(&parrot.commands), 2);
    parrot_close(&parrot);
}

static void refuse_and_rest(struct text key)
{
    assert_false(run(key));
    redis_sessions_rest(sessions, &error);
}

/* The second one rests for longer, because it has refused before. False when the first one's rest
 * was over by then. */
static bool get_up_together(struct text first, struct text second)
{
    redis_sessions_wake(sessions);
    refuse_and_rest(first);
    refuse_and_rest(second);
    if (!redis_sessions_rests(sessions, first))
        return false;
    WAIT_FOR (20, !redis_sessions_rests(sessions, first))
        ;
    assert_false(redis_sessions_rests(sessions, second));
    return true;
}

static void nodes_that_rest_get_up_together(void **state)
{
    struct parrot parrots[2];
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(parrots); i++) {
        parrot_open(&parrots[i]);
        (void)strncpy(parrots[i].words, "-OOM too full\r\n", sizeof(parrots[i].words));
        parrot_start(&parrots[i]);
    }
    topology_double_be_sliced(2, (const int[]){parrot_port(&parrots[0]), parrot_port(&parrots[1])});
    refuse_and_rest(key_of(1, 2));

    WAIT_FOR (60, get_up_together(key_of(0, 2), key_of(1, 2)))
        ;

    for (size_t i = 0; i < ARRAY_COUNT(parrots); i++)
        parrot_close(&parrots[i]);
}

/* Nobody serves the slot, which the cluster may mend; but not if it has not done so for long. */
static bool unserved_slot_is_spared(void)
{
    struct parrot parrot;
    parrot_open(&parrot);
    (void)strncpy(parrot.words, "-CLUSTERDOWN The cluster is down\r\n", sizeof(parrot.words));
    parrot_start(&parrot);
    topology_double_be_sliced(1, (const int[]){parrot_port(&parrot)});

    assert_false(run(key_of(0, 1)));
    const int commands = atomic_load(&parrot.commands);
    redis_sessions_rest(sessions, &error);
    assert_false(run(key_of(0, 1)));
    const bool rests = redis_sessions_rests(sessions, key_of(0, 1));

    assert_int_equal(redis_sessions_fault(sessions), REDIS_SESSION_OF_NODE);
    assert_in_range(commands, 2, 1000);
    if (rests)
        assert_int_equal(atomic_load(&parrot.commands), commands);
    parrot_close(&parrot);
    return rests;
}

static void who_served_nothing_for_long_rests_if_its_asker_says_so(void **state)
{
    (void)state;

    WAIT_FOR (60, unserved_slot_is_spared())
        ;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nodes_that_hang_are_waited_for_together, setup, teardown),
        cmocka_unit_test_setup_teardown(a_node_is_reached_although_others_cannot_be_connected_to,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_node_that_refuses_rests_if_its_asker_says_so, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_node_that_rests_can_be_woken, setup, teardown),
        cmocka_unit_test_setup_teardown(nodes_that_rest_get_up_together, setup, teardown),
        cmocka_unit_test_setup_teardown(who_served_nothing_for_long_rests_if_its_asker_says_so,
                                        setup, teardown),
    };

    if (sodium_init() < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return EXIT_FAILURE;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
