/* SPDX-License-Identifier: MIT
 *
 * Usage in a file: what was saved is told by the next process, and the file has a bound. */
#include "base/app_id.h"
#include "base/clock.h"
#include "usage_file_case.h"

#include <sys/stat.h>

#define SMALL_BYTES ((int64_t)512 * 1024)

static const struct usage_query three_hours = {.window_minutes = 3 * HOUR, .step_minutes = 1};

static void what_was_saved_is_told_by_the_next_process(void **state)
{
    struct usage_file_case first = usage_file_case_new(1);

    (void)state;
    minutes_add(first.app, usage_file_now - 90, "/a", 7, 0);
    minutes_add(first.app, usage_file_now, "/a", 1, 2);
    minutes_add_denied(first.app, TEXT("bob"), 2);
    minutes_add_decision(first.app, usage_file_now, "tokens", 1500);
    assert_true(usage_file_case_saved(&first, APP));
    usage_file_case_free(&first);
    struct usage_file_case second = usage_file_case_new(2);
    minutes_add(second.app, usage_file_now, "/a", 10, 0);
    minutes_add_decision(second.app, usage_file_now, "tokens", 500);
    assert_true(usage_file_case_saved(&second, APP));

    usage_file_case_expect(second.file, APP, 20);
    usage_file_case_expect(second.file, "app0000000000002", 0);
    json_t *json = usage_file_case_told(second.file, APP, &minutes_last_hour);
    assert_int_equal(minutes_at(json, usage_file_now, "allowed"), 13);
    const json_t *tokens = json_array_get(json_object_get(json, "costs"), 0);
    assert_int_equal(minutes_integer(tokens, "cost"), 2000);
    assert_int_equal(minutes_total(json, "denied"), 2);
    const json_t *top = json_object_get(json_object_get(json, "top_denied"), "subjects");
    assert_int_equal(minutes_integer(json_array_get(top, 0), "denied"), 2);
    json_decref(json);
    usage_file_case_free(&second);
}

static void what_has_grown_is_saved_again_and_counts_once(void **state)
{
    struct usage_file_case counting = usage_file_case_new(1);

    (void)state;
    for (int i = 1; i <= 5; i++) {
        minutes_add(counting.app, usage_file_now, "/a", 1, 0);
        assert_true(usage_file_case_saved(&counting, APP));
        assert_true(usage_file_case_saved(&counting, APP));
        usage_file_case_expect(counting.file, APP, i);
    }

    assert_int_equal(usage_file_case_rows("true"), 2); /* a minute and an hour */
    usage_file_case_free(&counting);
}

static void minutes_of_a_week_and_hours_of_ninety_days_are_told(void **state)
{
    const struct usage_query week = {.window_minutes = 7 * DAY, .step_minutes = 7};
    const struct usage_query quarter = {.window_minutes = 90 * DAY, .step_minutes = DAY};
    struct usage_file_case counting = usage_file_case_new(1);

    (void)state;
    minutes_add(counting.app, usage_file_now - 89 * DAY, "/a", 1, 0);
    minutes_add(counting.app, usage_file_now - 6 * DAY, "/a", 2, 0);
    minutes_add(counting.app, usage_file_now, "/a", 4, 0);
    assert_true(usage_file_case_saved(&counting, APP));
    /* Memory has let them go. */
    usage_app_forget(counting.app);

    json_t *json = usage_file_case_told(counting.file, APP, &quarter);
    assert_int_equal(minutes_total(json, "allowed"), 7);
    json_decref(json);
    json = usage_file_case_told(counting.file, APP, &week);
    assert_true(json_is_null(json_object_get(json, "hourly_before")));
    assert_int_equal(minutes_total(json, "allowed"), 6);
    json_decref(json);
    usage_file_case_free(&counting);
}

/* Saves when so much time has passed, with a wall clock that is ahead. */
static bool saved_later(const struct usage_file_case *counting, int64_t later_us, int64_t ahead_us)
{
    if (!usage_file_begin(counting->file))
        return false;
    usage_file_add(counting->file, APP, counting->app);
    usage_file_forget(counting->file, clock_wall_us() + later_us + ahead_us,
                      clock_monotonic_us() + later_us);
    if (!usage_file_commit(counting->file))
        return false;
    usage_mark_sent(counting->app);
    return true;
}

static void what_is_too_old_is_deleted_after_a_day(void **state)
{
    static const int64_t days[] = {93, 8, 0};
    struct usage_file_case counting = usage_file_case_new(1);

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(days); i++) {
        minutes_add(counting.app, usage_file_now - days[i] * DAY, "/a", 1, 0);
        assert_true(saved_later(&counting, 0, 0));
    }
    assert_int_equal(usage_file_case_rows("true"), 6);

    assert_true(saved_later(&counting, DAY_S * SECOND_US, 0));

    assert_int_equal(usage_file_case_rows("span = 0"), 1);
    assert_int_equal(usage_file_case_rows("span = 1"), 2);
    usage_file_case_free(&counting);
}

/* For an hour, in which /usage is asked for each minute. */
static void a_clock_that_is_far_ahead_deletes_nothing(void **state)
{
    struct usage_file_case counting = usage_file_case_new(1);

    (void)state;
    for (int64_t day = 89; day >= 0; day--) {
        minutes_add(counting.app, usage_file_now - day * DAY, "/a", 1, 0);
        assert_true(saved_later(&counting, 0, 0));
    }
    const int64_t before = usage_file_case_rows("true");

    for (int64_t minute = 0; minute < HOUR; minute++)
        assert_true(saved_later(&counting, minute * MINUTE_US, 200 * DAY_S * SECOND_US));
    for (int64_t minute = HOUR; minute < 2 * HOUR; minute++)
        assert_true(saved_later(&counting, minute * MINUTE_US, 0));

    assert_int_equal(before, 180);
    assert_int_equal(usage_file_case_rows("true"), before);
    usage_file_case_free(&counting);
}

static void the_app_that_fills_the_file_loses_its_oldest_and_no_other_does(void **state)
{
    struct usage_file_case good = usage_file_case_new(1);
    struct stat status;

    (void)state;
    usage_file_free(good.file);
    good.file = usage_file_new(usage_file_path, 1, SMALL_BYTES);
    struct usage_file_case hostile = {.file = good.file, .usage = good.usage};
    hostile.app = usage_app_new(hostile.usage);
    minutes_add(good.app, usage_file_now - 100, "/a", 3, 0);
    assert_true(usage_file_case_saved(&good, APP));
    for (int64_t minute = usage_file_now - 100; minute <= usage_file_now; minute++) {
        usage_file_case_count_much(hostile.app, minute);
        assert_true(usage_file_case_saved(&hostile, "app0000000000666"));
    }

    usage_file_case_expect(good.file, APP, 3);
    json_t *of_good = usage_file_case_told(good.file, APP, &three_hours);
    assert_true(json_is_null(json_object_get(of_good, "hourly_before")));
    json_decref(of_good);
    /* The minutes that went are told by the hour, and the answer says so. */
    json_t *of_hostile = usage_file_case_told(good.file, "app0000000000666", &three_hours);
    assert_in_range(minutes_integer(of_hostile, "hourly_before"), (usage_file_now - 100) * 60,
                    (usage_file_now + HOUR) * 60);
    assert_int_equal(minutes_total(of_hostile, "allowed"), 101 * TALLY_PAIRS_MAX);
    json_decref(of_hostile);
    const int64_t kept = usage_file_case_rows("span = 0 AND app = 'app0000000000666'");
    assert_in_range(kept, 8, 60);
    assert_int_equal(stat(usage_file_path, &status), 0);
    assert_in_range(status.st_size, SMALL_BYTES / 2, SMALL_BYTES);
    usage_app_free(hostile.app);
    usage_file_case_free(&good);
}

/* None of them has a 64th of the file. At the end of an hour its last sixty minutes begin with it,
 * so what went is looked for in more. */
static void the_oldest_of_many_small_apps_give_way(void **state)
{
    struct usage_file_case counting = usage_file_case_new(1);

    (void)state;
    usage_file_free(counting.file);
    counting.file = usage_file_new(usage_file_path, 1, SMALL_BYTES);
    for (int i = 0; i < 3000; i++) {
        char app_id[APP_ID_BYTES + 1];
        struct usage_app *app = usage_app_new(counting.usage);

        (void)snprintf(app_id, sizeof(app_id), "app%013d", i);
        minutes_add(app, usage_file_now - HOUR + i / 50, "/some/longer/route/of/some/small/app", 1,
                    0);
        usage_app_free(counting.app);
        counting.app = app;
        assert_true(usage_file_case_saved(&counting, app_id));
    }

    usage_file_case_expect(counting.file, "app0000000002999", 1);
    assert_int_equal(usage_file_case_rows("span = 0 AND app = 'app0000000000000'"), 0);
    json_t *json = usage_file_case_told(counting.file, "app0000000000000", &three_hours);
    assert_true(json_is_integer(json_object_get(json, "hourly_before")));
    json_decref(json);
    usage_file_case_free(&counting);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_was_saved_is_told_by_the_next_process, usage_file_case_open),
        cmocka_unit_test_setup(what_has_grown_is_saved_again_and_counts_once, usage_file_case_open),
        cmocka_unit_test_setup(minutes_of_a_week_and_hours_of_ninety_days_are_told,
                               usage_file_case_open),
        cmocka_unit_test_setup(what_is_too_old_is_deleted_after_a_day, usage_file_case_open),
        cmocka_unit_test_setup(a_clock_that_is_far_ahead_deletes_nothing, usage_file_case_open),
        cmocka_unit_test_setup(the_app_that_fills_the_file_loses_its_oldest_and_no_other_does,
                               usage_file_case_open),
        cmocka_unit_test_setup(the_oldest_of_many_small_apps_give_way, usage_file_case_open),
    };
    const int failures = cmocka_run_group_tests(tests, NULL, NULL);

    scratch_remove();
    return failures;
}
