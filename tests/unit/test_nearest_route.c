/* SPDX-License-Identifier: MIT */
#include "api/nearest_route.h"
#include "api/routes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void a_path_that_is_nearly_one_leads_to_it(void **state)
{
    static const char *const paths[][2] = {
        {"/check/", "/check"},
        {"/Check", "/check"},
        {"/chekc", "/check"},
        {"/api/v1/check", "/check"},
        {"/v1/check/batch/", "/check/batch"},
        {"/policies", "/policy"},
        {"/health", "/readyz"},
        {"/logs/", "/logs/latest"},
        {"/logs/lastest", "/logs/latest"},
        {"/metric", "/metrics"},
        {"/docs/", "/docs"},
        {"/policy/42", "/policy"},
        {"/policy.json", "/policy"},
        {"/check/ada", "/check/batch"},
        {"/check/alice/orders", "/check"},
        {"/logs/latest/5", "/logs/latest"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(paths); i++)
        assert_string_equal(nearest_route(routes(), paths[i][0]), paths[i][1]);
}

static void one_that_is_nothing_like_it_leads_nowhere(void **state)
{
    (void)state;

    assert_null(nearest_route(routes(), "/favicon.ico"));
    assert_null(nearest_route(routes(), "/"));
    assert_null(nearest_route(routes(), "/wp-login.php"));
    assert_null(nearest_route(routes(), "/checkpoints"));
    assert_null(nearest_route(routes(), "/policyholders"));
}

static void every_name_that_is_offered_is_a_route(void **state)
{
    (void)state;
    for (const struct route_alias *alias = route_aliases; alias->theirs != NULL; alias++) {
        const char *ours = nearest_route(routes(), alias->theirs);

        assert_string_equal(ours, alias->ours);
        assert_true(router_find(routes(), "GET", ours) || router_find(routes(), "POST", ours));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_that_is_nearly_one_leads_to_it),
        cmocka_unit_test(one_that_is_nothing_like_it_leads_nowhere),
        cmocka_unit_test(every_name_that_is_offered_is_a_route),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
