/* SPDX-License-Identifier: MIT */
#include "sqlite_mark.h"

#include "base/log.h"

#include "sqlite_statements.h"

static bool reopen(struct catalogue_sqlite *sqlite, struct error *error);
static enum catalogue_status mark_read(struct database *database, struct catalogue_mark *mark,
                                       struct error *error);
static enum catalogue_status mark_claim(struct database *database, const struct pepper *pepper,
                                        const struct catalogue_identity *identity,
                                        struct error *error);

enum catalogue_status sqlite_mark_read(struct catalogue_backend *backend,
                                       struct catalogue_mark *mark, struct error *error)
{
    struct catalogue_sqlite *sqlite = sqlite_statements_backend(backend);

    if (database_has_moved(sqlite->database) && !reopen(sqlite, error))
        return CATALOGUE_UNAVAILABLE;
    struct database *database = sqlite->database;
    if (!database_begin(database, DATABASE_READ, error))
        return CATALOGUE_UNAVAILABLE;
    return sqlite_statements_end(database, mark_read(database, mark, error), error);
}

enum catalogue_status sqlite_mark_claim(struct catalogue_backend *backend,
                                        const struct pepper *pepper,
                                        const struct catalogue_identity *identity,
                                        struct error *error)
{
    struct database *database = sqlite_statements_backend(backend)->database;

    if (!database_begin(database, DATABASE_WRITE, error))
        return CATALOGUE_UNAVAILABLE;
    return sqlite_statements_end(database, mark_claim(database, pepper, identity, error), error);
}

/* What is now at the path is judged as any other catalogue: empty, or another one. */
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
    mark->has_pepper = status == CATALOGUE_OK;
    if (mark->has_pepper &&
        !database_bytes(pepper, 0, mark->pepper.bytes, sizeof(mark->pepper.bytes))) {
        (void)error_set(error, "the stored pepper is not %d bytes long", PEPPER_BYTES);
        return CATALOGUE_UNAVAILABLE;
    }
    status = sqlite_statements_step(database, identity, error);
    if (status == CATALOGUE_UNAVAILABLE)
        return status;
    mark->has_identity =
        status == CATALOGUE_OK &&
        database_bytes(identity, 0, (uint8_t *)&mark->identity, sizeof(mark->identity));
    return CATALOGUE_OK;
}

static enum catalogue_status mark_claim(struct database *database, const struct pepper *pepper,
                                        const struct catalogue_identity *identity,
                                        struct error *error)
{
    sqlite3_stmt *insert = database_statement(database, PEPPER_INSERT);
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
