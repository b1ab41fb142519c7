/* SPDX-License-Identifier: MIT
 *
 * A cluster changes, and is found as it is then. */
#include "base/clock.h"
#include "finder_case.h"
#include "support/cmocka.h"
#include "support/redis_cluster.h"
#include "support/redis_group.h"
#include "support/wait.h"

#include <sys/eventfd.h>
#include <unistd.h>

#define WAIT_SECONDS 20
#define MASTERS      3
#define SLOT         12182

static struct redis_cluster *cluster;

static int start_cluster(void **state)
{
    if (redis_group_open(state) != 0)
        return -1;
    cluster = redis_cluster_start(MASTERS, 1);
    return 0;
}

static int stop_cluster(void **state)
{
    redis_cluster_stop(cluster);
    return redis_group_close(state);
}

static int port_of(size_t node)
{
    return redis_server_port(redis_cluster_node(cluster, node));
}

/* Finds the cluster by one node alone. */
static void begin_at(size_t node)
{
    char url[64];

    (void)snprintf(url, sizeof(url), "redis-cluster://127.0.0.1:%d", port_of(node));
    finder_begin(url);
}

static void any_node_tells_of_all_masters(void **state)
{
    struct error error = {0};
    (void)state;

    for (size_t node = 0; node < redis_cluster_count(cluster); node++) {
        begin_at(node);
        struct redis_map *map = finder_look(&error);
        assert_non_null(map);
        assert_int_equal(map->node_count, MASTERS);
        for (int slot = 0; slot < REDIS_SLOTS; slot += 1000) {
            const struct redis_node *found = &map->nodes[map->node_of_slot[slot]];

            assert_int_equal(found->endpoint.port, port_of(redis_cluster_owner(cluster, slot)));
            assert_string_equal(found->endpoint.host, "127.0.0.1");
        }
        redis_map_release(map);
    }
}

static void all_nodes_tell_the_same_map(void **state)
{
    struct error error = {0};
    (void)state;
    begin_at(0);
    struct redis_map *first = finder_look(&error);
    assert_non_null(first);

    for (size_t i = 1; i < MASTERS; i++) {
        begin_at(i);
        struct redis_map *next = finder_look(&error);

        assert_non_null(next);
        assert_true(redis_map_equal(first, next));
        redis_map_release(next);
    }
    redis_map_release(first);
}

static void a_slot_that_has_moved_is_found(void **state)
{
    const size_t before = redis_cluster_owner(cluster, SLOT);
    const size_t after = (before + 1) % MASTERS;
    (void)state;
    finder_begin(redis_cluster_url(cluster));
    assert_int_equal(finder_port(SLOT), port_of(before));

    redis_cluster_begin_move(cluster, SLOT, after);
    assert_int_equal(finder_port(SLOT), port_of(before));
    redis_cluster_end_move(cluster, SLOT, after);

    assert_int_equal(finder_port(SLOT), port_of(after));
    redis_cluster_move(cluster, SLOT, before);
    assert_int_equal(finder_port(SLOT), port_of(before));
}

static void a_master_that_joins_is_found_before_it_has_a_slot(void **state)
{
    const size_t before = redis_cluster_owner(cluster, 0);
    struct error error = {0};
    (void)state;
    finder_begin(redis_cluster_url(cluster));
    const size_t added = redis_cluster_add_master(cluster);

    struct redis_map *map = finder_look(&error);
    assert_non_null(map);
    assert_int_equal(map->node_count, MASTERS + 1);
    assert_int_equal(map->nodes[map->node_of_slot[0]].endpoint.port, port_of(before));
    redis_map_release(map);
    redis_cluster_move(cluster, 0, added);

    assert_int_equal(finder_port(0), port_of(added));
    assert_int_equal(finder_port(1), port_of(before));
    redis_cluster_move(cluster, 0, before);
}

/* A user for whom all nodes are as before Redis 7. */
static void allow_slots_only(void)
{
    for (size_t node = 0; node < redis_cluster_count(cluster); node++)
        (void)redis_server_command(redis_cluster_node(cluster, node),
                                   "ACL SETUSER six on >secret +ping +cluster -cluster|shards");
}

static void before_redis_7_a_master_that_joins_is_found_with_its_first_slot(void **state)
{
    const size_t before = redis_cluster_owner(cluster, 0);
    const size_t added = redis_cluster_add_master(cluster);
    struct error error = {0};
    char url[64];
    (void)state;
    allow_slots_only();
    (void)snprintf(url, sizeof(url), "redis-cluster://six:secret@127.0.0.1:%d", port_of(before));
    finder_begin(url);

    struct redis_map *map = finder_look(&error);
    assert_non_null(map);
    assert_int_equal(map->node_count, MASTERS);
    redis_map_release(map);
    redis_cluster_move(cluster, 0, added);

    assert_int_equal(finder_port(0), port_of(added));
    assert_int_equal(finder_port(1), port_of(before));
    redis_cluster_move(cluster, 0, before);
    assert_int_equal(finder_port(0), port_of(before));
}

static int port_in(struct redis_topology *topology, int slot)
{
    struct redis_map *map = redis_topology_map(topology);
    const uint16_t node = map->node_of_slot[slot];
    const int port = node == REDIS_NO_NODE ? 0 : map->nodes[node].endpoint.port;

    redis_map_release(map);
    return port;
}

/* Nobody waits for the look that comes every 30 s. */
static void a_doubt_makes_the_topology_publish_what_has_moved(void **state)
{
    const size_t before = redis_cluster_owner(cluster, SLOT);
    const size_t after = (before + 1) % MASTERS;
    struct redis_topology_options options = {0};
    struct redis_watcher watcher = {.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
    struct error error = {0};
    uint64_t news = 0;
    (void)state;
    assert_true(watcher.fd >= 0);
    assert_true(redis_url_parse(text_of(redis_cluster_url(cluster)), &options.url, &error));
    struct redis_topology *topology = redis_topology_new(&options);
    assert_true(redis_topology_look(topology, &error));
    assert_int_equal(port_in(topology, SLOT), port_of(before));
    redis_topology_watch(topology, &watcher);
    redis_topology_start(topology);

    redis_cluster_move(cluster, SLOT, after);
    WAIT_FOR (WAIT_SECONDS, port_in(topology, SLOT) == port_of(after))
        redis_topology_doubt(topology, "a test moved a slot");

    assert_int_equal(read(watcher.fd, &news, sizeof(news)), sizeof(news));
    assert_true(redis_topology_stop(topology, clock_monotonic_us() + WAIT_SECONDS * SECOND_US));
    redis_topology_unwatch(topology, &watcher);
    redis_topology_free(topology);
    (void)close(watcher.fd);
    redis_cluster_move(cluster, SLOT, before);
}

static void a_master_that_died_keeps_its_slots_until_its_replica_has_them(void **state)
{
    const size_t killed = redis_cluster_owner(cluster, SLOT);
    const int port = port_of(killed);
    (void)state;
    finder_begin(redis_cluster_url(cluster));
    assert_int_equal(finder_port(SLOT), port);

    redis_cluster_kill(cluster, killed);
    assert_int_equal(finder_port(SLOT), port);
    const size_t successor = redis_cluster_await_takeover(cluster, killed);

    assert_int_not_equal(port_of(successor), port);
    WAIT_FOR (WAIT_SECONDS, finder_port(SLOT) == port_of(successor))
        ;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(any_node_tells_of_all_masters, finder_end),
        cmocka_unit_test_teardown(all_nodes_tell_the_same_map, finder_end),
        cmocka_unit_test_teardown(a_slot_that_has_moved_is_found, finder_end),
        cmocka_unit_test_teardown(a_master_that_joins_is_found_before_it_has_a_slot, finder_end),
        cmocka_unit_test_teardown(before_redis_7_a_master_that_joins_is_found_with_its_first_slot,
                                  finder_end),
        cmocka_unit_test(a_doubt_makes_the_topology_publish_what_has_moved),
        cmocka_unit_test_teardown(a_master_that_died_keeps_its_slots_until_its_replica_has_them,
                                  finder_end),
    };
    return cmocka_run_group_tests(tests, start_cluster, stop_cluster);
}
