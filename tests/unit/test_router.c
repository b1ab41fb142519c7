/* SPDX-License-Identifier: MIT */
#include "http/router.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct route rows[] = {
    {.method = "GET", .path = "/policy"},
    {.method = "POST", .path = "/policy"},
    {.method = "POST", .path = "/check"},
};
static const struct route_table table = {rows, ARRAY_COUNT(rows)};

static void router_finds_by_method_and_path(void **state)
{
    (void)state;
    assert_ptr_equal(router_find(&table, "GET", "/policy"), &rows[0]);
    assert_ptr_equal(router_find(&table, "POST", "/policy"), &rows[1]);
    assert_ptr_equal(router_find(&table, "POST", "/check"), &rows[2]);
}

static void router_serves_head_where_it_serves_get(void **state)
{
    (void)state;
    assert_ptr_equal(router_find(&table, "HEAD", "/policy"), &rows[0]);
    assert_null(router_find(&table, "HEAD", "/check"));
}

static void router_matches_paths_exactly(void **state)
{
    (void)state;
    assert_null(router_find(&table, "GET", "/policy/"));
    assert_null(router_find(&table, "GET", "/Policy"));
    assert_null(router_find(&table, "GET", ""));
    assert_null(router_find(&table, "get", "/policy"));
}

static void router_lists_the_methods_of_a_path(void **state)
{
    struct arena arena;

    (void)state;
    arena_init(&arena);

    assert_string_equal(router_allow(&table, "/policy", &arena), "GET, HEAD, POST");
    assert_string_equal(router_allow(&table, "/check", &arena), "POST");
    assert_null(router_allow(&table, "/nothing", &arena));

    arena_close(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(router_finds_by_method_and_path),
        cmocka_unit_test(router_serves_head_where_it_serves_get),
        cmocka_unit_test(router_matches_paths_exactly),
        cmocka_unit_test(router_lists_the_methods_of_a_path),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
