/* SPDX-License-Identifier: MIT
 *
 * A node of another cluster is where a node of ours was. The topology has no thread here, so the
 * map stays as it was. */
#include "asker.h"
#include "support/topologies.h"

#define WAIT_SECONDS 20
#define SLOT_LAST    16383
#define URL_BYTES    64

static struct redis_server *node; /* a cluster by itself */
static char url[URL_BYTES];

static void found_cluster(void)
{
    (void)redis_server_command(node, "CLUSTER ADDSLOTSRANGE 0 %d", SLOT_LAST);
    WAIT_FOR (WAIT_SECONDS,
              strstr(redis_server_command(node, "CLUSTER INFO")->str, "cluster_state:ok") != NULL)
        ;
}

/* At the same address is another cluster from now on, and all its clients have to connect. */
static void set_up_anew(void)
{
    (void)redis_server_command(node, "FLUSHALL");
    (void)redis_server_command(node, "CLUSTER RESET HARD");
    (void)redis_server_command(node, "CONFIG RESETSTAT");
    (void)redis_server_command(node, "CLIENT KILL TYPE normal SKIPME yes");
    found_cluster();
}

/* How many connections have asked for the node's id since then. */
static long long askers(void)
{
    const char *calls =
        strstr(redis_server_command(node, "INFO commandstats")->str, "cluster|myid:calls=");

    return calls == NULL ? 0 : strtoll(calls + strlen("cluster|myid:calls="), NULL, 10);
}

static int start_node(void **state)
{
    struct error error;

    if (redis_group_open(state) != 0)
        return -1;
    node = redis_server_start_node();
    found_cluster();
    (void)snprintf(url, sizeof(url), "redis-cluster://127.0.0.1:%d", redis_server_port(node));
    assert_true(redis_topology_look(topology_at(url), &error));
    return 0;
}

static int stop_node(void **state)
{
    redis_server_stop(node);
    return redis_group_close(state);
}

static void a_node_of_another_cluster_decides_nothing(void **state)
{
    struct store *store = asker_store_at(url, PATIENT_US);
    (void)state;
    TURN_UNTIL(store_health(store).links_connected == 1);
    assert_int_equal(asker_take_and_wait(store, 1), TAKE_DONE);

    set_up_anew();
    TURN_UNTIL(askers() >= 3);

    assert_int_equal(store_health(store).links_connected, 0);
    assert_int_equal(asker_take_and_wait(store, 1), TAKE_DOWN);
    assert_int_equal(redis_server_command(node, "DBSIZE")->integer, 0);
    store_free(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_node_of_another_cluster_decides_nothing, asker_begin,
                                        asker_end),
    };

    return cmocka_run_group_tests(tests, start_node, stop_node);
}
