/* SPDX-License-Identifier: MIT
 *
 * Which node is asked: of a real cluster, and of servers that say what they should not. */
#include "redis/redis_sessions.h"

#include "base/clock.h"
#include "captured.h"
#include "epochs.h"
#include "parrot.h"
#include "redis/redis_slot.h"
#include "support/cmocka.h"
#include "support/fault_proxy.h"
#include "support/scratch.h"
#include "support/topologies.h"
#include "support/wait.h"
#include "topology_double.h"

#include <signal.h>
#include <sodium.h>

#define TIMEOUT_MS 1000
#define KEY        "key"  /* in the slots of the first of three nodes */
#define OTHER      "word" /* in those of another one */

static struct redis_cluster *cluster;
static struct redis_sessions *sessions;
static struct error error;

static int port_of(size_t number)
{
    return redis_server_port(redis_cluster_node(cluster, number));
}

/* Of the node that has the key. */
static uint16_t number_of(const char *key)
{
    return (uint16_t)(redis_slot(text_of(key)) * 3U / REDIS_SLOTS);
}

static struct redis_server *owner(const char *key)
{
    return redis_cluster_node(cluster, number_of(key));
}

/* The map's mistake. */
static void give_key_to_owner_of_other(void)
{
    topology_double_give_slot(redis_slot(TEXT(KEY)), number_of(OTHER));
}

static void be_true_map(void)
{
    topology_double_be_sliced(3, (const int[]){port_of(0), port_of(1), port_of(2)});
}

static void be_parrots(const struct parrot *first, const struct parrot *second)
{
    topology_double_be_sliced(2, (const int[]){parrot_port(first), parrot_port(second)});
}

/* Whether the command worked. */
static bool run(const char *command, const char *key)
{
    const char *argv[] = {command, key};
    redisReply *reply = redis_sessions_command(sessions, text_of(key), &error, 2, argv, NULL);

    freeReplyObject(reply);
    return reply != NULL;
}

static void append(const char *command, const char *key)
{
    redis_sessions_append(sessions, text_of(key), 2, (const char *[]){command, key}, NULL);
}

static bool take(const char *key)
{
    redisReply *reply = redis_sessions_take(sessions, text_of(key), &error);

    freeReplyObject(reply);
    return reply != NULL;
}

static int setup(void **state)
{
    (void)state;
    be_true_map();
    for (size_t i = 0; i < 3; i++)
        (void)redis_server_command(redis_cluster_node(cluster, i), "FLUSHALL");
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

static void each_key_is_asked_of_its_node(void **state)
{
    (void)state;

    assert_true(run("INCR", KEY));
    assert_true(run("INCR", OTHER));

    assert_ptr_not_equal(owner(KEY), owner(OTHER));
    assert_int_equal(redis_server_command(owner(KEY), "DBSIZE")->integer, 1);
    assert_int_equal(redis_server_command(owner(OTHER), "DBSIZE")->integer, 1);
    assert_int_equal(topology_double_doubts(), 0);
}

/* The second map knows only one node, and that all slots are there. */
static void a_key_that_has_moved_is_found_also_where_the_map_has_no_node(void **state)
{
    (void)state;
    give_key_to_owner_of_other();
    assert_true(run("INCR", KEY));
    assert_int_equal(topology_double_doubts(), 1);

    topology_double_be_sliced(1, (const int[]){port_of(number_of(OTHER))});
    for (int i = 0; i < 3; i++)
        assert_true(run("INCR", KEY));

    assert_int_equal(topology_double_doubts(), 3);
    assert_string_equal(redis_server_command(owner(KEY), "GET " KEY)->str, "4");
}

static void a_key_on_its_way_is_asked_of_the_node_that_gets_it(void **state)
{
    const int slot = redis_slot(TEXT(KEY));
    const size_t to = number_of(OTHER);
    const size_t from = redis_cluster_owner(cluster, slot);
    (void)state;
    redis_cluster_begin_move(cluster, slot, to);

    assert_true(run("INCR", KEY));
    assert_true(run("INCR", KEY));

    assert_int_equal(topology_double_doubts(), 0);
    assert_int_equal(redis_server_command(owner(KEY), "DBSIZE")->integer, 0);
    redis_cluster_end_move(cluster, slot, to);
    assert_string_equal(redis_server_command(redis_cluster_node(cluster, to), "GET " KEY)->str,
                        "2");
    assert_true(run("INCR", KEY));
    assert_int_equal(topology_double_doubts(), 1);
    epochs_await(cluster);
    redis_cluster_move(cluster, slot, from);
}

static void what_is_appended_for_a_key_that_has_moved_fails_alone_and_undone(void **state)
{
    (void)state;
    give_key_to_owner_of_other();

    append("INCR", KEY);
    append("INCR", OTHER);

    assert_false(take(KEY));
    assert_int_equal(redis_sessions_fault(sessions), REDIS_SESSION_OF_PLACE);
    assert_true(take(OTHER));
    assert_int_equal(topology_double_doubts(), 1);
    assert_int_equal(redis_server_command(owner(KEY), "DBSIZE")->integer, 0);
}

/* EXEC says only that it does nothing. */
static void a_transaction_on_a_key_that_has_moved_tells_that(void **state)
{
    (void)state;
    give_key_to_owner_of_other();

    redis_sessions_append(sessions, TEXT(KEY), 1, (const char *[]){"MULTI"}, NULL);
    append("INCR", KEY);
    redis_sessions_append(sessions, TEXT(KEY), 1, (const char *[]){"EXEC"}, NULL);
    assert_true(take(KEY));
    assert_false(take(KEY));
    assert_false(take(KEY));

    assert_non_null(strstr(error.message, "EXECABORT"));
    assert_int_equal(redis_sessions_fault(sessions), REDIS_SESSION_OF_PLACE);
}

static void a_node_that_hangs_fails_alone_and_is_found_again(void **state)
{
    (void)state;
    redis_server_pause(owner(KEY));

    append("INCR", KEY);
    append("INCR", OTHER);

    assert_false(take(KEY));
    assert_int_equal(redis_sessions_fault(sessions), REDIS_SESSION_OF_NODE);
    assert_true(take(OTHER));
    assert_true(topology_double_doubts() > 0);
    assert_true(run("INCR", OTHER));
    redis_server_continue(owner(KEY));
    WAIT_FOR (20, run("INCR", KEY))
        assert_int_equal(redis_sessions_fault(sessions), REDIS_SESSION_OF_NODE);
}

/* Only an attempt while the node rests proves anything. False when the machine was too busy for
 * that. */
static bool second_attempt_is_spared(void)
{
    static const atomic_int never;
    struct parrot parrot;
    parrot_open(&parrot);
    parrot.waits_for = &never;
    parrot_start(&parrot);
    be_parrots(&parrot, &parrot);

    assert_false(run("INCR", KEY));
    const int64_t failed_us = clock_monotonic_us();
    assert_false(run("INCR", KEY));

    const bool was_in_time = clock_monotonic_us() - failed_us < TIMEOUT_MS * 500;
    assert_int_equal(redis_sessions_fault(sessions), REDIS_SESSION_OF_NODE);
    assert_non_null(strstr(error.message, "no answer"));
    assert_int_equal(atomic_load(&parrot.commands), 1);
    parrot_close(&parrot);
    return was_in_time;
}

static void a_node_that_hangs_is_left_alone_for_a_while(void **state)
{
    (void)state;

    WAIT_FOR (20, second_attempt_is_spared())
        ;
}

static void a_connection_that_ended_meanwhile_costs_no_command(void **state)
{
    (void)state;
    assert_true(run("INCR", KEY));

    (void)redis_server_command(owner(KEY), "CLIENT KILL TYPE normal");

    assert_true(run("INCR", KEY));
    (void)redis_server_command(owner(KEY), "CLIENT KILL TYPE normal");
    append("INCR", KEY);
    assert_true(take(KEY));
}

/* Otherwise each answer would be the one to the command before. */
static void what_nobody_asked_for_is_taken_for_no_answer(void **state)
{
    struct parrot parrot;
    (void)state;
    parrot_open(&parrot);
    (void)strncpy(parrot.words, ":1\r\n-ERR nobody asked\r\n", sizeof(parrot.words));
    parrot_start(&parrot);
    be_parrots(&parrot, &parrot);

    for (int i = 0; i < 3; i++)
        assert_true(run("INCR", KEY));

    assert_int_equal(atomic_load(&parrot.commands), 3);
    parrot_close(&parrot);
}

/* The answer would take ten seconds. */
static void a_node_that_answers_byte_by_byte_is_left_alone_for_a_while(void **state)
{
    const struct fault_proxy_options options = {.port = redis_server_port(owner(KEY))};
    struct fault_proxy *proxy = fault_proxy_start(&options);
    int ports[3];
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(ports); i++)
        ports[i] = i == number_of(KEY) ? fault_proxy_port(proxy) : port_of(i);
    topology_double_be_sliced(ARRAY_COUNT(ports), ports);
    (void)redis_server_command(owner(KEY), "SET " KEY " %0100d", 1);
    assert_true(run("GET", KEY));

    fault_proxy_set(proxy, FAULT_PROXY_ONE_BYTE, 100);

    assert_false(run("GET", KEY));
    assert_int_equal(redis_sessions_fault(sessions), REDIS_SESSION_OF_NODE);
    assert_true(redis_sessions_rests(sessions, TEXT(KEY)));
    assert_true(run("INCR", OTHER));
    fault_proxy_stop(proxy);
}

static void a_flush_fails_if_nobody_has_a_key(void **state)
{
    (void)state;
    topology_double_give_slot(redis_slot(TEXT(KEY)), REDIS_NO_NODE);

    append("INCR", KEY);
    append("INCR", OTHER);

    assert_false(redis_sessions_flush(sessions, &error));
    assert_string_equal(error.message, "redis: no server is known that has the key");
    assert_int_equal(redis_sessions_fault(sessions), REDIS_SESSION_OF_NODE);
    assert_int_equal(topology_double_doubts(), 1);
    assert_int_equal(redis_server_command(owner(OTHER), "DBSIZE")->integer, 1);
}

static void redirections_in_a_circle_end(void **state)
{
    struct parrot here;
    struct parrot there;
    (void)state;
    parrot_open(&here);
    parrot_open(&there);
    (void)snprintf(here.words, sizeof(here.words), "-MOVED 1 127.0.0.1:%d\r\n",
                   parrot_port(&there));
    (void)snprintf(there.words, sizeof(there.words), "-MOVED 1 127.0.0.1:%d\r\n",
                   parrot_port(&here));
    parrot_start(&here);
    parrot_start(&there);
    be_parrots(&here, &there);

    assert_false(run("INCR", KEY));

    assert_int_equal(redis_sessions_fault(sessions), REDIS_SESSION_OF_NODE);
    assert_in_range(atomic_load(&here.commands) + atomic_load(&there.commands), 1, 6);
    parrot_close(&here);
    parrot_close(&there);
}

static void a_redirection_that_leads_nowhere_fails(void **state)
{
    static const char *const words[] = {"-MOVED\r\n",
                                        "-MOVED 1 127.0.0.1:1\r\n",
                                        "-ASK 1 127.0.0.1:999999\r\n",
                                        "-ASK x y z\r\n",
                                        "-CLUSTERDOWN Hash slot not served\r\n",
                                        "-TRYAGAIN Multiple keys request\r\n"};
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        struct parrot parrot;
        parrot_open(&parrot);
        (void)snprintf(parrot.words, sizeof(parrot.words), "%s", words[i]);
        parrot_start(&parrot);
        be_parrots(&parrot, &parrot);

        assert_false(run("INCR", KEY));

        assert_int_equal(redis_sessions_fault(sessions), REDIS_SESSION_OF_NODE);
        parrot_close(&parrot);
    }
}

static void what_is_to_be_tried_again_is_tried_again(void **state)
{
    static const char *const words[] = {"-TRYAGAIN Multiple keys request\r\n",
                                        "-CLUSTERDOWN The cluster is down\r\n"};
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        struct parrot parrot;
        parrot_open(&parrot);
        (void)snprintf(parrot.words, sizeof(parrot.words), "%s", words[i]);
        parrot.later = ":1\r\n";
        parrot.turns = 3;
        parrot_start(&parrot);
        be_parrots(&parrot, &parrot);

        assert_true(run("INCR", KEY));

        assert_int_equal(atomic_load(&parrot.commands), 4);
        parrot_close(&parrot);
    }
}

/* Neither answers before the other has its command. */
static void all_nodes_have_their_commands_before_the_first_answer_is_awaited(void **state)
{
    struct parrot here;
    struct parrot there;
    (void)state;
    parrot_open(&here);
    parrot_open(&there);
    (void)strncpy(here.words, ":1\r\n", sizeof(here.words));
    (void)strncpy(there.words, ":1\r\n", sizeof(there.words));
    here.waits_for = &there.commands;
    there.waits_for = &here.commands;
    parrot_start(&here);
    parrot_start(&there);
    be_parrots(&here, &there);
    topology_double_give_slot(redis_slot(TEXT(KEY)), 0);
    topology_double_give_slot(redis_slot(TEXT(OTHER)), 1);

    append("INCR", KEY);
    append("INCR", OTHER);

    assert_true(take(KEY));
    assert_true(take(OTHER));
    parrot_close(&here);
    parrot_close(&there);
}

static void a_single_server_that_redirects_is_asked_once_and_said_to_be_a_cluster(void **state)
{
    struct captured captured;
    struct parrot parrot;
    (void)state;
    parrot_open(&parrot);
    (void)strncpy(parrot.words, "-MOVED 1 127.0.0.1:1\r\n", sizeof(parrot.words));
    parrot_start(&parrot);
    topology_double_be_single(parrot_port(&parrot));

    capture_begin(&captured);
    assert_false(run("INCR", KEY));
    assert_false(run("INCR", KEY));
    const int lines = capture_end(&captured, "redis is a cluster");

    assert_int_equal(lines, 1);
    assert_int_equal(atomic_load(&parrot.commands), 2);
    assert_int_equal(redis_sessions_fault(sessions), REDIS_SESSION_OF_CALL);
    assert_int_equal(topology_double_doubts(), 0);
    parrot_close(&parrot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_key_is_asked_of_its_node, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_key_that_has_moved_is_found_also_where_the_map_has_no_node, setup, teardown),
        cmocka_unit_test_setup_teardown(a_key_on_its_way_is_asked_of_the_node_that_gets_it, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            what_is_appended_for_a_key_that_has_moved_fails_alone_and_undone, setup, teardown),
        cmocka_unit_test_setup_teardown(a_transaction_on_a_key_that_has_moved_tells_that, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_node_that_hangs_fails_alone_and_is_found_again, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_node_that_hangs_is_left_alone_for_a_while, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_connection_that_ended_meanwhile_costs_no_command, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_nobody_asked_for_is_taken_for_no_answer, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_node_that_answers_byte_by_byte_is_left_alone_for_a_while,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_flush_fails_if_nobody_has_a_key, setup, teardown),
        cmocka_unit_test_setup_teardown(redirections_in_a_circle_end, setup, teardown),
        cmocka_unit_test_setup_teardown(a_redirection_that_leads_nowhere_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_to_be_tried_again_is_tried_again, setup, teardown),
        cmocka_unit_test_setup_teardown(
            all_nodes_have_their_commands_before_the_first_answer_is_awaited, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_single_server_that_redirects_is_asked_once_and_said_to_be_a_cluster, setup, teardown),
    };

    if (sodium_init() < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return EXIT_FAILURE;
    cluster = redis_cluster_start(3, 0);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    redis_cluster_stop(cluster);
    scratch_remove();
    return failed;
}
