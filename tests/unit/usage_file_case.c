/* SPDX-License-Identifier: MIT */
#include "usage_file_case.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/document.h"

#include <sqlite3.h>

char usage_file_path[USAGE_FILE_PATH];
int64_t usage_file_now;

int usage_file_case_open(void **state)
{
    char directory[SCRATCH_PATH_BYTES];

    (void)state;
    scratch_directory("usage", directory);
    (void)snprintf(usage_file_path, sizeof(usage_file_path), "%s/data/usage.db", directory);
    usage_file_now = clock_wall_us() / MINUTE_US;
    return 0;
}

struct usage_file_case usage_file_case_new(uint64_t instance)
{
    struct usage_file_case counting = {
        .file = usage_file_new(usage_file_path, instance, USAGE_FILE_BYTES_MAX),
        .usage = usage_new(USAGE_BYTES_MAX),
    };

    counting.app = usage_app_new(counting.usage);
    return counting;
}

void usage_file_case_free(struct usage_file_case *counting)
{
    usage_app_free(counting->app);
    usage_free(counting->usage);
    usage_file_free(counting->file);
}

bool usage_file_case_saved(const struct usage_file_case *counting, const char *app_id)
{
    if (!usage_file_begin(counting->file))
        return false;
    if (usage_file_has_lost(counting->file))
        usage_mark_unsent(counting->app);
    usage_file_add(counting->file, app_id, counting->app);
    if (!usage_file_commit(counting->file))
        return false;
    usage_mark_sent(counting->app);
    return true;
}

json_t *usage_file_case_told(struct usage_file *file, const char *app_id,
                             const struct usage_query *query)
{
    struct usage_report report;
    struct arena arena = {0};
    struct error error;
    json_t *json = NULL;
    enum feed_reading reading;

    usage_report_init(&report, query, usage_file_now, &arena);
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

void usage_file_case_expect(struct usage_file *file, const char *app_id, int64_t allowed)
{
    const struct usage_query day = {.window_minutes = DAY, .step_minutes = HOUR};
    json_t *json = usage_file_case_told(file, app_id, &day);

    assert_non_null(json);
    assert_int_equal(minutes_total(json, "allowed"), allowed);
    json_decref(json);
}

void usage_file_case_execute(const char *sql)
{
    sqlite3 *database = NULL;

    assert_int_equal(sqlite3_open(usage_file_path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

int64_t usage_file_case_rows(const char *where)
{
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    char sql[160];

    (void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM usage_spans WHERE %s", where);
    assert_int_equal(sqlite3_open(usage_file_path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(database, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    const int64_t count = sqlite3_column_int64(statement, 0);
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
    return count;
}

void usage_file_case_count_much(struct usage_app *app, int64_t minute)
{
    for (int i = 0; i < TALLY_PAIRS_MAX; i++) {
        char route[64];

        (void)snprintf(route, sizeof(route), "/some/longer/route/of/a/hostile/app/%d", i);
        minutes_add(app, minute, route, 1, 0);
    }
}
