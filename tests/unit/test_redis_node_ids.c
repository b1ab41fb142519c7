/* SPDX-License-Identifier: MIT */
#include "redis_node_ids.h"

#include "support/cmocka.h"

#define ID(last) "0123456789abcdef0123456789abcdef0123456" last

/* As of CLUSTER SLOTS: a range for each node, and a replica behind the last one. The caller frees
 * it. */
static redisReply *reply_of(size_t count, const char *const ids[])
{
    redisReader *reader = redisReaderCreate();
    void *reply = NULL;
    char *wire = NULL;
    size_t length;
    FILE *file = open_memstream(&wire, &length);

    assert_non_null(file);
    (void)fprintf(file, "*%zu\r\n", count);
    for (size_t i = 0; i < count; i++)
        (void)fprintf(file, "*3\r\n:0\r\n:9\r\n*3\r\n$1\r\nh\r\n:7000\r\n$%zu\r\n%s\r\n",
                      strlen(ids[i]), ids[i]);
    (void)fclose(file);
    assert_int_equal(redisReaderFeed(reader, wire, length), REDIS_OK);
    assert_int_equal(redisReaderGetReply(reader, &reply), REDIS_OK);
    assert_non_null(reply);
    redisReaderFree(reader);
    free(wire);
    return reply;
}

static void take(struct redis_node_ids *ids, size_t count, const char *const names[])
{
    redisReply *reply = reply_of(count, names);

    redis_node_ids_take(ids, reply);
    freeReplyObject(reply);
}

static bool meet(const struct redis_node_ids *ids, size_t count, const char *const names[])
{
    redisReply *reply = reply_of(count, names);
    const bool meets = redis_node_ids_meet(ids, reply);

    freeReplyObject(reply);
    return meets;
}

static void one_node_in_common_is_enough(void **state)
{
    static struct redis_node_ids ids;
    (void)state;

    take(&ids, 2, (const char *[]){ID("1"), ID("2")});

    assert_true(meet(&ids, 2, (const char *[]){ID("3"), ID("2")}));
    assert_true(meet(&ids, 1, (const char *[]){ID("1")}));
    assert_false(meet(&ids, 2, (const char *[]){ID("3"), ID("4")}));
    assert_false(meet(&ids, 0, NULL));
}

static void only_the_last_nodes_are_known(void **state)
{
    static struct redis_node_ids ids;
    (void)state;
    take(&ids, 1, (const char *[]){ID("1")});

    take(&ids, 1, (const char *[]){ID("2")});

    assert_false(meet(&ids, 1, (const char *[]){ID("1")}));
}

/* Host names, for instance. */
static void what_is_no_id_is_not_taken_for_one(void **state)
{
    static const char *const names[] = {"", "redis", "0123456789abcdef0123456789abcdef0123456.",
                                        "0123456789ABCDEF0123456789abcdef01234567", ID("1") "0"};
    static struct redis_node_ids ids;
    (void)state;

    take(&ids, ARRAY_COUNT(names), names);

    assert_int_equal(ids.count, 0);
}

static void a_node_of_many_ranges_is_one(void **state)
{
    static struct redis_node_ids ids;
    (void)state;

    take(&ids, 3, (const char *[]){ID("1"), ID("2"), ID("1")});

    assert_int_equal(ids.count, 2);
}

static void more_nodes_than_fit_are_left_out(void **state)
{
    static struct redis_node_ids ids;
    static char names[REDIS_NODE_IDS_MAX + 1][REDIS_NODE_ID_BYTES];
    static const char *pointers[REDIS_NODE_IDS_MAX + 1];
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        (void)snprintf(names[i], sizeof(names[i]), "%040zx", i);
        pointers[i] = names[i];
    }

    take(&ids, ARRAY_COUNT(pointers), pointers);

    assert_int_equal(ids.count, REDIS_NODE_IDS_MAX);
    assert_true(meet(&ids, 1, &pointers[REDIS_NODE_IDS_MAX - 1]));
    assert_false(meet(&ids, 1, &pointers[REDIS_NODE_IDS_MAX]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_node_in_common_is_enough),
        cmocka_unit_test(only_the_last_nodes_are_known),
        cmocka_unit_test(what_is_no_id_is_not_taken_for_one),
        cmocka_unit_test(a_node_of_many_ranges_is_one),
        cmocka_unit_test(more_nodes_than_fit_are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
