/* SPDX-License-Identifier: MIT */
#include "sqlite_restore.h"

#include "catalogue/stored_policy.h"
#include "sqlite_revision.h"

static enum catalogue_status app_restore(struct catalogue_sqlite *sqlite, const struct app *app,
                                         struct error *error);
static enum catalogue_status app_is_known(struct database *database, const struct app *app,
                                          struct error *error);
static bool policy_insert(struct database *database, const struct app *app,
                          const struct policy *policy, struct error *error);

/* The lock of each write is enough. */
enum catalogue_status sqlite_restore_begin(struct catalogue_backend *backend, struct error *error)
{
    (void)backend;
    (void)error;
    return CATALOGUE_CREATED;
}

void sqlite_restore_end(struct catalogue_backend *backend)
{
    (void)backend;
}

enum catalogue_status sqlite_restore_app(struct catalogue_backend *backend, const struct app *app,
                                         struct error *error)
{
    struct catalogue_sqlite *sqlite = sqlite_statements_backend(backend);

    if (!database_begin(sqlite->database, DATABASE_WRITE, error))
        return CATALOGUE_UNAVAILABLE;
    return sqlite_statements_end(sqlite, app_restore(sqlite, app, error), error);
}

static enum catalogue_status app_restore(struct catalogue_sqlite *sqlite, const struct app *app,
                                         struct error *error)
{
    struct database *database = sqlite->database;
    enum catalogue_status known = app_is_known(database, app, error);

    if (known != CATALOGUE_ABSENT)
        return known;
    sqlite3_stmt *insert = sqlite_statements_for(database, APP_INSERT, app->id);
    database_bind_text(insert, 2, app->name);
    database_bind_integer(insert, 3, app->created_at_us);
    if (!sqlite_revision_next(sqlite, error) || !database_run(database, insert, error))
        return CATALOGUE_UNAVAILABLE;
    for (size_t i = 0; i < app->key_count; i++) {
        sqlite3_stmt *key = sqlite_statements_for(database, KEY_INSERT, app->id);

        database_bind_bytes(key, 2, app->keys[i].bytes, KEY_DIGEST_BYTES);
        if (!database_run(database, key, error))
            return CATALOGUE_UNAVAILABLE;
    }
    if (app->state == APP_SUSPENDED &&
        !database_run(database, sqlite_statements_for(database, SUSPENSION_INSERT, app->id), error))
        return CATALOGUE_UNAVAILABLE;
    for (size_t i = 0; i < policy_set_count(app->policies); i++) {
        if (!policy_insert(database, app, policy_set_at(app->policies, i), error))
            return CATALOGUE_UNAVAILABLE;
    }
    return CATALOGUE_CREATED;
}

static enum catalogue_status app_is_known(struct database *database, const struct app *app,
                                          struct error *error)
{
    enum catalogue_status status = sqlite_statements_step(
        database, sqlite_statements_for(database, APP_SELECT, app->id), error);

    if (status == CATALOGUE_ABSENT)
        status = sqlite_statements_step(
            database, sqlite_statements_for(database, TOMBSTONE_SELECT, app->id), error);
    for (size_t i = 0; i < app->key_count && status == CATALOGUE_ABSENT; i++) {
        sqlite3_stmt *owner = database_statement(database, KEY_OWNER);

        database_bind_bytes(owner, 1, app->keys[i].bytes, KEY_DIGEST_BYTES);
        status = sqlite_statements_step(database, owner, error);
    }
    return status;
}

static bool policy_insert(struct database *database, const struct app *app,
                          const struct policy *policy, struct error *error)
{
    sqlite3_stmt *insert = sqlite_statements_for(database, POLICY_REPLACE, app->id);
    struct arena arena = {0};

    sqlite_statements_bind_policy(insert, policy, stored_policy_write(policy, &arena));
    bool is_done = database_run(database, insert, error);
    arena_close(&arena);
    return is_done;
}
