/* SPDX-License-Identifier: MIT */
#include "sqlite_admin.h"

#include "sqlite_revision.h"

static enum catalogue_status app_run(struct catalogue_backend *backend, const char *app_id,
                                     const enum sqlite_statement statements[], size_t count,
                                     const struct key_digest *key, struct error *error);
static enum catalogue_status app_change(struct catalogue_sqlite *sqlite, const char *app_id,
                                        const enum sqlite_statement statements[], size_t count,
                                        const struct key_digest *key, struct error *error);

static bool entomb(struct catalogue_sqlite *sqlite, const char *app_id, struct error *error);

bool sqlite_admin_bury(struct catalogue_sqlite *sqlite, const char *app_id, struct error *error)
{
    static const enum sqlite_statement statements[] = {SUSPENSION_DELETE, UNUSED_DELETE,
                                                       POLICIES_DELETE,   KEYS_DELETE,
                                                       RESTORED_DELETE,   APP_DELETE};
    bool is_done = true;

    for (size_t i = 0; i < ARRAY_COUNT(statements) && is_done; i++) {
        is_done =
            database_run(sqlite->database,
                         sqlite_statements_for(sqlite->database, statements[i], app_id), error);
    }
    return is_done && entomb(sqlite, app_id, error);
}

/* If a part of the app cannot be deleted, the app still counts as deleted. */
enum catalogue_status sqlite_admin_remove(struct catalogue_backend *backend, const char *app_id,
                                          struct error *error)
{
    struct catalogue_sqlite *sqlite = sqlite_statements_backend(backend);

    if (!database_begin(sqlite->database, DATABASE_WRITE, error))
        return CATALOGUE_UNAVAILABLE;
    enum catalogue_status status = sqlite_statements_step(
        sqlite->database, sqlite_statements_for(sqlite->database, APP_SELECT, app_id), error);
    if (status == CATALOGUE_OK && !sqlite_admin_bury(sqlite, app_id, error))
        status = CATALOGUE_UNAVAILABLE;
    status = sqlite_statements_end_app(sqlite, status, error);
    if (status != CATALOGUE_DAMAGED)
        return status;
    if (!database_begin(sqlite->database, DATABASE_WRITE, error))
        return CATALOGUE_UNAVAILABLE;
    status = entomb(sqlite, app_id, error) ? CATALOGUE_OK : CATALOGUE_UNAVAILABLE;
    return sqlite_statements_end_app(sqlite, status, error);
}

enum catalogue_status sqlite_admin_suspend(struct catalogue_backend *backend, const char *app_id,
                                           bool is_suspended, struct error *error)
{
    const enum sqlite_statement statement = is_suspended ? SUSPENSION_INSERT : SUSPENSION_DELETE;

    return app_run(backend, app_id, &statement, 1, NULL, error);
}

enum catalogue_status sqlite_admin_rekey(struct catalogue_backend *backend, const char *app_id,
                                         const struct key_digest *key, struct error *error)
{
    static const enum sqlite_statement statements[] = {KEYS_DELETE, KEY_INSERT};

    return app_run(backend, app_id, statements, ARRAY_COUNT(statements), key, error);
}

static enum catalogue_status app_run(struct catalogue_backend *backend, const char *app_id,
                                     const enum sqlite_statement statements[], size_t count,
                                     const struct key_digest *key, struct error *error)
{
    struct catalogue_sqlite *sqlite = sqlite_statements_backend(backend);

    if (!database_begin(sqlite->database, DATABASE_WRITE, error))
        return CATALOGUE_UNAVAILABLE;
    return sqlite_statements_end_app(
        sqlite, app_change(sqlite, app_id, statements, count, key, error), error);
}

static bool entomb(struct catalogue_sqlite *sqlite, const char *app_id, struct error *error)
{
    sqlite3_stmt *insert = sqlite_statements_for(sqlite->database, TOMBSTONE_INSERT, app_id);
    sqlite3_stmt *forgotten = database_statement(sqlite->database, FORGOTTEN_REPLACE);
    sqlite3_stmt *trim = database_statement(sqlite->database, TOMBSTONES_TRIM);

    database_bind_integer(forgotten, 1, APPS_DELETED_MAX);
    database_bind_integer(trim, 1, APPS_DELETED_MAX);
    return sqlite_revision_next(sqlite, error) && database_run(sqlite->database, insert, error) &&
           database_run(sqlite->database, forgotten, error) &&
           database_run(sqlite->database, trim, error);
}

/* Under the next revision. */
static enum catalogue_status app_change(struct catalogue_sqlite *sqlite, const char *app_id,
                                        const enum sqlite_statement statements[], size_t count,
                                        const struct key_digest *key, struct error *error)
{
    struct database *database = sqlite->database;
    enum catalogue_status status = sqlite_revision_give(sqlite, app_id, error);

    for (size_t i = 0; i < count && status == CATALOGUE_OK; i++) {
        sqlite3_stmt *statement = sqlite_statements_for(database, statements[i], app_id);

        if (statements[i] == KEY_INSERT)
            database_bind_bytes(statement, 2, key->bytes, sizeof(key->bytes));
        if (!database_run(database, statement, error))
            status = CATALOGUE_UNAVAILABLE;
    }
    return status;
}
