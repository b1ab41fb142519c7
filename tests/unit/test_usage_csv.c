/* SPDX-License-Identifier: MIT */
#include "base/arena.h"
#include "journal/usage_csv.h"
#include "minutes.h"

#include <string.h>

static const struct usage_query two_hours = {.window_minutes = 2 * HOUR, .step_minutes = HOUR};

static void expect_table(const struct usage_app *app, const struct usage_query *query,
                         bool degraded, const char *expected)
{
    struct usage_report report;
    struct arena arena = {0};

    usage_report_init(&report, query, MIDNIGHT, &arena);
    report.degraded = degraded;
    usage_tell(app, &report);
    const struct text table = usage_csv_write(&report, &arena);
    assert_int_equal(table.length, strlen(expected));
    assert_memory_equal(table.at, expected, table.length);
    usage_report_close(&report);
    arena_close(&arena);
}

#define HEADER                                                                                     \
    "row,timestamp,time,route,role,kind,value,allowed,denied,shadow_denied,candidate_denied,"      \
    "degraded,cost,error,note\r\n"

static void the_table_has_the_total_the_steps_and_all_lists(void **state)
{
    struct usage *usage = usage_new(USAGE_BYTES_MAX);
    struct usage_app *app = usage_app_new(usage);

    (void)state;
    minutes_add(app, MIDNIGHT - HOUR, "/a", 5, 2);
    minutes_add(app, MIDNIGHT, "=1+1", 1, 3);
    minutes_add_denied(app, TEXT("@bob"), 3);
    minutes_add_decision(app, MIDNIGHT, "tokens", 1500);

    expect_table(app, &two_hours, false,
                 HEADER "total,1795215600,\"2026-11-20 23:00:00\",,,,,7,5,0,0,0,,,\r\n"
                        "step,1795215600,\"2026-11-20 23:00:00\",,,,,5,2,0,0,0,,,\r\n"
                        "step,1795219200,\"2026-11-21 00:00:00\",,,,,2,3,0,0,0,,,\r\n"
                        "route,,,/a,default,,,6,2,0,0,0,,,\r\n"
                        "route,,,'=1+1,default,,,1,3,0,0,0,,,\r\n"
                        "costs,,,,,measure,tokens,,,,,,1500,,\r\n"
                        "costs,,,,,measure,requests,,,,,,1,,\r\n"
                        "top_denied,1795215600,\"2026-11-20 23:00:00\",,,user,'@bob,,3,,,,,0,\r\n");
    usage_app_free(app);
    usage_free(usage);
}

static void the_note_says_what_the_numbers_lack(void **state)
{
    struct usage_query query = two_hours;
    struct usage *usage = usage_new(USAGE_BYTES_MAX);
    struct usage_app *app = usage_app_new(usage);

    (void)state;
    for (int i = 0; i < TALLY_PAIRS_MAX + 5; i++) {
        char route[32];

        (void)snprintf(route, sizeof route, "/%d", i);
        minutes_add(app, MIDNIGHT, route, 1, 0);
    }
    query.route_key = TEXT("/7");

    expect_table(app, &query, true,
                 HEADER "total,1795215600,\"2026-11-20 23:00:00\",,,,,1,0,0,0,0,,,"
                        "\"degraded; uncounted=5\"\r\n"
                        "step,1795215600,\"2026-11-20 23:00:00\",,,,,0,0,0,0,0,,,\r\n"
                        "step,1795219200,\"2026-11-21 00:00:00\",,,,,1,0,0,0,0,,,\r\n"
                        "route,,,/7,default,,,1,0,0,0,0,,,\r\n");
    usage_app_free(app);
    usage_free(usage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_has_the_total_the_steps_and_all_lists),
        cmocka_unit_test(the_note_says_what_the_numbers_lack),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
