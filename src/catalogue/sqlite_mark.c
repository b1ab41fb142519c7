/* SPDX-License-Identifier: MIT */
#include "sqlite_mark.h"

#include "base/clock.h"
#include "base/log.h"

#include "sqlite_restore.h"
#include "sqlite_revision.h"

static bool reopen(struct catalogue_sqlite *sqlite, struct error *error);
static enum catalogue_status mark_read(struct database *database, struct catalogue_mark *mark,
                                       struct error *error);
static bool progress_read(struct database *database, int64_t written, struct catalogue_mark *mark,
                          struct error *error);
static bool revision_read(struct database *database, sqlite3_stmt *select, int64_t *revision,
                          struct error *error);
static enum catalogue_status mark_claim(struct database *database, const struct pepper *pepper,
                                        const struct catalogue_identity *identity,
                                        struct error *error);

enum catalogue_status sqlite_mark_read(struct catalogue_backend *backend, int64_t written,
                                       struct catalogue_mark *mark, struct error *error)
{
    struct catalogue_sqlite *sqlite = sqlite_statements_backend(backend);

    if (database_has_moved(sqlite->database) && !reopen(sqlite, error))
        return CATALOGUE_UNAVAILABLE;
    if (database_is_frozen(sqlite->database) && database_thaw(&sqlite->database))
        log_write(LOG_INFO, "database can be written", LOG_NONE);
    if (!database_begin(sqlite->database, DATABASE_READ, error))
        return CATALOGUE_UNAVAILABLE;
    enum catalogue_status status = mark_read(sqlite->database, mark, error);
    if (status == CATALOGUE_OK && (!progress_read(sqlite->database, written, mark, error) ||
                                   !sqlite_restore_read(sqlite->database, &mark->restorer, error)))
        status = CATALOGUE_UNAVAILABLE;
    return sqlite_statements_end(sqlite, status, error);
}

enum catalogue_status sqlite_mark_claim(struct catalogue_backend *backend,
                                        const struct pepper *pepper,
                                        const struct catalogue_identity *identity,
                                        struct error *error)
{
    struct catalogue_sqlite *sqlite = sqlite_statements_backend(backend);

    if (!database_begin(sqlite->database, DATABASE_WRITE, error))
        return CATALOGUE_UNAVAILABLE;
    return sqlite_statements_end(sqlite, mark_claim(sqlite->database, pepper, identity, error),
                                 error);
}

/* The file that is now at the path is judged like any other catalogue: empty, or another one. */
static bool reopen(struct catalogue_sqlite *sqlite, struct error *error)
{
    if (!database_reopen(&sqlite->database, error))
        return false;
    log_write(LOG_ERROR, "catalogue file moved or deleted",
              LOG_STRING("done", "opened what is at its path now"));
    return true;
}

static enum catalogue_status mark_read(struct database *database, struct catalogue_mark *mark,
                                       struct error *error)
{
    sqlite3_stmt *pepper = database_statement(database, PEPPER_SELECT);
    sqlite3_stmt *identity = database_statement(database, IDENTITY_SELECT);

    *mark = (struct catalogue_mark){0};
    enum catalogue_status status = sqlite_statements_step(database, pepper, error);
    if (status == CATALOGUE_UNAVAILABLE)
        return status;
    mark->has_pepper = status == CATALOGUE_OK &&
                       database_bytes(pepper, 0, mark->pepper.bytes, sizeof(mark->pepper.bytes));
    mark->is_pepper_damaged = status == CATALOGUE_OK && !mark->has_pepper;
    status = sqlite_statements_step(database, identity, error);
    if (status == CATALOGUE_UNAVAILABLE)
        return status;
    mark->has_identity =
        status == CATALOGUE_OK &&
        database_bytes(identity, 0, (uint8_t *)&mark->identity, sizeof(mark->identity));
    mark->is_identity_damaged = status == CATALOGUE_OK && !mark->has_identity;
    return CATALOGUE_OK;
}

static bool progress_read(struct database *database, int64_t written, struct catalogue_mark *mark,
                          struct error *error)
{
    sqlite3_stmt *newest = database_statement(database, REVISION_NEWEST);
    sqlite3_stmt *last = database_statement(database, HISTORY_NEWEST);
    sqlite3_stmt *has = database_statement(database, HISTORY_HAS);
    sqlite3_stmt *oldest = database_statement(database, REVISION_OLDEST);
    int64_t explained = 0;
    sqlite3_stmt *lost = database_statement(database, APPS_LOST);
    int64_t is_there = 0;
    int64_t first = 0;
    int64_t is_lost = 0;

    if (!sqlite_revision_explained(database, &explained, error))
        return false;
    database_bind_integer(newest, 1, explained);
    database_bind_integer(last, 1, explained);
    database_bind_integer(has, 1, written);
    database_bind_integer(has, 2, CATALOGUE_WRITES_MAX);
    if (!revision_read(database, newest, &mark->progress.newest, error) ||
        !revision_read(database, last, &mark->progress.written, error) ||
        !revision_read(database, has, &is_there, error) ||
        !revision_read(database, oldest, &first, error) ||
        !revision_read(database, lost, &is_lost, error))
        return false;
    if (database_holds_integer(oldest, 0)) {
        const int64_t age_us = clock_wall_us() - first;
        mark->progress.age_us = age_us > 1 ? age_us : 1;
    }
    mark->lacks_write = is_there == 0;
    mark->has_lost_list = is_lost != 0;
    return true;
}

/* Reads the number that `select` finds; 0 if there is none. */
static bool revision_read(struct database *database, sqlite3_stmt *select, int64_t *revision,
                          struct error *error)
{
    enum catalogue_status status = sqlite_statements_step(database, select, error);

    *revision = status == CATALOGUE_OK ? database_integer(select, 0) : 0;
    return status != CATALOGUE_UNAVAILABLE;
}

static enum catalogue_status mark_claim(struct database *database, const struct pepper *pepper,
                                        const struct catalogue_identity *identity,
                                        struct error *error)
{
    sqlite3_stmt *insert = database_statement(database, PEPPER_REPLACE);
    sqlite3_stmt *replace = database_statement(database, IDENTITY_REPLACE);
    struct catalogue_mark mark;
    enum catalogue_status status = mark_read(database, &mark, error);

    if (status != CATALOGUE_OK)
        return status;
    if ((mark.has_identity && memcmp(&mark.identity, identity, sizeof(*identity)) != 0) ||
        (mark.has_pepper && pepper != NULL && memcmp(&mark.pepper, pepper, sizeof(*pepper)) != 0))
        return CATALOGUE_OK;
    if (pepper != NULL) {
        database_bind_bytes(insert, 1, pepper->bytes, sizeof(pepper->bytes));
        if (!database_run(database, insert, error))
            return CATALOGUE_UNAVAILABLE;
    }
    database_bind_bytes(replace, 1, (const uint8_t *)identity, sizeof(*identity));
    return database_run(database, replace, error) ? CATALOGUE_CREATED : CATALOGUE_UNAVAILABLE;
}
