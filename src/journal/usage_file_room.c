/* SPDX-License-Identifier: MIT
 *
 * What is too old goes, and what no longer fits. */
#include "base/clock.h"
#include "usage_file_state.h"

#define SMALL_PART 64 /* an app may always have this part of the file */

static bool forget_before(struct usage_side *side, enum statement which, int64_t minute);
static int64_t ask_integer(struct usage_side *side, enum statement which);
static bool shorten(struct usage_side *side, int64_t bytes_max);
static bool shorten_by(struct usage_side *side, struct text app_id, int64_t rows);

bool usage_side_run(struct usage_side *side, sqlite3_stmt *statement)
{
    const bool was_run = database_run(side->database, statement, &side->error);

    (void)sqlite3_reset(statement);
    return was_run;
}

/* A save may need more room than is left in a file that is not nearly full. Then it fails, and is
 * undone, so what gives way for it must be committed first. If the disk is full, nothing need give
 * way: then there is as much room in the file as ever. */
bool usage_file_room_make(struct usage_side *side, int64_t bytes_max)
{
    const int64_t pages_max = bytes_max / USAGE_FILE_PAGE_BYTES;
    const int64_t full_pages = side->was_full ? pages_max / 2 : 15 * pages_max / 16;
    const int64_t pages = ask_integer(side, PAGES);
    const int64_t free_pages = ask_integer(side, FREE_PAGES);

    if (side->error.message[0] != '\0')
        return false;
    if (pages - free_pages < full_pages)
        return true;
    return shorten(side, bytes_max) && database_commit(side->database, &side->error) &&
           database_begin(side->database, DATABASE_WRITE, &side->error);
}

/* A part of it at a time, because nobody may wait long. */
void usage_file_room_forget(struct usage_side *side, int64_t now)
{
    bool was_run = side->error.message[0] == '\0';

    for (enum usage_span span = 0; was_run && span < USAGE_SPANS; span++) {
        sqlite3_stmt *statement = database_statement(side->database, FORGET_OLD);
        const int64_t kept_minutes = usage_kept_minutes[span] + usage_stretch_minutes[span];

        database_bind_integer(statement, 1, span);
        database_bind_integer(statement, 2, now - kept_minutes);
        was_run = usage_side_run(side, statement);
    }
    if (was_run && forget_before(side, FORGET_SHORTENED, now - usage_kept_minutes[USAGE_MINUTE]))
        (void)forget_before(side, FORGET_SAVERS, now - usage_kept_minutes[USAGE_HOUR]);
}

/* In memory, too, the hour of a minute that was dropped is told as an hour. */
bool usage_file_room_tell(struct usage_side *side, const char *app_id, struct usage_report *report,
                          const struct usage_cursor *cursor)
{
    sqlite3_stmt *statement = database_statement(side->database, SHORTENED);
    int64_t minute = -1;

    database_bind_text(statement, 1, text_of(app_id));
    const enum database_step step = database_step(side->database, statement, &side->error);
    if (step == DATABASE_ROW && database_holds_integer(statement, 0))
        minute = database_integer(statement, 0);
    (void)sqlite3_reset(statement);
    if (step == DATABASE_FAILED)
        return false;
    if (minute < 0 || minute >= report->to)
        return true;

    const int64_t hourly_before = minute - minute % HOUR_MINUTES + HOUR_MINUTES;

    if (hourly_before <= report->hourly_before)
        return true;
    if (!usage_cursor_is_at_start(cursor, report))
        return error_set(&side->error, "the file has become too full meanwhile");
    report->hourly_before = hourly_before;
    return true;
}

static bool forget_before(struct usage_side *side, enum statement which, int64_t minute)
{
    sqlite3_stmt *statement = database_statement(side->database, which);

    database_bind_integer(statement, 1, minute);
    return usage_side_run(side, statement);
}

/* 0 when that fails, which the side's error says. */
static int64_t ask_integer(struct usage_side *side, enum statement which)
{
    sqlite3_stmt *statement = database_statement(side->database, which);
    const enum database_step step = database_step(side->database, statement, &side->error);
    const int64_t value = step == DATABASE_ROW ? database_integer(statement, 0) : 0;

    (void)sqlite3_reset(statement);
    return value;
}

static bool shorten(struct usage_side *side, int64_t bytes_max)
{
    sqlite3_stmt *largest = database_statement(side->database, LARGEST);

    if (database_step(side->database, largest, &side->error) != DATABASE_ROW)
        return side->error.message[0] == '\0'; /* then there is nothing to delete */

    const bool is_large = database_integer(largest, 2) > bytes_max / SMALL_PART;
    const struct text app_id = is_large ? database_text(largest, 0) : text_of(NULL);
    const int64_t rows = is_large ? database_integer(largest, 1) / 2 : ask_integer(side, ROWS) / 16;
    const bool was_shortened = shorten_by(side, app_id, rows + 1);

    (void)sqlite3_reset(largest);
    return was_shortened;
}

/* An absent id: of all apps together. */
static bool shorten_by(struct usage_side *side, struct text app_id, int64_t rows)
{
    static const enum statement steps[] = {NOTE_SHORTENED, SHORTEN};
    bool was_run = true;

    for (size_t i = 0; was_run && i < ARRAY_COUNT(steps); i++) {
        sqlite3_stmt *statement = database_statement(side->database, steps[i]);

        database_bind_text(statement, 1, app_id);
        database_bind_integer(statement, 2, rows);
        if (steps[i] == NOTE_SHORTENED)
            database_bind_integer(statement, 3, clock_wall_us() / MINUTE_US);
        was_run = usage_side_run(side, statement);
    }
    return was_run;
}
