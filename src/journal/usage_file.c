/* SPDX-License-Identifier: MIT */
#include "journal/usage_file.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "usage_file_state.h"

#include <inttypes.h>

#define ROW_BYTES_MAX "1048576"
#define BYTES                                                                                      \
    "(length(counts) + ifnull(length(denied), 0) + ifnull(length(sums), 0)"                        \
    " + ifnull(length(cost), 0))"
#define PATIENCE_US (DAY_S * SECOND_US) /* as the catalogue has it, before it deletes apps */

static const char *const migrations[] = {
    "CREATE TABLE usage_spans ("
    " span INTEGER NOT NULL,"  /* enum usage_span */
    " start INTEGER NOT NULL," /* minute since 1970 */
    " app TEXT NOT NULL,"
    " instance INTEGER NOT NULL,"
    " part INTEGER NOT NULL,"
    " counts BLOB NOT NULL," /* from here on enum usage_content */
    " denied BLOB,"
    " sums BLOB,"
    " cost BLOB,"
    " UNIQUE (span, start, app, instance, part));",
};

/* The newest minute of an app that has given way: before, there are only hours. And how often each
 * process has saved, by which it sees that the file is another one, or an old copy. */
static const char additions[] = "CREATE TABLE IF NOT EXISTS usage_shortened ("
                                " app TEXT NOT NULL PRIMARY KEY,"
                                " minute INTEGER NOT NULL) WITHOUT ROWID;"
                                "CREATE TABLE IF NOT EXISTS usage_savers ("
                                " instance INTEGER NOT NULL PRIMARY KEY,"
                                " saves INTEGER NOT NULL,"
                                " minute INTEGER NOT NULL);"; /* of the last one */

/* The time comes first in the key, so that new rows go to its end, and old ones are found there. */
static const char *const statements[] = {
    [SAVE] =
        "INSERT INTO usage_spans (span, start, app, instance, part, counts, denied, sums, cost)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
        " ON CONFLICT (span, start, app, instance, part)"
        " DO UPDATE SET counts = excluded.counts, denied = excluded.denied,"
        " sums = excluded.sums, cost = excluded.cost",
    [READ] = "SELECT counts, denied, sums, cost FROM usage_spans"
             " WHERE span = ?1 AND start = ?2 AND app = ?3 AND " BYTES " <= " ROW_BYTES_MAX,
    [FORGET_OLD] = "DELETE FROM usage_spans WHERE rowid IN"
                   " (SELECT rowid FROM usage_spans WHERE span = ?1 AND start < ?2 LIMIT 1000)",
    [PAGES] = "PRAGMA page_count",
    [FREE_PAGES] = "PRAGMA freelist_count",
    [ROWS] = "SELECT count(*) FROM usage_spans",
    [LARGEST] = "SELECT app, count(*), sum(" BYTES ") AS bytes"
                " FROM usage_spans GROUP BY app ORDER BY bytes DESC LIMIT 1",
    /* Of one app, or of all: the minutes that SHORTEN deletes, unless they are still to come. */
    [NOTE_SHORTENED] = "INSERT INTO usage_shortened (app, minute)"
                       " SELECT app, max(start) FROM"
                       " (SELECT app, span, start FROM usage_spans WHERE ?1 IS NULL OR app = ?1"
                       "  ORDER BY span, start LIMIT ?2)"
                       " WHERE span = 0 AND start <= ?3 GROUP BY app"
                       " ON CONFLICT (app) DO UPDATE SET minute = max(minute, excluded.minute)",
    [SHORTEN] = "DELETE FROM usage_spans WHERE rowid IN"
                " (SELECT rowid FROM usage_spans WHERE ?1 IS NULL OR app = ?1"
                "  ORDER BY span, start LIMIT ?2)",
    [SHORTENED] = "SELECT minute FROM usage_shortened WHERE app = ?1",
    [FORGET_SHORTENED] = "DELETE FROM usage_shortened WHERE minute < ?1",
    [SAVES] = "SELECT saves FROM usage_savers WHERE instance = ?1",
    [NOTE_SAVE] = "INSERT INTO usage_savers (instance, saves, minute) VALUES (?1, ?2, ?3)"
                  " ON CONFLICT (instance)"
                  " DO UPDATE SET saves = excluded.saves, minute = excluded.minute",
    [FORGET_SAVERS] = "DELETE FROM usage_savers WHERE minute < ?1",
};

static const struct database_options options_of_both = {
    .table = "usage_spans",
    .migrations = migrations,
    .migration_count = ARRAY_COUNT(migrations),
    .additions = additions,
    .statements = statements,
    .statement_count = ARRAY_COUNT(statements),
    .busy_timeout_ms = 250,
};

/* Counts need not survive a loss of power. */
static const char pragmas_format[] = "PRAGMA synchronous = NORMAL;"
                                     "PRAGMA max_page_count = %" PRId64 ";";

struct adding {
    struct usage_file *file;
    const char *app_id;
};

static void side_init(struct usage_side *side, const struct usage_file *file, bool must_write);
static bool side_open(struct usage_side *side, struct usage_file *file);
static void side_close(struct usage_side *side);
static void side_fail(struct usage_side *side, struct usage_file *file, const char *event);
static void side_succeed(struct usage_side *side, const char *event);
static bool set_aside(struct usage_file *file);
static bool look_for_loss(struct usage_file *file);
static bool note_save(struct usage_file *file);
static bool save_view(void *context, const struct usage_view *view);
static bool read_stretch(struct usage_side *side, const char *app_id, struct usage_report *report,
                         const struct usage_cursor *cursor);
static bool read_span(struct usage_side *side, const char *app_id, struct usage_report *report,
                      const struct usage_view *of_span);

struct usage_file *usage_file_new(const char *path, uint64_t instance, int64_t bytes_max)
{
    struct usage_file *file = MEMORY_NEW(struct usage_file);

    file->path = memory_string(path);
    file->instance = instance;
    file->bytes_max = bytes_max;
    (void)snprintf(file->pragmas, USAGE_FILE_PRAGMAS_BYTES, pragmas_format,
                   bytes_max / USAGE_FILE_PAGE_BYTES);
    steady_clock_init(&file->clock, clock_wall_us(), clock_monotonic_us());
    side_init(&file->saving, file, true);
    side_init(&file->reading, file, false);
    /* A failure has been told by then, and the first save tries again. */
    if (usage_file_begin(file))
        (void)!usage_file_commit(file);
    return file;
}

void usage_file_free(struct usage_file *file)
{
    if (file == NULL)
        return;
    side_close(&file->reading);
    side_close(&file->saving);
    free(file->path);
    free(file);
}

void usage_file_wake(struct usage_file *file)
{
    file->saving.rests_until_us = 0;
}

bool usage_file_begin(struct usage_file *file)
{
    struct usage_side *side = &file->saving;

    side->error = (struct error){0};
    if (clock_monotonic_us() < side->rests_until_us)
        return false;
    if (side->database != NULL && database_has_moved(side->database))
        side_close(side);
    if (set_aside(file) && side_open(side, file) &&
        database_begin(side->database, DATABASE_WRITE, &side->error)) {
        if (usage_file_room_make(side, file->bytes_max) && look_for_loss(file))
            return true;
        database_roll_back(side->database);
    }
    side_fail(side, file, "usage cannot be saved");
    return false;
}

bool usage_file_has_lost(const struct usage_file *file)
{
    return file->has_lost;
}

void usage_file_add(struct usage_file *file, const char *app_id, struct usage_app *app)
{
    struct adding adding = {file, app_id};

    (void)usage_offer_unsent(app, &adding, save_view);
}

void usage_file_forget(struct usage_file *file, int64_t wall_us, int64_t monotonic_us)
{
    if (steady_clock_look(&file->clock, wall_us, monotonic_us) >= PATIENCE_US)
        usage_file_room_forget(&file->saving, wall_us / MINUTE_US);
}

bool usage_file_commit(struct usage_file *file)
{
    struct usage_side *side = &file->saving;

    if (side->error.message[0] == '\0' && note_save(file) &&
        database_commit(side->database, &side->error)) {
        file->saves++;
        side_succeed(side, "usage is saved again");
        if (file->has_lost)
            log_write(LOG_WARN, "usage was lost, and what is held here is saved again",
                      LOG_STRING("path", file->path));
        return true;
    }
    /* After a commit that failed there is nothing to roll back, and that does no harm. */
    database_roll_back(side->database);
    side_fail(side, file, "usage cannot be saved");
    return false;
}

enum feed_reading usage_file_read(struct usage_file *file, const char *app_id,
                                  struct usage_report *report, struct usage_cursor *cursor)
{
    struct usage_side *side = &file->reading;

    if (!usage_cursor_has_more(cursor, report))
        return FEED_READ_ALL;
    side->error = (struct error){0};
    if (clock_monotonic_us() < side->rests_until_us)
        return FEED_FAILED;
    /* A frozen one would never see what is saved once that is possible again. Opening it may take a
     * while, so that is done once for each report. */
    if (side->database != NULL &&
        (database_has_moved(side->database) ||
         (usage_cursor_is_at_start(cursor, report) && database_is_frozen(side->database))))
        side_close(side);
    if (side_open(side, file) && database_begin(side->database, DATABASE_READ, &side->error)) {
        const bool was_read = usage_file_room_tell(side, app_id, report, cursor) &&
                              read_stretch(side, app_id, report, cursor);

        database_roll_back(side->database);
        if (was_read) {
            side_succeed(side, "usage is read again");
            usage_cursor_advance(cursor);
            return FEED_READ_SOME;
        }
    }
    side_fail(side, file, "usage cannot be read");
    return FEED_FAILED;
}

uint64_t usage_file_failures(const struct usage_file *file)
{
    return figure_get(&file->failures);
}

static void side_init(struct usage_side *side, const struct usage_file *file, bool must_write)
{
    side->options = options_of_both;
    side->options.pragmas = file->pragmas;
    side->options.must_write = must_write;
    side->options.is_damaged = &side->is_damaged;
}

static bool side_open(struct usage_side *side, struct usage_file *file)
{
    if (side->database == NULL)
        side->database = database_new(file->path, &side->options, &side->error);
    return side->database != NULL;
}

static void side_close(struct usage_side *side)
{
    database_free(side->database);
    side->database = NULL;
}

/* It is opened anew next time, because it may then be another file, or one that can be written. */
static void side_fail(struct usage_side *side, struct usage_file *file, const char *event)
{
    /* A frozen one may look damaged, because others write. */
    if (side->database != NULL && database_take_damage(side->database) &&
        !database_is_frozen(side->database))
        side->is_damaged = true;
    if (side->is_damaged)
        atomic_store(&file->is_damaged, true);
    side->is_damaged = false;
    side->was_full = side->database != NULL && database_was_full(side->database);
    side_close(side);
    side->rests_until_us = clock_monotonic_us() + USAGE_FILE_REST_US;
    if (side == &file->saving)
        figure_add(&file->failures, 1);
    if (!side->has_failed) {
        log_write(LOG_WARN, event, LOG_STRING("path", file->path),
                  LOG_STRING("reason", side->error.message));
    }
    side->has_failed = true;
}

static void side_succeed(struct usage_side *side, const char *event)
{
    if (side->has_failed)
        log_write(LOG_INFO, event, LOG_NONE);
    side->has_failed = false;
    side->was_full = false;
}

/* Also true when it is not damaged. */
static bool set_aside(struct usage_file *file)
{
    if (!atomic_load(&file->is_damaged))
        return true;
    side_close(&file->saving);
    if (!database_set_aside(file->path, &file->saving.error))
        return false;
    atomic_store(&file->is_damaged, false);
    log_write(LOG_ERROR, "usage begins anew, because its file is damaged and was set aside",
              LOG_STRING("path", file->path));
    return true;
}

/* False when that cannot be said. */
static bool look_for_loss(struct usage_file *file)
{
    struct usage_side *side = &file->saving;
    sqlite3_stmt *statement = database_statement(side->database, SAVES);
    int64_t saves = 0;

    database_bind_integer(statement, 1, (int64_t)file->instance);
    const enum database_step step = database_step(side->database, statement, &side->error);
    if (step == DATABASE_ROW)
        saves = database_integer(statement, 0);
    (void)sqlite3_reset(statement);
    file->has_lost = saves != file->saves;
    return step != DATABASE_FAILED;
}

static bool note_save(struct usage_file *file)
{
    struct usage_side *side = &file->saving;
    sqlite3_stmt *statement = database_statement(side->database, NOTE_SAVE);

    database_bind_integer(statement, 1, (int64_t)file->instance);
    database_bind_integer(statement, 2, file->saves + 1);
    database_bind_integer(statement, 3, clock_wall_us() / MINUTE_US);
    return usage_side_run(side, statement);
}

/* A usage_take_fn. */
static bool save_view(void *context, const struct usage_view *view)
{
    const struct adding *adding = context;
    struct usage_side *side = &adding->file->saving;
    sqlite3_stmt *statement = database_statement(side->database, SAVE);

    database_bind_integer(statement, 1, view->span);
    database_bind_integer(statement, 2, view->start);
    database_bind_text(statement, 3, text_of(adding->app_id));
    database_bind_integer(statement, 4, (int64_t)adding->file->instance);
    database_bind_integer(statement, 5, view->part);
    for (int i = 0; i < USAGE_CONTENTS; i++) {
        const struct text content = view->contents[i];

        database_bind_bytes(statement, 6 + i, (const uint8_t *)content.at, content.length);
    }
    return side->error.message[0] == '\0' && usage_side_run(side, statement);
}

static bool read_stretch(struct usage_side *side, const char *app_id, struct usage_report *report,
                         const struct usage_cursor *cursor)
{
    const int64_t end = cursor->minute + usage_stretch_minutes[cursor->span];
    struct usage_view view = {.span = cursor->span, .start = cursor->minute};

    for (; view.start < end && view.start < report->to;
         view.start += usage_span_minutes[cursor->span]) {
        if (!read_span(side, app_id, report, &view))
            return false;
    }
    return true;
}

/* One row of each process that counted in this span. */
static bool read_span(struct usage_side *side, const char *app_id, struct usage_report *report,
                      const struct usage_view *of_span)
{
    sqlite3_stmt *statement = database_statement(side->database, READ);
    enum database_step step;

    database_bind_integer(statement, 1, of_span->span);
    database_bind_integer(statement, 2, of_span->start);
    database_bind_text(statement, 3, text_of(app_id));
    while ((step = database_step(side->database, statement, &side->error)) == DATABASE_ROW) {
        struct usage_view view = *of_span;

        for (int i = 0; i < USAGE_CONTENTS; i++)
            view.contents[i] = database_blob(statement, i);
        usage_report_add(report, &view);
    }
    (void)sqlite3_reset(statement);
    return step == DATABASE_DONE;
}
