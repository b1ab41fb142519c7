/* SPDX-License-Identifier: MIT */
#include "file_limit.h"

#include "captured.h"
#include "support/cmocka.h"

#define FILES_MAX 200

static const struct settings on_redis = {
    .workers = 4,
    .engine = ENGINE_REDIS,
    .catalogue = CATALOGUE_KIND_REDIS,
    .redis.kind = REDIS_CLUSTER,
};

static int lines_for(struct file_limit *limit, const struct settings *settings, size_t nodes)
{
    struct captured captured;

    capture_begin(&captured);
    file_limit_look(limit, settings, nodes);
    return capture_end(&captured, "\"event\":\"redis has more nodes than may be connected\"");
}

/* Four workers and the catalogue have one connection to each node, and the journal has two. */
static void nodes_that_cannot_be_connected_are_told(void **state)
{
    struct file_limit limit = {.files_max = FILES_MAX};
    (void)state;

    assert_int_equal(lines_for(&limit, &on_redis, 0), 0);
    assert_int_equal(lines_for(&limit, &on_redis, 17), 0);
    assert_int_equal(lines_for(&limit, &on_redis, 18), 1);
}

static void only_more_nodes_than_before_are_told_again(void **state)
{
    struct file_limit limit = {.files_max = FILES_MAX};
    (void)state;
    assert_int_equal(lines_for(&limit, &on_redis, 30), 1);

    assert_int_equal(lines_for(&limit, &on_redis, 30), 0);
    assert_int_equal(lines_for(&limit, &on_redis, 25), 0);
    assert_int_equal(lines_for(&limit, &on_redis, 31), 1);
}

static void a_catalogue_alone_has_one_connection_to_each_node(void **state)
{
    struct settings settings = on_redis;
    struct file_limit limit = {.files_max = FILES_MAX};
    (void)state;
    settings.engine = ENGINE_MEMORY;

    assert_int_equal(lines_for(&limit, &settings, FILES_MAX - 88 + 1), 0);
    assert_int_equal(lines_for(&limit, &settings, FILES_MAX - 88 + 2), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_that_cannot_be_connected_are_told),
        cmocka_unit_test(only_more_nodes_than_before_are_told_again),
        cmocka_unit_test(a_catalogue_alone_has_one_connection_to_each_node),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
