/* SPDX-License-Identifier: MIT */
#include "redis/redis_map.h"

#include "support/cmocka.h"

#include <pthread.h>

#define THREADS 4
#define ROUNDS  10000

/* A cluster whose nodes are at these ports and share the slots in turn. */
static struct redis_map *map_of(size_t count, const int ports[])
{
    struct redis_map *map = redis_map_new((uint16_t)count);

    map->is_sliced = true;
    for (size_t i = 0; i < count; i++)
        map->nodes[i].endpoint = (struct redis_endpoint){.host = "10.0.0.1", .port = ports[i]};
    for (size_t slot = 0; slot < REDIS_SLOTS; slot++)
        map->node_of_slot[slot] = (uint16_t)(slot % count);
    return map;
}

static void a_new_map_gives_no_slot_to_anybody(void **state)
{
    struct redis_map *map = redis_map_new(2);
    (void)state;
    map->is_sliced = true;

    for (size_t slot = 0; slot < REDIS_SLOTS; slot++)
        assert_int_equal(map->node_of_slot[slot], REDIS_NO_NODE);
    assert_int_equal(redis_map_find(map, TEXT("a")), REDIS_NO_NODE);
    redis_map_release(map);
}

static void a_key_is_at_the_node_of_its_slot(void **state)
{
    struct redis_map *map = map_of(3, (const int[]){7000, 7001, 7002});
    (void)state;

    assert_int_equal(redis_map_find(map, TEXT("foo")), 12182 % 3);
    assert_int_equal(redis_map_find(map, TEXT("a{foo}")), 12182 % 3);
    map->node_of_slot[12182] = REDIS_NO_NODE;
    assert_int_equal(redis_map_find(map, TEXT("foo")), REDIS_NO_NODE);
    redis_map_release(map);
}

static void a_single_server_has_all_keys(void **state)
{
    struct redis_map *single = redis_map_new(1);
    struct redis_map *none = redis_map_new(0);
    (void)state;

    assert_int_equal(redis_map_find(single, TEXT("foo")), 0);
    assert_int_equal(redis_map_find(none, TEXT("foo")), REDIS_NO_NODE);
    redis_map_release(single);
    redis_map_release(none);
}

static void a_node_is_found_by_its_whole_address(void **state)
{
    struct redis_map *map = map_of(2, (const int[]){7000, 7001});
    struct redis_endpoint endpoint = {.host = "10.0.0.1", .port = 7001};
    (void)state;

    assert_int_equal(redis_map_find_endpoint(map, &endpoint), 1);
    endpoint.port = 7002;
    assert_int_equal(redis_map_find_endpoint(map, &endpoint), REDIS_NO_NODE);
    endpoint = (struct redis_endpoint){.host = "10.0.0.2", .port = 7001};
    assert_int_equal(redis_map_find_endpoint(map, &endpoint), REDIS_NO_NODE);
    endpoint = (struct redis_endpoint){.host = "10.0.0.1", .port = 7001, .is_unix = true};
    assert_int_equal(redis_map_find_endpoint(map, &endpoint), REDIS_NO_NODE);
    redis_map_release(map);
}

static void assert_numbers(const struct redis_map *map, const uint16_t numbers[])
{
    for (uint16_t i = 0; i < map->node_count; i++)
        assert_int_equal(map->nodes[i].number, numbers[i]);
}

static void a_node_keeps_its_number(void **state)
{
    struct redis_map *first = map_of(3, (const int[]){7000, 7001, 7002});
    struct redis_map *second = map_of(3, (const int[]){7002, 7001, 7000});
    (void)state;

    redis_map_number(first, NULL);
    redis_map_number(second, first);

    assert_numbers(first, (const uint16_t[]){0, 1, 2});
    assert_numbers(second, (const uint16_t[]){2, 1, 0});
    redis_map_release(first);
    redis_map_release(second);
}

static void a_new_node_gets_the_least_number_that_is_free(void **state)
{
    struct redis_map *first = map_of(3, (const int[]){7000, 7001, 7002});
    struct redis_map *second = map_of(4, (const int[]){6999, 7000, 7002, 7003});
    struct redis_map *third = map_of(1, (const int[]){7003});
    (void)state;

    redis_map_number(first, NULL);
    redis_map_number(second, first);
    redis_map_number(third, second);

    assert_numbers(second, (const uint16_t[]){1, 0, 2, 3});
    assert_numbers(third, (const uint16_t[]){3});
    redis_map_release(first);
    redis_map_release(second);
    redis_map_release(third);
}

static void a_full_map_can_be_numbered_after_another_one(void **state)
{
    int ports[REDIS_NODES_MAX];
    bool is_taken[REDIS_NODES_MAX] = {0};
    (void)state;
    for (int i = 0; i < REDIS_NODES_MAX; i++)
        ports[i] = 1 + i;
    struct redis_map *first = map_of(REDIS_NODES_MAX, ports);
    for (int i = 0; i < REDIS_NODES_MAX; i++)
        ports[i] = REDIS_NODES_MAX / 2 + i;
    struct redis_map *second = map_of(REDIS_NODES_MAX, ports);

    redis_map_number(first, NULL);
    redis_map_number(second, first);

    for (uint16_t i = 0; i < REDIS_NODES_MAX; i++) {
        const uint16_t number = second->nodes[i].number;

        assert_in_range(number, 0, REDIS_NODES_MAX - 1);
        assert_false(is_taken[number]);
        is_taken[number] = true;
    }
    redis_map_release(first);
    redis_map_release(second);
}

static void maps_are_equal_if_the_same_nodes_have_the_same_slots(void **state)
{
    struct redis_map *one = map_of(2, (const int[]){7000, 7001});
    struct redis_map *other = map_of(2, (const int[]){7000, 7001});
    (void)state;

    redis_map_number(one, NULL);
    assert_true(redis_map_equal(one, other)); /* whether they are numbered or not */
    other->node_of_slot[REDIS_SLOTS - 1] = 0;
    assert_false(redis_map_equal(one, other));
    other->node_of_slot[REDIS_SLOTS - 1] = 1;
    other->nodes[1].endpoint.port = 7002;
    assert_false(redis_map_equal(one, other));
    other->nodes[1].endpoint.port = 7001;
    other->nodes[1].id[0] = 'a';
    assert_false(redis_map_equal(one, other));
    other->nodes[1].id[0] = '\0';
    other->is_sliced = false;
    assert_false(redis_map_equal(one, other));
    redis_map_release(other);
    other = map_of(1, (const int[]){7000});
    assert_false(redis_map_equal(one, other));
    redis_map_release(one);
    redis_map_release(other);
}

static void *use(void *context)
{
    struct redis_map *map = context;

    for (int i = 0; i < ROUNDS; i++) {
        struct redis_map *kept = redis_map_keep(map);

        ASSERT(redis_map_find(kept, TEXT("foo")) == 12182 % 2);
        redis_map_release(kept);
    }
    redis_map_release(map);
    return NULL;
}

/* Whoever releases the last reference frees the map, which the sanitizers check. */
static void threads_share_a_map(void **state)
{
    struct redis_map *map = map_of(2, (const int[]){7000, 7001});
    pthread_t threads[THREADS];
    (void)state;

    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use, redis_map_keep(map)), 0);
    redis_map_release(map);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_map_gives_no_slot_to_anybody),
        cmocka_unit_test(a_key_is_at_the_node_of_its_slot),
        cmocka_unit_test(a_single_server_has_all_keys),
        cmocka_unit_test(a_node_is_found_by_its_whole_address),
        cmocka_unit_test(a_node_keeps_its_number),
        cmocka_unit_test(a_new_node_gets_the_least_number_that_is_free),
        cmocka_unit_test(a_full_map_can_be_numbered_after_another_one),
        cmocka_unit_test(maps_are_equal_if_the_same_nodes_have_the_same_slots),
        cmocka_unit_test(threads_share_a_map),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
