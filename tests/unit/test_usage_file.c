/* SPDX-License-Identifier: MIT
 *
 * Usage in a file: what was saved is told by the next process, and a file that fails is told, and
 * costs nothing else. */
#include "base/app_id.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/document.h"
#include "journal/usage_file.h"
#include "minutes.h"
#include "support/scratch.h"
#include "support/wait.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#define APP         "app0000000000001"
#define PATH_BYTES  (SCRATCH_PATH_BYTES + 32)
#define SMALL_BYTES ((int64_t)512 * 1024)
#define PATIENCE_S  30

/* A process that counts: its file, and one app. */
struct counting {
    struct usage_file *file;
    struct usage *usage;
    struct usage_app *app;
};

static char path[PATH_BYTES];
static int64_t now; /* a minute */

static int open_path(void **state)
{
    char directory[SCRATCH_PATH_BYTES];

    (void)state;
    scratch_directory("usage", directory);
    (void)snprintf(path, sizeof(path), "%s/data/usage.db", directory);
    now = clock_wall_us() / MINUTE_US;
    return 0;
}

static struct counting counting_new(uint64_t instance)
{
    struct counting counting = {
        .file = usage_file_new(path, instance, USAGE_FILE_BYTES_MAX),
        .usage = usage_new(USAGE_BYTES_MAX),
    };

    counting.app = usage_app_new(counting.usage);
    return counting;
}

static void counting_free(struct counting *counting)
{
    usage_app_free(counting->app);
    usage_free(counting->usage);
    usage_file_free(counting->file);
}

static bool saved(const struct counting *counting, const char *app_id)
{
    if (!usage_file_begin(counting->file))
        return false;
    usage_file_add(counting->file, app_id, counting->app);
    if (!usage_file_commit(counting->file))
        return false;
    usage_mark_sent(counting->app);
    return true;
}

/* The answer of GET /usage from the file; NULL when it cannot be read. */
static json_t *told(struct usage_file *file, const char *app_id, const struct usage_query *query)
{
    struct usage_report report;
    struct arena arena = {0};
    struct error error;
    json_t *json = NULL;
    enum feed_reading reading;

    usage_report_init(&report, query, now, &arena);
    struct usage_cursor cursor = usage_cursor_start(&report);
    while ((reading = usage_file_read(file, app_id, &report, &cursor)) == FEED_READ_SOME)
        continue;
    if (reading == FEED_READ_ALL) {
        json = document_parse(usage_report_write(&report, &arena), &error);
        assert_non_null(json);
    }
    usage_report_close(&report);
    arena_close(&arena);
    return json;
}

static void expect_allowed(struct usage_file *file, const char *app_id, int64_t allowed)
{
    const struct usage_query day = {.window_minutes = DAY, .step_minutes = HOUR};
    json_t *json = told(file, app_id, &day);

    assert_non_null(json);
    assert_int_equal(minutes_total(json, "allowed"), allowed);
    json_decref(json);
}

static void execute(const char *sql)
{
    sqlite3 *database = NULL;

    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

static int64_t count_rows(const char *where)
{
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    char sql[160];

    (void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM usage_spans WHERE %s", where);
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(database, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    const int64_t count = sqlite3_column_int64(statement, 0);
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
    return count;
}

static void what_was_saved_is_told_by_the_next_process(void **state)
{
    struct counting first = counting_new(1);

    (void)state;
    minutes_add(first.app, now - 90, "/a", 7, 0);
    minutes_add(first.app, now, "/a", 1, 2);
    minutes_add_denied(first.app, TEXT("bob"), 2);
    minutes_add_decision(first.app, now, "tokens", 1500);
    assert_true(saved(&first, APP));
    counting_free(&first);
    struct counting second = counting_new(2);
    minutes_add(second.app, now, "/a", 10, 0);
    minutes_add_decision(second.app, now, "tokens", 500);
    assert_true(saved(&second, APP));

    expect_allowed(second.file, APP, 20);
    expect_allowed(second.file, "app0000000000002", 0);
    json_t *json = told(second.file, APP, &minutes_last_hour);
    assert_int_equal(minutes_at(json, now, "allowed"), 13);
    const json_t *tokens = json_array_get(json_object_get(json, "costs"), 0);
    assert_int_equal(minutes_integer(tokens, "cost"), 2000);
    assert_int_equal(minutes_total(json, "denied"), 2);
    const json_t *top = json_object_get(json_object_get(json, "top_denied"), "subjects");
    assert_int_equal(minutes_integer(json_array_get(top, 0), "denied"), 2);
    json_decref(json);
    counting_free(&second);
}

static void what_has_grown_is_saved_again_and_counts_once(void **state)
{
    struct counting counting = counting_new(1);

    (void)state;
    for (int i = 1; i <= 5; i++) {
        minutes_add(counting.app, now, "/a", 1, 0);
        assert_true(saved(&counting, APP));
        assert_true(saved(&counting, APP));
        expect_allowed(counting.file, APP, i);
    }

    assert_int_equal(count_rows("true"), 2); /* a minute and an hour */
    counting_free(&counting);
}

static void minutes_of_a_week_and_hours_of_ninety_days_are_told(void **state)
{
    const struct usage_query week = {.window_minutes = 7 * DAY, .step_minutes = 7};
    const struct usage_query quarter = {.window_minutes = 90 * DAY, .step_minutes = DAY};
    struct counting counting = counting_new(1);

    (void)state;
    minutes_add(counting.app, now - 89 * DAY, "/a", 1, 0);
    minutes_add(counting.app, now - 6 * DAY, "/a", 2, 0);
    minutes_add(counting.app, now, "/a", 4, 0);
    assert_true(saved(&counting, APP));
    /* Memory has let them go. */
    usage_app_forget(counting.app);

    json_t *json = told(counting.file, APP, &quarter);
    assert_int_equal(minutes_total(json, "allowed"), 7);
    json_decref(json);
    json = told(counting.file, APP, &week);
    assert_true(json_is_null(json_object_get(json, "hourly_before")));
    assert_int_equal(minutes_total(json, "allowed"), 6);
    json_decref(json);
    counting_free(&counting);
}

static void what_is_too_old_is_deleted(void **state)
{
    struct counting counting = counting_new(1);

    (void)state;
    minutes_add(counting.app, now - 93 * DAY, "/a", 1, 0);
    minutes_add(counting.app, now - 8 * DAY, "/a", 1, 0);
    minutes_add(counting.app, now, "/a", 1, 0);
    assert_true(saved(&counting, APP));

    assert_int_equal(count_rows("span = 0"), 1);
    assert_int_equal(count_rows("span = 1"), 2);
    counting_free(&counting);
}

/* 200 pairs of long names are some 12 KiB a minute. */
static void count_much(struct usage_app *app, int64_t minute)
{
    for (int i = 0; i < TALLY_PAIRS_MAX; i++) {
        char route[64];

        (void)snprintf(route, sizeof(route), "/some/longer/route/of/a/hostile/app/%d", i);
        minutes_add(app, minute, route, 1, 0);
    }
}

static void the_app_that_fills_the_file_loses_its_oldest_and_no_other_does(void **state)
{
    struct counting good = counting_new(1);
    struct stat status;

    (void)state;
    usage_file_free(good.file);
    good.file = usage_file_new(path, 1, SMALL_BYTES);
    struct counting hostile = {.file = good.file, .usage = good.usage};
    hostile.app = usage_app_new(hostile.usage);
    minutes_add(good.app, now - 100, "/a", 3, 0);
    assert_true(saved(&good, APP));
    for (int64_t minute = now - 100; minute <= now; minute++) {
        count_much(hostile.app, minute);
        assert_true(saved(&hostile, "app0000000000666"));
    }

    expect_allowed(good.file, APP, 3);
    const int64_t kept = count_rows("span = 0 AND app = 'app0000000000666'");
    assert_in_range(kept, 8, 60);
    assert_int_equal(stat(path, &status), 0);
    assert_in_range(status.st_size, SMALL_BYTES / 2, SMALL_BYTES);
    usage_app_free(hostile.app);
    counting_free(&good);
}

/* None of them has a 64th of the file. */
static void the_oldest_of_many_small_apps_give_way(void **state)
{
    struct counting counting = counting_new(1);

    (void)state;
    usage_file_free(counting.file);
    counting.file = usage_file_new(path, 1, SMALL_BYTES);
    for (int i = 0; i < 3000; i++) {
        char app_id[APP_ID_BYTES + 1];
        struct usage_app *app = usage_app_new(counting.usage);

        (void)snprintf(app_id, sizeof(app_id), "app%013d", i);
        minutes_add(app, now - HOUR + i / 50, "/some/longer/route/of/some/small/app", 1, 0);
        usage_app_free(counting.app);
        counting.app = app;
        assert_true(saved(&counting, app_id));
    }

    expect_allowed(counting.file, "app0000000002999", 1);
    assert_int_equal(count_rows("span = 0 AND app = 'app0000000000000'"), 0);
    counting_free(&counting);
}

static void while_the_file_is_locked_nothing_is_saved_and_later_all_is(void **state)
{
    struct counting counting = counting_new(1);
    sqlite3 *database = NULL;

    (void)state;
    minutes_add(counting.app, now, "/a", 1, 0);
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);

    assert_false(saved(&counting, APP));
    assert_false(saved(&counting, APP)); /* it rests */
    assert_int_equal(usage_file_failures(counting.file), 1);
    expect_allowed(counting.file, APP, 0);

    assert_int_equal(sqlite3_exec(database, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
    WAIT_FOR (PATIENCE_S, saved(&counting, APP))
        ;
    expect_allowed(counting.file, APP, 1);
    counting_free(&counting);
}

static void a_damaged_file_is_set_aside_and_another_begun(void **state)
{
    static const char *const damages[] = {"no database", "SQLite format 3"};
    char aside[PATH_BYTES + 16];
    struct stat status;

    (void)state;
    (void)snprintf(aside, sizeof(aside), "%s.damaged", path);
    for (size_t i = 0; i < ARRAY_COUNT(damages); i++) {
        struct counting counting = counting_new(1);
        counting_free(&counting);
        scratch_rewrite(path, damages[i]);
        counting = counting_new(1);
        usage_file_wake(counting.file);

        minutes_add(counting.app, now, "/a", 1, 0);
        assert_true(saved(&counting, APP));

        expect_allowed(counting.file, APP, 1);
        assert_int_equal(stat(aside, &status), 0);
        counting_free(&counting);
        assert_int_equal(unlink(aside), 0);
        assert_int_equal(unlink(path), 0);
    }
}

/* What the readers' thread finds, the flusher's thread mends. */
static void damage_that_reading_finds_is_set_aside_too(void **state)
{
    struct counting counting = counting_new(1);
    char *content;
    FILE *file;

    (void)state;
    count_much(counting.app, now);
    assert_true(saved(&counting, APP));
    execute("PRAGMA wal_checkpoint(TRUNCATE)");
    usage_file_free(counting.file);
    file = fopen(path, "r+");
    assert_non_null(file);
    assert_int_equal(fseek(file, 4096, SEEK_SET), 0);
    content = calloc(1, 8 * 4096);
    assert_int_equal(fwrite(content, 4096, 8, file), 8);
    free(content);
    assert_int_equal(fclose(file), 0);

    counting.file = usage_file_new(path, 1, USAGE_FILE_BYTES_MAX);
    const struct usage_query day = {.window_minutes = DAY, .step_minutes = HOUR};
    assert_null(told(counting.file, APP, &day));
    usage_file_wake(counting.file);
    minutes_add(counting.app, now, "/b", 5, 0);
    assert_true(saved(&counting, APP));

    json_t *json = NULL;
    WAIT_FOR (PATIENCE_S, (json = told(counting.file, APP, &day)) != NULL)
        ;
    assert_int_equal(minutes_total(json, "allowed"), TALLY_PAIRS_MAX + 5);
    json_decref(json);
    counting_free(&counting);
}

static void a_file_that_is_not_ours_or_is_newer_is_left_alone(void **state)
{
    static const char *const others[] = {
        "CREATE TABLE letters (id INTEGER)",
        "CREATE TABLE usage_spans (id INTEGER); PRAGMA user_version = 9",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
        struct counting counting = counting_new(1);
        counting_free(&counting);
        assert_int_equal(unlink(path), 0);
        execute(others[i]);
        char *before = scratch_read(path);
        counting = counting_new(1);
        usage_file_wake(counting.file);

        minutes_add(counting.app, now, "/a", 1, 0);
        assert_false(saved(&counting, APP));

        char *after = scratch_read(path);
        assert_string_equal(before, after);
        free(before);
        free(after);
        counting_free(&counting);
        assert_int_equal(unlink(path), 0);
    }
}

static void a_file_that_was_deleted_is_made_anew(void **state)
{
    struct counting counting = counting_new(1);

    (void)state;
    minutes_add(counting.app, now, "/a", 1, 0);
    assert_true(saved(&counting, APP));
    expect_allowed(counting.file, APP, 1);
    assert_int_equal(unlink(path), 0);

    minutes_add(counting.app, now, "/a", 1, 0);
    assert_false(saved(&counting, APP));
    usage_file_wake(counting.file);
    assert_true(saved(&counting, APP));

    expect_allowed(counting.file, APP, 2);
    counting_free(&counting);
}

/* Whoever writes into the file may write anything. */
static void rows_that_are_no_usage_are_passed_over(void **state)
{
    struct counting counting = counting_new(1);
    char sql[500];

    (void)state;
    minutes_add(counting.app, now, "/a", 1, 0);
    assert_true(saved(&counting, APP));
    (void)snprintf(sql, sizeof(sql),
                   "INSERT INTO usage_spans (span, start, app, instance, part, counts, denied)"
                   " VALUES (1, %lld, '" APP "', 9, 0, x'ff00ff', 'x'),"
                   " (1, %lld, '" APP "', 9, 1, '', x''), (0, %lld, '" APP "', 9, 2, 7, 1.5),"
                   " (1, %lld, '" APP "', 9, 3, zeroblob(9000000), NULL)",
                   (long long)(now - now % HOUR), (long long)(now - now % HOUR), (long long)now,
                   (long long)(now - now % HOUR));
    execute(sql);

    expect_allowed(counting.file, APP, 1);
    counting_free(&counting);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_was_saved_is_told_by_the_next_process, open_path),
        cmocka_unit_test_setup(what_has_grown_is_saved_again_and_counts_once, open_path),
        cmocka_unit_test_setup(minutes_of_a_week_and_hours_of_ninety_days_are_told, open_path),
        cmocka_unit_test_setup(what_is_too_old_is_deleted, open_path),
        cmocka_unit_test_setup(the_app_that_fills_the_file_loses_its_oldest_and_no_other_does,
                               open_path),
        cmocka_unit_test_setup(the_oldest_of_many_small_apps_give_way, open_path),
        cmocka_unit_test_setup(while_the_file_is_locked_nothing_is_saved_and_later_all_is,
                               open_path),
        cmocka_unit_test_setup(a_damaged_file_is_set_aside_and_another_begun, open_path),
        cmocka_unit_test_setup(damage_that_reading_finds_is_set_aside_too, open_path),
        cmocka_unit_test_setup(a_file_that_is_not_ours_or_is_newer_is_left_alone, open_path),
        cmocka_unit_test_setup(a_file_that_was_deleted_is_made_anew, open_path),
        cmocka_unit_test_setup(rows_that_are_no_usage_are_passed_over, open_path),
    };
    const int failures = cmocka_run_group_tests(tests, NULL, NULL);

    scratch_remove();
    return failures;
}
