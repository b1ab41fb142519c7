/* SPDX-License-Identifier: MIT */
#include "http/accept.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void the_most_specific_range_decides(void **state)
{
    static const struct {
        const char *accept;
        int csv;
        int json;
    } cases[] = {
        {NULL, 1000, 1000},
        {"", 0, 0},
        {"*/*", 1000, 1000},
        {"text/csv", 1000, 0},
        {"TEXT/CSV", 1000, 0},
        {"text/*", 1000, 0},
        {"Text/*;q=0.5", 500, 0},
        {"text/csv;q=0.5, */*;q=0.1", 500, 100},
        {"*/*;q=0.1, text/csv;q=0.5", 500, 100},
        {"text/csv;q=0, text/*", 0, 0},
        {"text/*, text/csv;q=0", 0, 0},
        {"application/json, text/csv", 1000, 1000},
        {"application/json;q=0.9,text/csv;header=present", 1000, 900},
        {"text/csv;header=present;q=0.25", 250, 0},
        {"text/csv ; Q = 0.25", 250, 0},
        {"text/csv;q=high", 0, 0},
        {"text/csv;q=1.001", 0, 0},
        {"text", 0, 0},
        {"text/", 0, 0},
        {"*", 0, 0},
        {"*/csv", 0, 0},
        {"text/html,application/xhtml+xml,*/*;q=0.8", 800, 800},
        {",;,/,;q=1", 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const struct text accept = text_of(cases[i].accept);

        assert_int_equal(accept_weight(accept, TEXT("text/csv")), cases[i].csv);
        assert_int_equal(accept_weight(accept, TEXT("application/json")), cases[i].json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_most_specific_range_decides),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
