/* SPDX-License-Identifier: MIT
 *
 * Each node is a cluster of its own, so each knows what the test has told it alone. But the last
 * one has heard of the second one, so it is of the same cluster. */
#include "base/log.h"
#include "finder_case.h"
#include "support/cmocka.h"
#include "support/fault_proxy.h"
#include "support/impostor.h"
#include "support/redis_group.h"
#include "support/topologies.h"
#include "support/wait.h"

#define WAIT_SECONDS 20
#define SLOT_LAST    (REDIS_SLOTS - 1)
#define NODES        3
#define ID_BYTES     41
#define URL_BYTES    256

/* All say that their cluster works, and that they have all slots. The later ones have heard of more
 * changes. */
static struct redis_server *nodes[NODES];

static bool is_well(struct redis_server *node)
{
    return strstr(redis_server_command(node, "CLUSTER INFO")->str, "cluster_state:ok") != NULL;
}

static bool knows(struct redis_server *node, const char *id)
{
    return strstr(redis_server_command(node, "CLUSTER NODES")->str, id) != NULL;
}

/* From now on `node` knows `other`, which has forgotten it. */
static void introduce(struct redis_server *node, struct redis_server *other)
{
    char id[ID_BYTES];
    char other_id[ID_BYTES];

    (void)snprintf(id, sizeof(id), "%s", redis_server_command(node, "CLUSTER MYID")->str);
    (void)snprintf(other_id, sizeof(other_id), "%s",
                   redis_server_command(other, "CLUSTER MYID")->str);
    (void)redis_server_command(node, "CLUSTER MEET 127.0.0.1 %d %d", redis_server_port(other),
                               redis_server_bus_port(other));
    WAIT_FOR (WAIT_SECONDS, knows(node, other_id) && knows(other, id))
        ;
    (void)redis_server_command(other, "CLUSTER FORGET %s", id);
}

static int start_nodes(void **state)
{
    if (redis_group_open(state) != 0)
        return -1;
    for (int i = 0; i < NODES; i++) {
        nodes[i] = redis_server_start_node();
        (void)redis_server_command(nodes[i], "CLUSTER SET-CONFIG-EPOCH %d", 1 + i);
    }
    introduce(nodes[2], nodes[1]);
    for (int i = 0; i < NODES; i++)
        (void)redis_server_command(nodes[i], "CLUSTER ADDSLOTSRANGE 0 %d", SLOT_LAST);
    for (int i = 0; i < NODES; i++) {
        WAIT_FOR (WAIT_SECONDS, is_well(nodes[i]))
            ;
    }
    return 0;
}

static int stop_nodes(void **state)
{
    for (int i = 0; i < NODES; i++)
        redis_server_stop(nodes[i]);
    return redis_group_close(state);
}

/* Its cluster is down then, because somebody must have each slot. */
static void take_slots(struct redis_server *node)
{
    (void)redis_server_command(node, "CLUSTER DELSLOTSRANGE 100 %d", SLOT_LAST);
    WAIT_FOR (WAIT_SECONDS, !is_well(node))
        ;
}

static void give_slots(struct redis_server *node)
{
    (void)redis_server_command(node, "CLUSTER ADDSLOTSRANGE 100 %d", SLOT_LAST);
    WAIT_FOR (WAIT_SECONDS, is_well(node))
        ;
}

/* Begins to find what is at these ports. */
static void begin(const char *login, size_t count, const int ports[])
{
    char url[URL_BYTES];
    size_t length = (size_t)snprintf(url, sizeof(url), "redis-cluster://%s", login);

    for (size_t i = 0; i < count; i++)
        length += (size_t)snprintf(url + length, sizeof(url) - length, "%s127.0.0.1:%d",
                                   i == 0 ? "" : ",", ports[i]);
    finder_begin(url);
}

static int port_of(int node)
{
    return redis_server_port(nodes[node]);
}

/* A storm of doubts that changes nothing, and what ends it. */
static void looks_that_change_nothing_grow_rarer_up_to_a_bound(void **state)
{
    int64_t rest_us = REDIS_TOPOLOGY_REST_US;
    int looks = 0;
    (void)state;

    for (; rest_us < REDIS_TOPOLOGY_REST_MAX_US; looks++)
        rest_us = redis_finder_rest_us(rest_us, true, false);

    assert_int_equal(looks, 3);
    assert_int_equal(redis_finder_rest_us(rest_us, true, false), REDIS_TOPOLOGY_REST_MAX_US);
    assert_int_equal(redis_finder_rest_us(rest_us, true, true), REDIS_TOPOLOGY_REST_US);
    assert_int_equal(redis_finder_rest_us(rest_us, false, false), REDIS_TOPOLOGY_REST_US);
}

static void a_node_that_does_not_know_its_own_host_is_found(void **state)
{
    (void)state;
    begin("", 1, (const int[]){port_of(0)});

    assert_int_equal(finder_port(0), port_of(0));
    assert_int_equal(finder_port(SLOT_LAST), port_of(0));
}

/* Some clusters tell names, and some tell nothing because a proxy is in front of them. */
static void a_node_is_where_it_says_or_where_we_asked(void **state)
{
    static const struct {
        const char *type;
        const char *name;
        const char *host;
    } cases[] = {
        {"hostname", "", "127.0.0.1"},
        {"hostname", "localhost", "localhost"},
        {"unknown-endpoint", "localhost", "127.0.0.1"},
        {"ip", "localhost", "127.0.0.1"},
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        (void)redis_server_command(nodes[0], "CONFIG SET cluster-preferred-endpoint-type %s",
                                   cases[i].type);
        (void)redis_server_command(nodes[0], "CONFIG SET cluster-announce-hostname %s",
                                   cases[i].name);
        begin("", 1, (const int[]){port_of(0)});

        const struct redis_endpoint found = finder_node(0);

        assert_string_equal(found.host, cases[i].host);
        assert_int_equal(found.port, port_of(0));
    }
    (void)redis_server_command(nodes[0], "CONFIG SET cluster-announce-hostname %s", "");
}

static void a_node_that_is_gone_is_passed_over(void **state)
{
    struct impostor gone;
    struct impostor silent;
    (void)state;
    impostor_open(&gone);
    impostor_open(&silent);
    impostor_listen(&silent);
    begin("", 3,
          (const int[]){endpoint_at(gone.url).port, endpoint_at(silent.url).port, port_of(0)});

    assert_int_equal(finder_port(0), port_of(0));
    assert_int_equal(finder_port(0), port_of(0));
    impostor_close(&gone);
    impostor_close(&silent);
}

/* Its answers would be whole at last. */
static void a_node_that_answers_byte_by_byte_is_passed_over(void **state)
{
    const struct fault_proxy_options options = {.port = port_of(0)};
    struct fault_proxy *proxy = fault_proxy_start(&options);
    (void)state;
    fault_proxy_set(proxy, FAULT_PROXY_ONE_BYTE, 20);
    begin("", 2, (const int[]){fault_proxy_port(proxy), port_of(1)});

    assert_int_equal(finder_port(0), port_of(1));
    fault_proxy_stop(proxy);
}

static void if_nobody_answers_the_error_says_so(void **state)
{
    struct impostor gone;
    struct error error = {0};
    (void)state;
    impostor_open(&gone);
    begin("", 1, (const int[]){endpoint_at(gone.url).port});

    assert_null(finder_look(&error));
    assert_non_null(strstr(error.message, "cannot connect to redis at 127.0.0.1:"));
    impostor_close(&gone);
}

static void a_redis_that_is_in_no_cluster_is_told_by_its_address(void **state)
{
    struct error error = {0};
    char expected[URL_BYTES];
    (void)state;
    begin("", 1, (const int[]){redis_server_port(server)});

    assert_null(finder_look(&error));

    (void)snprintf(expected, sizeof(expected),
                   "redis at 127.0.0.1:%d is in no cluster: its URL must begin with redis://",
                   redis_server_port(server));
    assert_string_equal(error.message, expected);
}

static void a_node_whose_cluster_is_down_is_believed_last(void **state)
{
    (void)state;
    take_slots(nodes[0]);

    begin("", 2, (const int[]){port_of(0), port_of(1)});
    assert_int_equal(finder_port(0), port_of(1));
    begin("", 1, (const int[]){port_of(0)});
    assert_int_equal(finder_port(0), port_of(0));
    assert_int_equal(finder_port(100), 0);

    give_slots(nodes[0]);
}

/* How often the node was asked for its map. */
static long long asked(int node)
{
    const char *calls =
        strstr(redis_server_command(nodes[node], "INFO commandstats")->str, "|shards:calls=");

    return calls == NULL ? 0 : atoll(calls + strlen("|shards:calls="));
}

/* A large cluster that is down would otherwise be asked as a whole by each instance. */
static void a_few_nodes_whose_cluster_is_down_are_enough(void **state)
{
    int ports[12];
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(ports); i++)
        ports[i] = port_of(0);
    take_slots(nodes[0]);
    (void)redis_server_command(nodes[0], "CONFIG RESETSTAT");

    begin("", ARRAY_COUNT(ports), ports);
    assert_int_equal(finder_port(0), port_of(0));

    assert_int_equal(asked(0), 5);
    give_slots(nodes[0]);
}

static void a_node_without_slots_is_not_believed(void **state)
{
    struct redis_server *empty = redis_server_start_node();
    struct error error = {0};
    (void)state;

    begin("", 1, (const int[]){redis_server_port(empty)});
    assert_null(finder_look(&error));
    assert_string_equal(error.message, "redis: no node of the cluster has a slot");
    begin("", 2, (const int[]){redis_server_port(empty), port_of(1)});
    assert_int_equal(finder_port(0), port_of(1));
    redis_server_stop(empty);
}

static void a_node_that_has_not_heard_of_the_last_change_is_believed_last(void **state)
{
    (void)state;
    begin("", 3, (const int[]){port_of(1), port_of(0), port_of(2)});
    assert_int_equal(finder_port(0), port_of(1));

    take_slots(nodes[1]);
    assert_int_equal(finder_port(0), port_of(2));

    give_slots(nodes[1]);
}

/* Its node has the address of one of the URL, and no other node answers. */
static void another_cluster_is_not_followed(void **state)
{
    const uint64_t warnings = log_lines(LOG_WARN);
    struct error error = {0};
    char expected[URL_BYTES];
    (void)state;
    begin("", 2, (const int[]){port_of(0), port_of(1)});
    assert_int_equal(finder_port(0), port_of(0));

    redis_server_pause(nodes[0]);
    assert_null(finder_look(&error));
    assert_null(finder_look(&error));
    redis_server_continue(nodes[0]);

    (void)snprintf(expected, sizeof(expected), "redis at 127.0.0.1:%d is another cluster",
                   port_of(1));
    assert_string_equal(error.message, expected);
    assert_int_equal(log_lines(LOG_WARN), warnings + 1);
    assert_int_equal(finder_port(0), port_of(0));
}

static void another_cluster_does_not_hide_ours_when_that_is_down(void **state)
{
    (void)state;
    begin("", 2, (const int[]){port_of(0), port_of(1)});
    assert_int_equal(finder_port(0), port_of(0));
    take_slots(nodes[0]);

    assert_int_equal(finder_port(0), port_of(0));

    give_slots(nodes[0]);
}

/* As when a whole cluster is set up anew. */
static void another_cluster_is_taken_if_nobody_of_ours_answers_for_long(void **state)
{
    struct error error = {0};
    uint64_t warnings;
    (void)state;
    begin("", 2, (const int[]){port_of(0), port_of(1)});
    finder_take_other_after(1);
    assert_int_equal(finder_port(0), port_of(0));
    redis_server_pause(nodes[0]);
    assert_null(finder_look(&error));
    warnings = log_lines(LOG_WARN);

    assert_int_equal(finder_port(0), port_of(1));

    assert_int_equal(log_lines(LOG_WARN), warnings + 1);
    redis_server_continue(nodes[0]);
    assert_int_equal(finder_port(0), port_of(1));
}

/* As Redis 6 refuses it, and as an ACL does. */
static void without_shards_the_slots_are_asked_for(void **state)
{
    (void)state;
    (void)redis_server_command(
        nodes[0], "ACL SETUSER finder on >secret ~* +ping +cluster -cluster|shards -cluster|info");
    (void)redis_server_command(nodes[0], "CONFIG RESETSTAT");

    begin("finder:secret@", 1, (const int[]){port_of(0)});
    assert_int_equal(finder_port(SLOT_LAST), port_of(0));

    const char *stats = redis_server_command(nodes[0], "INFO commandstats")->str;
    assert_non_null(strstr(stats, "cmdstat_cluster|slots:calls=1,"));
}

/* CLUSTER `word` for every second slot. */
static void change_every_second_slot(struct redis_server *node, const char *word)
{
    static char command[8 * REDIS_SLOTS];
    size_t length = (size_t)snprintf(command, sizeof(command), "CLUSTER %s", word);

    for (int slot = 0; slot < REDIS_SLOTS; slot += 2)
        length += (size_t)snprintf(command + length, sizeof(command) - length, " %d", slot);
    (void)redis_server_command(node, command);
}

/* The most ranges that one node can have; before Redis 7 each tells all of its node. */
static void slots_in_pieces_are_read(void **state)
{
    (void)state;
    (void)redis_server_command(
        nodes[0], "ACL SETUSER finder on >secret ~* +ping +cluster -cluster|shards -cluster|info");
    (void)redis_server_command(nodes[0], "CONFIG SET cluster-announce-hostname redis.example");
    change_every_second_slot(nodes[0], "DELSLOTS");

    begin("finder:secret@", 1, (const int[]){port_of(0)});
    assert_int_equal(finder_port(SLOT_LAST), port_of(0));
    assert_int_equal(finder_port(0), 0);

    change_every_second_slot(nodes[0], "ADDSLOTS");
    (void)redis_server_command(nodes[0], "CONFIG SET cluster-announce-hostname %s", "");
}

static void if_all_is_forbidden_the_error_says_so(void **state)
{
    struct error error = {0};
    (void)state;
    (void)redis_server_command(nodes[0], "ACL SETUSER nobody on >secret ~* +ping");
    begin("nobody:secret@", 1, (const int[]){port_of(0)});

    assert_null(finder_look(&error));
    assert_non_null(strstr(error.message, "redis: NOPERM"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(looks_that_change_nothing_grow_rarer_up_to_a_bound),
        cmocka_unit_test_teardown(a_node_that_does_not_know_its_own_host_is_found, finder_end),
        cmocka_unit_test_teardown(a_node_is_where_it_says_or_where_we_asked, finder_end),
        cmocka_unit_test_teardown(a_node_that_is_gone_is_passed_over, finder_end),
        cmocka_unit_test_teardown(a_node_that_answers_byte_by_byte_is_passed_over, finder_end),
        cmocka_unit_test_teardown(if_nobody_answers_the_error_says_so, finder_end),
        cmocka_unit_test_teardown(a_redis_that_is_in_no_cluster_is_told_by_its_address, finder_end),
        cmocka_unit_test_teardown(a_node_whose_cluster_is_down_is_believed_last, finder_end),
        cmocka_unit_test_teardown(a_few_nodes_whose_cluster_is_down_are_enough, finder_end),
        cmocka_unit_test_teardown(a_node_without_slots_is_not_believed, finder_end),
        cmocka_unit_test_teardown(a_node_that_has_not_heard_of_the_last_change_is_believed_last,
                                  finder_end),
        cmocka_unit_test_teardown(another_cluster_is_not_followed, finder_end),
        cmocka_unit_test_teardown(another_cluster_does_not_hide_ours_when_that_is_down, finder_end),
        cmocka_unit_test_teardown(another_cluster_is_taken_if_nobody_of_ours_answers_for_long,
                                  finder_end),
        cmocka_unit_test_teardown(without_shards_the_slots_are_asked_for, finder_end),
        cmocka_unit_test_teardown(slots_in_pieces_are_read, finder_end),
        cmocka_unit_test_teardown(if_all_is_forbidden_the_error_says_so, finder_end),
    };
    return cmocka_run_group_tests(tests, start_nodes, stop_nodes);
}
