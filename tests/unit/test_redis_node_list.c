/* SPDX-License-Identifier: MIT */
#include "redis_node_list.h"

#include "support/cmocka.h"

#include <sodium.h>

#define HOSTS   2
#define MASTERS 40

static struct redis_node_list list;

/* Ports 1 and 2 are those of the URL. */
static int begin(void **state)
{
    struct redis_url url = {.kind = REDIS_CLUSTER, .host_count = HOSTS};
    (void)state;

    for (int i = 0; i < HOSTS; i++)
        url.hosts[i] = (struct redis_endpoint){.host = "127.0.0.1", .port = 1 + i};
    redis_node_list_init(&list, &url);
    return sodium_init() < 0 ? -1 : 0;
}

/* A map of so many nodes with the ports from this one on. */
static void learn(int first, uint16_t count)
{
    struct redis_map *map = redis_map_new(count);

    for (uint16_t i = 0; i < count; i++)
        map->nodes[i].endpoint = (struct redis_endpoint){.host = "127.0.0.1", .port = first + i};
    redis_node_list_learn(&list, map);
    redis_node_list_sort(&list);
    redis_map_release(map);
}

/* Asks in turn until a node answers. Those with ports from `dead` to before `living` do not.
 * Returns how many failed. */
static size_t look(int dead, int living)
{
    size_t index = 0;

    for (; list.nodes[index].endpoint.port >= dead && list.nodes[index].endpoint.port < living;
         index++)
        redis_node_list_note(&list, index, REDIS_NODE_FAILED);
    redis_node_list_note(&list, index, REDIS_NODE_HOPEFUL);
    redis_node_list_sort(&list);
    return index;
}

static int first(void)
{
    return list.nodes[0].endpoint.port;
}

static int last(void)
{
    return list.nodes[list.count - 1].endpoint.port;
}

static void those_of_the_url_are_asked_in_their_order(void **state)
{
    (void)state;

    assert_int_equal(list.count, HOSTS);
    assert_int_equal(first(), 1);
    assert_int_equal(last(), 2);
}

static void the_one_that_answered_last_is_asked_first(void **state)
{
    (void)state;
    learn(3, 3);

    for (size_t i = 0; i < list.count; i++) {
        const int port = list.nodes[i].endpoint.port;

        redis_node_list_note(&list, i, REDIS_NODE_HOPEFUL);
        redis_node_list_sort(&list);
        assert_int_equal(first(), port);
    }
}

/* Or else all instances would ask the same one. */
static void after_the_first_map_one_of_its_nodes_is_asked_and_then_those_of_the_url(void **state)
{
    (void)state;
    redis_node_list_note(&list, 0, REDIS_NODE_HOPEFUL);

    learn(3, MASTERS);

    assert_int_equal(list.count, HOSTS + MASTERS);
    assert_true(first() >= 3);
    assert_int_equal(list.nodes[1].endpoint.port, 1);
    assert_int_equal(list.nodes[2].endpoint.port, 2);
}

static void those_whose_cluster_is_not_well_come_last_but_for_those_that_failed(void **state)
{
    (void)state;
    learn(3, 3);
    const int failed = list.nodes[0].endpoint.port;
    const int flawed = list.nodes[1].endpoint.port;
    const int failed_later = list.nodes[2].endpoint.port;

    redis_node_list_note(&list, 0, REDIS_NODE_FAILED);
    redis_node_list_note(&list, 1, REDIS_NODE_FLAWED);
    redis_node_list_note(&list, 2, REDIS_NODE_FAILED);
    redis_node_list_sort(&list);

    assert_int_equal(list.nodes[2].endpoint.port, flawed);
    assert_int_equal(list.nodes[3].endpoint.port, failed);
    assert_int_equal(list.nodes[4].endpoint.port, failed_later);
}

/* The first nodes of the map are gone at once, and one host of the URL with them. */
static void each_dead_node_is_asked_once_and_no_more_while_others_live(void **state)
{
    (void)state;
    learn(1, MASTERS);
    (void)look(0, 0);

    const size_t before = look(2, 2 + MASTERS / 2);
    size_t after = 0;

    for (int i = 0; i < MASTERS; i++)
        after += look(2, 2 + MASTERS / 2);

    assert_in_range(before, 0, 1);
    assert_int_equal(after, 0);
}

static void nodes_that_have_left_are_forgotten_except_those_of_the_url(void **state)
{
    (void)state;
    learn(3, MASTERS);

    learn(100, 1);

    assert_int_equal(list.count, HOSTS + 1);
    for (size_t i = 0; i < list.count; i++)
        assert_true(list.nodes[i].is_of_url || list.nodes[i].endpoint.port == 100);
}

static void there_is_room_for_the_largest_map(void **state)
{
    (void)state;

    for (int i = 0; i < 3; i++)
        learn(1000 * (1 + i), REDIS_NODES_MAX);

    assert_int_equal(list.count, HOSTS + REDIS_NODES_MAX);
}

#define TEST(claim) cmocka_unit_test_setup(claim, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(those_of_the_url_are_asked_in_their_order),
        TEST(the_one_that_answered_last_is_asked_first),
        TEST(after_the_first_map_one_of_its_nodes_is_asked_and_then_those_of_the_url),
        TEST(those_whose_cluster_is_not_well_come_last_but_for_those_that_failed),
        TEST(each_dead_node_is_asked_once_and_no_more_while_others_live),
        TEST(nodes_that_have_left_are_forgotten_except_those_of_the_url),
        TEST(there_is_room_for_the_largest_map),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
