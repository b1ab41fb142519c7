/* SPDX-License-Identifier: MIT
 *
 * What the log tells of where Redis is. */
#include "base/clock.h"
#include "base/log.h"
#include "captured.h"
#include "support/cmocka.h"
#include "support/impostor.h"
#include "support/topologies.h"
#include "topology_case.h"

#define LINE_BYTES 512
#define NEW_MASTER "redis master is now at"
#define NOT_FOUND  "redis is not found"

/* How often the log names a master so far. `last` says where the last one is. */
static int masters_told(const struct captured *captured, char last[LINE_BYTES])
{
    char *text = scratch_read(captured->path);
    int count = 0;

    last[0] = '\0';
    for (const char *at = text; (at = strstr(at, NEW_MASTER)) != NULL; at++, count++)
        (void)snprintf(last, LINE_BYTES, "%.*s", (int)strcspn(at, "\n"), at);
    free(text);
    return count;
}

/* Whether the last line is true. */
static bool tells_the_map(struct redis_topology *topology, const struct captured *captured)
{
    struct redis_map *map = redis_topology_map(topology);
    char where[REDIS_ENDPOINT_BYTES] = "";
    char last[LINE_BYTES];

    if (map->node_count > 0)
        redis_endpoint_write(&map->nodes[0].endpoint, where);
    redis_map_release(map);
    (void)masters_told(captured, last);
    return where[0] != '\0' && strstr(last, where) != NULL;
}

/* As a command of the command line does. */
static void a_look_without_a_thread_is_not_told(void **state)
{
    struct redis_topology *topology =
        topology_to(redis_sentinels_url(*state, REDIS_SENTINELS_COUNT));
    struct captured captured;
    struct error error = {0};

    capture_begin(&captured);
    const bool found = redis_topology_look(topology, &error);
    const int told = capture_end(&captured, NEW_MASTER);

    assert_true(found);
    assert_int_equal(told, 0);
    redis_topology_free(topology);
}

/* It is where its URL says. */
static void where_a_single_server_is_is_not_told(void **state)
{
    struct captured captured;
    (void)state;

    capture_begin(&captured);
    struct redis_topology *topology = topology_to("redis://127.0.0.1:1");
    redis_topology_start(topology);
    topology_end(topology);
    const int told = capture_end(&captured, "redis nodes are now");

    assert_int_equal(told, 0);
}

static void each_master_is_told_once(void **state)
{
    struct redis_topology *topology =
        topology_to(redis_sentinels_url(*state, REDIS_SENTINELS_COUNT));
    struct captured captured;
    struct error error = {0};
    assert_true(redis_topology_look(topology, &error));
    const uint64_t version = redis_topology_version(topology);

    capture_begin(&captured);
    redis_topology_start(topology);
    redis_sentinels_fail_over(*state, 0);
    WAIT_FOR (TOPOLOGY_WAIT_SECONDS, redis_topology_version(topology) > version)
        ;
    WAIT_FOR (TOPOLOGY_WAIT_SECONDS, tells_the_map(topology, &captured))
        ;
    const int told = capture_end(&captured, NEW_MASTER);

    assert_int_equal(told, 2);
    topology_end(topology);
}

/* A sentinel that names two masters in turn. */
static void many_changes_are_a_line_a_second_and_the_last_one_is_told(void **state)
{
    struct redis_server *masters[] = {redis_server_start(NULL), redis_server_start(NULL)};
    struct impostor sentinel;
    struct captured captured;
    (void)state;
    impostor_open(&sentinel);
    impostor_listen(&sentinel);
    struct redis_topology *topology = topology_to_sentinel(endpoint_at(sentinel.url).port);
    const int64_t begin_us = clock_monotonic_us();

    capture_begin(&captured);
    redis_topology_start(topology);
    WAIT_FOR (TOPOLOGY_WAIT_SECONDS, sentinel.count >= 12) {
        char words[TOPOLOGY_WORDS_BYTES];

        topology_words_naming(masters[sentinel.count % 2], words);
        (void)impostor_rebuff(&sentinel, words);
        redis_topology_doubt(topology, "a test");
    }
    const uint64_t versions = redis_topology_version(topology);
    const int64_t seconds = (clock_monotonic_us() - begin_us) / SECOND_US;
    char last[LINE_BYTES];
    const int told_before = masters_told(&captured, last);
    WAIT_FOR (TOPOLOGY_WAIT_SECONDS, tells_the_map(topology, &captured))
        ;
    (void)capture_end(&captured, NEW_MASTER);

    assert_true(versions >= 6);
    assert_in_range(told_before, 1, 1 + seconds);
    topology_end(topology);
    impostor_close(&sentinel);
    for (size_t i = 0; i < ARRAY_COUNT(masters); i++)
        redis_server_stop(masters[i]);
}

/* A doubt makes it look again. */
static void why_no_master_is_found_is_told_once(void **state)
{
    struct redis_topology *topology = topology_to("redis-sentinel://127.0.0.1:1/mymaster");
    struct captured captured;
    (void)state;

    capture_begin(&captured);
    redis_topology_start(topology);
    WAIT_FOR (TOPOLOGY_WAIT_SECONDS, log_lines(LOG_DEBUG) >= 5)
        redis_topology_doubt(topology, "a test");
    topology_end(topology);
    const int told = capture_end(&captured, NOT_FOUND);

    assert_int_equal(told, 1);
}

static int open_group(void **state)
{
    log_set_level(LOG_DEBUG);
    return topology_open_sentinels(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_look_without_a_thread_is_not_told),
        cmocka_unit_test(where_a_single_server_is_is_not_told),
        cmocka_unit_test(why_no_master_is_found_is_told_once),
        cmocka_unit_test(each_master_is_told_once),
        cmocka_unit_test(many_changes_are_a_line_a_second_and_the_last_one_is_told),
    };

    return cmocka_run_group_tests(tests, open_group, topology_close_sentinels);
}
