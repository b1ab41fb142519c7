/* SPDX-License-Identifier: MIT */
#include "sqlite_revision.h"

#include "base/clock.h"

static bool last_read(struct database *database, int64_t *last, struct error *error);
static int64_t greater(int64_t a, int64_t b);

bool sqlite_revision_explained(struct database *database, int64_t *explained, struct error *error)
{
    int64_t last = 0;

    if (!last_read(database, &last, error))
        return false;
    *explained = greater(last, clock_wall_us());
    return true;
}

bool sqlite_revision_next(struct catalogue_sqlite *sqlite, struct error *error)
{
    struct database *database = sqlite->database;
    sqlite3_stmt *replace = database_statement(database, REVISION_REPLACE);
    sqlite3_stmt *insert = database_statement(database, HISTORY_INSERT);
    sqlite3_stmt *trim = database_statement(database, HISTORY_TRIM);
    int64_t last = 0;

    if (!last_read(database, &last, error))
        return false;
    sqlite->given = greater(last + 1, clock_wall_us());
    database_bind_integer(replace, 1, sqlite->given);
    database_bind_integer(insert, 1, sqlite->given);
    database_bind_integer(trim, 1, sqlite->given);
    database_bind_integer(trim, 2, CATALOGUE_WRITES_MAX);
    return database_run(database, replace, error) && database_run(database, insert, error) &&
           database_run(database, trim, error);
}

enum catalogue_status sqlite_revision_give(struct catalogue_sqlite *sqlite, const char *app_id,
                                           struct error *error)
{
    struct database *database = sqlite->database;

    if (!sqlite_revision_next(sqlite, error) ||
        !database_run(database, sqlite_statements_for(database, APP_REVISE, app_id), error))
        return CATALOGUE_UNAVAILABLE;
    return database_changes(database) == 0 ? CATALOGUE_ABSENT : CATALOGUE_OK;
}

/* *last is 0 if there is none, or it is damaged. */
static bool last_read(struct database *database, int64_t *last, struct error *error)
{
    sqlite3_stmt *select = database_statement(database, REVISION_SELECT);
    enum catalogue_status status = sqlite_statements_step(database, select, error);

    *last = 0;
    if (status == CATALOGUE_OK && database_holds_integer(select, 0)) {
        const int64_t stored = database_integer(select, 0);
        *last = stored > 0 && stored < CATALOGUE_REVISION_MAX ? stored : 0;
    }
    return status != CATALOGUE_UNAVAILABLE;
}

static int64_t greater(int64_t a, int64_t b)
{
    return a > b ? a : b;
}
