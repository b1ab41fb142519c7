/* SPDX-License-Identifier: MIT
 *
 * Replies are written as JSON with single quotes. */
#include "redis_slots.h"

#include "support/cmocka.h"

#include <jansson.h>

#define REPLY_BYTES_MAX ((size_t)1024 * 1024)

/* A node of CLUSTER SHARDS. */
#define NODE(endpoint, port, role, health)                                                         \
    "['id','c0ffee','port'," port ",'ip','10.0.0.9','endpoint'," endpoint ",'role','" role         \
    "','replication-offset',14,'health','" health "']"
#define SHARD(slots, nodes) "['slots'," slots ",'nodes',[" nodes "]]"
#define NODE_OF(id, port, health)                                                                  \
    "['id','" id "','port'," port ",'endpoint','10.0.0.1','role','master','health','" health "']"
#define ID_A         "aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd"
#define ID_B         "00000000001111111111222222222233333333ff"
#define MASTER(port) NODE("'10.0.0.1'", port, "master", "online")

static const struct redis_endpoint asked = {.host = "10.0.0.7", .port = 7000};

static void write_json(const json_t *json, FILE *file)
{
    size_t i;
    const json_t *item;

    switch (json_typeof(json)) {
    case JSON_ARRAY:
        (void)fprintf(file, "*%zu\r\n", json_array_size(json));
        json_array_foreach (json, i, item)
            write_json(item, file);
        return;
    case JSON_STRING:
        (void)fprintf(file, "$%zu\r\n%s\r\n", json_string_length(json), json_string_value(json));
        return;
    case JSON_INTEGER:
        (void)fprintf(file, ":%" JSON_INTEGER_FORMAT "\r\n", json_integer_value(json));
        return;
    case JSON_NULL:
        (void)fprintf(file, "$-1\r\n");
        return;
    case JSON_OBJECT:
    case JSON_REAL:
    case JSON_TRUE:
    case JSON_FALSE:
        break;
    }
    fail_msg("no reply has such a value");
}

/* The caller frees it. */
static redisReply *reply_of(const char *quoted)
{
    char *text = strdup(quoted);
    char *resp = NULL;
    size_t length;
    void *reply = NULL;

    assert_non_null(text);
    for (char *at = text; *at != '\0'; at++)
        *at = *at == '\'' ? '"' : *at;
    json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);
    if (json == NULL)
        fail_msg("no JSON: %s", text);
    FILE *file = open_memstream(&resp, &length);
    assert_non_null(file);
    write_json(json, file);
    (void)fclose(file);
    redisReader *reader = redisReaderCreate();
    assert_int_equal(redisReaderFeed(reader, resp, length), REDIS_OK);
    assert_int_equal(redisReaderGetReply(reader, &reply), REDIS_OK);
    assert_non_null(reply);
    redisReaderFree(reader);
    free(resp);
    free(text);
    json_decref(json);
    return reply;
}

static struct redis_map *shards_with(const char *quoted, bool has_tls, struct error *error)
{
    redisReply *reply = reply_of(quoted);
    struct redis_map *map = redis_slots_read_shards(reply, &asked, has_tls, error);

    freeReplyObject(reply);
    return map;
}

static struct redis_map *shards(const char *quoted, struct error *error)
{
    return shards_with(quoted, false, error);
}

static struct redis_map *ranges(const char *quoted, struct error *error)
{
    redisReply *reply = reply_of(quoted);
    struct redis_map *map = redis_slots_read_ranges(reply, &asked, error);

    freeReplyObject(reply);
    return map;
}

/* All slots of the range are at this address, "" for none. */
static void assert_slots(const struct redis_map *map, int first, int last, const char *where)
{
    for (int slot = first; slot <= last; slot++) {
        char at[REDIS_ENDPOINT_BYTES] = "";
        const uint16_t node = map->node_of_slot[slot];

        if (node != REDIS_NO_NODE) {
            assert_in_range(node, 0, map->node_count - 1);
            redis_endpoint_write(&map->nodes[node].endpoint, at);
        }
        assert_string_equal(at, where);
    }
}

static void the_shards_of_redis_7_are_read(void **state)
{
    struct error error = {0};
    (void)state;

    struct redis_map *map = shards(
        "[" SHARD(
            "[0,5460]",
            MASTER("7000") "," NODE(
                "'10.0.0.1'", "7003", "replica",
                "online")) "," SHARD("[]",
                                     MASTER(
                                         "7009")) "," SHARD("[5462,10922,16383,16383]",
                                                            NODE("'10.0.0.1'", "7004", "replica",
                                                                 "loading") "," MASTER("7001")) "]",
        &error);

    assert_non_null(map);
    assert_true(map->is_sliced);
    assert_int_equal(map->node_count, 3); /* the last one has no slot yet */
    assert_slots(map, 0, 5460, "10.0.0.1:7000");
    assert_slots(map, 5461, 5461, "");
    assert_slots(map, 5462, 10922, "10.0.0.1:7001");
    assert_slots(map, 10923, 16382, "");
    assert_slots(map, 16383, 16383, "10.0.0.1:7001");
    redis_map_release(map);
}

static void numbers_that_are_written_as_text_are_read(void **state)
{
    struct error error = {0};
    (void)state;

    struct redis_map *map = shards("[" SHARD("['0','10']", MASTER("'7000'")) "]", &error);

    assert_non_null(map);
    assert_slots(map, 0, 10, "10.0.0.1:7000");
    redis_map_release(map);
}

/* "?" is a name that was not announced, though names are preferred. */
static void a_node_without_a_host_is_where_we_asked_or_at_its_address(void **state)
{
    static const struct {
        const char *host;
        const char *address;
        const char *expected;
    } cases[] = {
        {"''", "10.0.0.9", "10.0.0.7:7000"},  {"null", "10.0.0.9", "10.0.0.7:7000"},
        {"'?'", "10.0.0.9", "10.0.0.9:7000"}, {"'?'", "2001:db8::9", "[2001:db8::9]:7000"},
        {"'?'", "", "10.0.0.7:7000"},
    };
    struct error error = {0};
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char text[512];

        (void)snprintf(text, sizeof(text),
                       "[" SHARD("[0,1]", "['port',7000,'ip','%s','endpoint',%s,'role','master',"
                                          "'health','online']") "]",
                       cases[i].address, cases[i].host);
        struct redis_map *map = shards(text, &error);
        assert_non_null(map);
        assert_slots(map, 0, 1, cases[i].expected);
        redis_map_release(map);

        (void)snprintf(text, sizeof(text), "[[0,1,[%s,7000,'c0ffee',['ip','%s']]]]", cases[i].host,
                       cases[i].address);
        map = ranges(text, &error);
        assert_non_null(map);
        assert_slots(map, 0, 1, cases[i].expected);
        redis_map_release(map);
    }
}

static void with_tls_its_port_is_taken(void **state)
{
    static const char both[] =
        "[['slots',[0,1],'nodes',[['id','a','port',7000,'tls-port',7100,'endpoint','h',"
        "'role','master','health','online']]]]";
    static const char plain_only[] =
        "[['slots',[0,1],'nodes',[['id','a','port',7000,'endpoint','h','role','master',"
        "'health','online']]]]";
    struct error error = {0};
    (void)state;

    struct redis_map *without = shards_with(both, false, &error);
    struct redis_map *with = shards_with(both, true, &error);
    assert_non_null(without);
    assert_non_null(with);
    assert_slots(without, 0, 1, "h:7000");
    assert_slots(with, 0, 1, "h:7100");
    redis_map_release(without);
    redis_map_release(with);

    assert_null(shards_with(plain_only, true, &error));
    assert_string_equal(error.message, "redis: no node of the cluster has a slot");
}

/* Redis 7.0 lists the two in shards of their own, and 7.2 in the same one. */
static void a_master_that_failed_loses_its_slots_to_one_that_did_not(void **state)
{
    static const char *const answers[] = {
        "[" SHARD("[0,9]", NODE("'10.0.0.1'", "7000", "master", "fail")) "," SHARD(
            "[0,4]", MASTER("7003")) "]",
        "[" SHARD("[0,4]", MASTER("7003")) "," SHARD(
            "[0,9]", NODE("'10.0.0.1'", "7000", "master", "failed")) "]",
    };
    struct error error = {0};
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(answers); i++) {
        struct redis_map *map = shards(answers[i], &error);

        assert_non_null(map);
        assert_slots(map, 0, 4, "10.0.0.1:7003");
        assert_slots(map, 5, 9, "10.0.0.1:7000");
        redis_map_release(map);
    }
    struct redis_map *map = shards(
        "[" SHARD("[0,9]", NODE("'10.0.0.1'", "7000", "master", "fail") "," MASTER("7003")) "]",
        &error);
    assert_non_null(map);
    assert_int_equal(map->node_count, 1);
    assert_slots(map, 0, 9, "10.0.0.1:7003");
    redis_map_release(map);
}

static void a_master_that_failed_without_a_slot_is_left_out(void **state)
{
    struct error error = {0};
    (void)state;

    struct redis_map *map =
        shards("[" SHARD("[]", NODE("'10.0.0.1'", "7000", "master", "fail")) "," SHARD(
                   "[0,9]", MASTER("7003")) "]",
               &error);

    assert_non_null(map);
    assert_int_equal(map->node_count, 1);
    assert_slots(map, 0, 9, "10.0.0.1:7003");
    redis_map_release(map);
}

static void of_two_that_claim_a_slot_the_first_has_it(void **state)
{
    struct error error = {0};
    (void)state;

    struct redis_map *map =
        shards("[" SHARD("[5,9]", MASTER("7001")) "," SHARD("[0,9]", MASTER("7000")) "," SHARD(
                   "[0,9]", MASTER("7002")) "]",
               &error);

    assert_non_null(map);
    assert_slots(map, 0, 4, "10.0.0.1:7000");
    assert_slots(map, 5, 9, "10.0.0.1:7001");
    redis_map_release(map);
}

/* Each node tells them in an order of its own. */
static void another_order_is_the_same_map(void **state)
{
    struct error error = {0};
    (void)state;

    struct redis_map *one =
        shards("[" SHARD("[0,9]", MASTER("7000")) "," SHARD("[10,19]", MASTER("7001")) "]", &error);
    struct redis_map *other =
        shards("[" SHARD("[10,19]", MASTER("7001")) "," SHARD("[0,9]", MASTER("7000")) "]", &error);
    struct redis_map *third = ranges(
        "[[15,19,['10.0.0.1',7001]],[0,9,['10.0.0.1',7000]],[10,14,['10.0.0.1',7001]]]", &error);

    assert_non_null(one);
    assert_non_null(other);
    assert_non_null(third);
    assert_true(redis_map_equal(one, other));
    assert_true(redis_map_equal(one, third));
    redis_map_release(one);
    redis_map_release(other);
    redis_map_release(third);
}

static void the_slots_of_redis_6_and_7_are_read(void **state)
{
    static const char *const answers[] = {
        "[[0,5460,['10.0.0.1',7000,'c0ffee'],['10.0.0.1',7003,'decade']],"
        "[5461,16383,['10.0.0.1',7001,'facade']]]",
        "[[0,5460,['10.0.0.1',7000,'c0ffee',['hostname','a.example']],"
        "['10.0.0.1',7003,'decade',[]]],[5461,16383,['10.0.0.1',7001,'facade',[]]]]",
    };
    struct error error = {0};
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(answers); i++) {
        struct redis_map *map = ranges(answers[i], &error);

        assert_non_null(map);
        assert_int_equal(map->node_count, 2);
        assert_slots(map, 0, 5460, "10.0.0.1:7000");
        assert_slots(map, 5461, 16383, "10.0.0.1:7001");
        redis_map_release(map);
    }
}

/* The second node has the address of the first one, which failed. The third one has no id that
 * Redis would give. */
static void the_ids_of_nodes_are_read(void **state)
{
    static const char *const answers[] = {
        "[" SHARD("[0,9]", NODE_OF(ID_A, "7000", "fail")) "," SHARD(
            "[]", NODE_OF(ID_B, "7000", "online")) "," SHARD("[10,19]", MASTER("7001")) "]",
        "[" SHARD("[]", NODE_OF(ID_B, "7000", "online")) "," SHARD(
            "[0,9]", NODE_OF(ID_A, "7000", "fail")) "," SHARD("[10,19]", MASTER("7001")) "]",
        "[[0,9,['10.0.0.1',7000,'" ID_B "']],[10,19,['10.0.0.1',7001]]]",
    };
    struct error error = {0};
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(answers); i++) {
        struct redis_map *map =
            answers[i][2] == '0' ? ranges(answers[i], &error) : shards(answers[i], &error);

        assert_non_null(map);
        assert_int_equal(map->node_count, 2);
        assert_string_equal(map->nodes[map->node_of_slot[0]].id, ID_B);
        assert_string_equal(map->nodes[map->node_of_slot[10]].id, "");
        redis_map_release(map);
    }
}

static void an_answer_without_a_slot_is_no_map(void **state)
{
    static const char *const answers[] = {
        "[]",
        "[" SHARD("[]", MASTER("7000")) "]",
        "[" SHARD("[0,9]", NODE("'10.0.0.1'", "7000", "replica", "online")) "]",
        "[" SHARD("[0,9]", MASTER("0")) "]",
        "[" SHARD("[0,9]", MASTER("65536")) "]",
        "[" SHARD("[0,9]", NODE("'two words'", "7000", "master", "online")) "]",
    };
    struct error error = {0};
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(answers); i++) {
        assert_null(shards(answers[i], &error));
        assert_string_equal(error.message, "redis: no node of the cluster has a slot");
    }
    assert_null(ranges("[]", &error));
    assert_string_equal(error.message, "redis: no node of the cluster has a slot");
}

static void an_answer_of_another_form_is_refused(void **state)
{
    static const char *const no_shards[] = {
        "1",
        "'OK'",
        "null",
        "[1]",
        "[[]]",
        "[['slots']]",
        "[['slots',[0,1]]]",
        "[['nodes',[" MASTER("7000") "]]]",
        "[" SHARD("0", MASTER("7000")) "]",
        "[" SHARD("[0]", MASTER("7000")) "]",
        "[" SHARD("[-1,1]", MASTER("7000")) "]",
        "[" SHARD("[1,0]", MASTER("7000")) "]",
        "[" SHARD("[0,16384]", MASTER("7000")) "]",
        "[" SHARD("[0,'x']", MASTER("7000")) "]",
        "[" SHARD("[0,null]", MASTER("7000")) "]",
        "[" SHARD("[0,1]", "1") "]",
        "[" SHARD("[0,1]", "[]") "]",
        "[" SHARD("[0,1]", "['role','master','port',7000]") "]",
        "[" SHARD("[0,1]", "['role',1,'health','online','port',7000]") "]",
        "[" SHARD("[0,1]", MASTER("'x'")) "]",
        "[" SHARD("[0,1]", MASTER("[]")) "]",
        "[" SHARD("[0,1]", NODE("[]", "7000", "master", "online")) "]",
    };
    static const char *const no_ranges[] = {
        "1",
        "[1]",
        "[[]]",
        "[[0,1]]",
        "[[0,1,2]]",
        "[[0,1,[]]]",
        "[[0,1,['h']]]",
        "[[0,1,['h','x']]]",
        "[[0,1,['h',null]]]",
        "[[0,1,[1,7000]]]",
        "[[0,16384,['h',7000]]]",
        "[[-1,0,['h',7000]]]",
        "[[2,1,['h',7000]]]",
        "[[0,'x',['h',7000]]]",
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_COUNT(no_shards); i++) {
        struct error error = {0};

        assert_null(shards(no_shards[i], &error));
        assert_string_equal(error.message,
                            "redis: the answer to CLUSTER SHARDS is not of its form");
    }
    for (size_t i = 0; i < ARRAY_COUNT(no_ranges); i++) {
        struct error error = {0};

        assert_null(ranges(no_ranges[i], &error));
        assert_string_equal(error.message, "redis: the answer to CLUSTER SLOTS is not of its form");
    }
}

/* An answer that gives so many slots to so many nodes by turns, each as a range of its own. */
static struct redis_map *map_of_many(int slots, int nodes, struct error *error)
{
    char *text = malloc(REPLY_BYTES_MAX);
    size_t length = 0;

    assert_non_null(text);
    for (int i = 0; i < slots; i++)
        length += (size_t)snprintf(text + length, REPLY_BYTES_MAX - length, "%s[%d,%d,['h',%d]]",
                                   i == 0 ? "[" : ",", i, i, 1 + i % nodes);
    (void)snprintf(text + length, REPLY_BYTES_MAX - length, "]");
    struct redis_map *map = ranges(text, error);
    free(text);
    return map;
}

static void as_many_nodes_as_a_map_has_are_read_and_more_are_refused(void **state)
{
    struct error error = {0};
    (void)state;

    struct redis_map *full = map_of_many(REDIS_SLOTS, REDIS_NODES_MAX, &error);
    struct redis_map *more = map_of_many(REDIS_SLOTS, REDIS_NODES_MAX + 1, &error);

    assert_non_null(full);
    assert_int_equal(full->node_count, REDIS_NODES_MAX);
    assert_slots(full, REDIS_SLOTS - 1, REDIS_SLOTS - 1, "h:512");
    assert_null(more);
    assert_string_equal(error.message, "redis: the cluster has more than 512 masters");
    redis_map_release(full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shards_of_redis_7_are_read),
        cmocka_unit_test(numbers_that_are_written_as_text_are_read),
        cmocka_unit_test(a_node_without_a_host_is_where_we_asked_or_at_its_address),
        cmocka_unit_test(with_tls_its_port_is_taken),
        cmocka_unit_test(a_master_that_failed_loses_its_slots_to_one_that_did_not),
        cmocka_unit_test(a_master_that_failed_without_a_slot_is_left_out),
        cmocka_unit_test(of_two_that_claim_a_slot_the_first_has_it),
        cmocka_unit_test(another_order_is_the_same_map),
        cmocka_unit_test(the_slots_of_redis_6_and_7_are_read),
        cmocka_unit_test(the_ids_of_nodes_are_read),
        cmocka_unit_test(an_answer_without_a_slot_is_no_map),
        cmocka_unit_test(an_answer_of_another_form_is_refused),
        cmocka_unit_test(as_many_nodes_as_a_map_has_are_read_and_more_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
