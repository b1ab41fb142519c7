/* SPDX-License-Identifier: MIT */
#include "journal/usage_file.h"

#include "base/clock.h"
#include "base/database.h"
#include "base/log.h"
#include "base/memory.h"
#include "metrics/figure.h"

#include <inttypes.h>
#include <stdatomic.h>

#define ROW_BYTES_MAX "1048576"
#define BYTES                                                                                      \
    "(length(counts) + ifnull(length(denied), 0) + ifnull(length(sums), 0)"                        \
    " + ifnull(length(cost), 0))"
#define PAGE_BYTES    4096 /* SQLite's own choice for a new file */
#define PRAGMAS_BYTES 160
#define SMALL_PART    64 /* an app may always have this part of the file */

enum statement { SAVE, READ, FORGET_OLD, PAGES, FREE_PAGES, LARGEST, SHORTEN_APP, SHORTEN_ALL };

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
    /* A few at a time, so that a clock that is far ahead for a moment loses only those. */
    [FORGET_OLD] = "DELETE FROM usage_spans WHERE rowid IN"
                   " (SELECT rowid FROM usage_spans WHERE span = ?1 AND start < ?2 LIMIT 1000)",
    [PAGES] = "PRAGMA page_count",
    [FREE_PAGES] = "PRAGMA freelist_count",
    [LARGEST] = "SELECT app, count(*), sum(" BYTES ") AS bytes"
                " FROM usage_spans GROUP BY app ORDER BY bytes DESC LIMIT 1",
    [SHORTEN_APP] = "DELETE FROM usage_spans WHERE rowid IN"
                    " (SELECT rowid FROM usage_spans WHERE app = ?1 ORDER BY span, start LIMIT ?2)",
    [SHORTEN_ALL] = "DELETE FROM usage_spans WHERE rowid IN"
                    " (SELECT rowid FROM usage_spans ORDER BY span, start"
                    "  LIMIT (SELECT count(*) / 16 + 1 FROM usage_spans))",
};

static const struct database_options options_of_both = {
    .table = "usage_spans",
    .migrations = migrations,
    .migration_count = ARRAY_COUNT(migrations),
    .additions = "",
    .statements = statements,
    .statement_count = ARRAY_COUNT(statements),
};

/* Counts need not survive a loss of power, and nobody may wait long for a lock. */
static const char pragmas_format[] = "PRAGMA synchronous = NORMAL;"
                                     "PRAGMA busy_timeout = 250;"
                                     "PRAGMA max_page_count = %" PRId64 ";";

/* A connection, and the thread that has it. */
struct side {
    struct database_options options;
    struct database *database; /* NULL: it is not open */
    bool is_damaged;           /* found when it was opened, or later */
    bool has_failed;           /* and the log says so */
    int64_t rests_until_us;
    struct error error; /* of the transaction under way; empty: none */
};

struct usage_file {
    char *path;
    uint64_t instance;
    int64_t bytes_max;
    char pragmas[PRAGMAS_BYTES];
    struct side saving;
    struct side reading;
    atomic_bool is_damaged; /* either side has found that, and the saving one must set it aside */
    struct figure failures;
};

struct adding {
    struct usage_file *file;
    const char *app_id;
};

static void side_init(struct side *side, const struct usage_file *file, bool must_write);
static bool side_open(struct side *side, struct usage_file *file);
static void side_close(struct side *side);
static void side_fail(struct side *side, struct usage_file *file, const char *event);
static void side_succeed(struct side *side, const char *event);
static bool set_aside(struct usage_file *file);
static bool make_room(struct side *side, int64_t bytes_max);
static int64_t ask_integer(struct side *side, enum statement which);
static bool shorten(struct side *side, int64_t bytes_max);
static bool run(struct side *side, sqlite3_stmt *statement);
static bool save_view(void *context, const struct usage_view *view);
static void forget_old(struct side *side);
static bool read_stretch(struct side *side, const char *app_id, struct usage_report *report,
                         const struct usage_cursor *cursor);
static bool read_span(struct side *side, const char *app_id, struct usage_report *report,
                      const struct usage_view *of_span);

struct usage_file *usage_file_new(const char *path, uint64_t instance, int64_t bytes_max)
{
    struct usage_file *file = MEMORY_NEW(struct usage_file);

    file->path = memory_string(path);
    file->instance = instance;
    file->bytes_max = bytes_max;
    (void)snprintf(file->pragmas, PRAGMAS_BYTES, pragmas_format, bytes_max / PAGE_BYTES);
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
    struct side *side = &file->saving;

    side->error = (struct error){0};
    if (clock_monotonic_us() < side->rests_until_us)
        return false;
    if (set_aside(file) && side_open(side, file) &&
        database_begin(side->database, DATABASE_WRITE, &side->error)) {
        if (make_room(side, file->bytes_max))
            return true;
        database_roll_back(side->database);
    }
    side_fail(side, file, "usage cannot be saved");
    return false;
}

void usage_file_add(struct usage_file *file, const char *app_id, struct usage_app *app)
{
    struct adding adding = {file, app_id};

    (void)usage_offer_unsent(app, &adding, save_view);
}

bool usage_file_commit(struct usage_file *file)
{
    struct side *side = &file->saving;

    forget_old(side);
    if (side->error.message[0] == '\0' && database_commit(side->database, &side->error)) {
        side_succeed(side, "usage is saved again");
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
    struct side *side = &file->reading;

    if (!usage_cursor_has_more(cursor, report))
        return FEED_READ_ALL;
    side->error = (struct error){0};
    if (clock_monotonic_us() < side->rests_until_us)
        return FEED_FAILED;
    /* A frozen one would never see what is saved once that is possible again. */
    if (side->database != NULL &&
        (database_has_moved(side->database) || database_is_frozen(side->database)))
        side_close(side);
    if (side_open(side, file) && database_begin(side->database, DATABASE_READ, &side->error)) {
        const bool was_read = read_stretch(side, app_id, report, cursor);

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

static void side_init(struct side *side, const struct usage_file *file, bool must_write)
{
    side->options = options_of_both;
    side->options.pragmas = file->pragmas;
    side->options.must_write = must_write;
    side->options.is_damaged = &side->is_damaged;
}

static bool side_open(struct side *side, struct usage_file *file)
{
    if (side->database == NULL)
        side->database = database_new(file->path, &side->options, &side->error);
    return side->database != NULL;
}

static void side_close(struct side *side)
{
    database_free(side->database);
    side->database = NULL;
}

/* It is opened anew next time, because it may then be another file, or one that can be written. */
static void side_fail(struct side *side, struct usage_file *file, const char *event)
{
    /* A frozen one may look damaged, because others write. */
    if (side->database != NULL && database_take_damage(side->database) &&
        !database_is_frozen(side->database))
        side->is_damaged = true;
    if (side->is_damaged)
        atomic_store(&file->is_damaged, true);
    side->is_damaged = false;
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

static void side_succeed(struct side *side, const char *event)
{
    if (side->has_failed)
        log_write(LOG_INFO, event, LOG_NONE);
    side->has_failed = false;
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

static bool make_room(struct side *side, int64_t bytes_max)
{
    const int64_t full_pages = 15 * (bytes_max / PAGE_BYTES) / 16;
    const int64_t pages = ask_integer(side, PAGES);
    const int64_t free_pages = ask_integer(side, FREE_PAGES);

    return side->error.message[0] == '\0' &&
           (pages - free_pages < full_pages || shorten(side, bytes_max));
}

/* 0 when that fails, which the side's error says. */
static int64_t ask_integer(struct side *side, enum statement which)
{
    sqlite3_stmt *statement = database_statement(side->database, which);
    const enum database_step step = database_step(side->database, statement, &side->error);
    const int64_t value = step == DATABASE_ROW ? database_integer(statement, 0) : 0;

    (void)sqlite3_reset(statement);
    return value;
}

static bool shorten(struct side *side, int64_t bytes_max)
{
    sqlite3_stmt *largest = database_statement(side->database, LARGEST);

    if (database_step(side->database, largest, &side->error) != DATABASE_ROW)
        return side->error.message[0] == '\0'; /* then there is nothing to delete */

    const bool is_large = database_integer(largest, 2) > bytes_max / SMALL_PART;
    sqlite3_stmt *statement =
        database_statement(side->database, is_large ? SHORTEN_APP : SHORTEN_ALL);

    if (is_large) {
        database_bind_text(statement, 1, database_text(largest, 0));
        database_bind_integer(statement, 2, database_integer(largest, 1) / 2 + 1);
    }
    const bool was_run = run(side, statement);

    (void)sqlite3_reset(largest);
    return was_run;
}

static bool run(struct side *side, sqlite3_stmt *statement)
{
    const bool was_run = database_run(side->database, statement, &side->error);

    (void)sqlite3_reset(statement);
    return was_run;
}

/* A usage_take_fn. */
static bool save_view(void *context, const struct usage_view *view)
{
    const struct adding *adding = context;
    struct side *side = &adding->file->saving;
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
    return side->error.message[0] == '\0' && run(side, statement);
}

/* What fails here fails the commit. */
static void forget_old(struct side *side)
{
    const int64_t now = clock_wall_us() / MINUTE_US;
    bool was_run = side->error.message[0] == '\0';

    for (enum usage_span span = 0; was_run && span < USAGE_SPANS; span++) {
        sqlite3_stmt *statement = database_statement(side->database, FORGET_OLD);
        const int64_t kept_minutes = usage_kept_minutes[span] + usage_stretch_minutes[span];

        database_bind_integer(statement, 1, span);
        database_bind_integer(statement, 2, now - kept_minutes);
        was_run = run(side, statement);
    }
}

static bool read_stretch(struct side *side, const char *app_id, struct usage_report *report,
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
static bool read_span(struct side *side, const char *app_id, struct usage_report *report,
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
