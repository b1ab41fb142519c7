/* SPDX-License-Identifier: MIT */
#include "sqlite_restore.h"

#include "base/clock.h"
#include "restorer.h"
#include "sqlite_admin.h"
#include "sqlite_revision.h"

static enum catalogue_status mark_take(struct database *database, const char *name,
                                       struct error *error);
static enum catalogue_status mark_drop(struct database *database, const char *name,
                                       struct error *error);
static enum catalogue_status app_restore(struct catalogue_sqlite *sqlite, const struct app *app,
                                         struct error *error);
static enum catalogue_status app_is_known(struct database *database, const struct app *app,
                                          struct error *error);
static enum catalogue_status keys_are_taken(struct database *database, const struct app *app,
                                            struct error *error);
static bool older_copy_remove(struct database *database, const struct app *app,
                              struct error *error);
static bool parts_insert(struct database *database, const struct app *app, struct error *error);
static bool policy_insert(struct database *database, const struct app *app,
                          const struct policy *policy, struct error *error);

enum catalogue_status sqlite_restore_begin(struct catalogue_backend *backend, const char *name,
                                           struct error *error)
{
    struct catalogue_sqlite *sqlite = sqlite_statements_backend(backend);

    if (!database_begin(sqlite->database, DATABASE_WRITE, error))
        return CATALOGUE_UNAVAILABLE;
    return sqlite_statements_end(sqlite, mark_take(sqlite->database, name, error), error);
}

/* If this fails, the mark ends when its time is over. */
void sqlite_restore_end(struct catalogue_backend *backend, const char *name)
{
    struct catalogue_sqlite *sqlite = sqlite_statements_backend(backend);
    struct error ignored;

    if (!database_begin(sqlite->database, DATABASE_WRITE, &ignored))
        return;
    (void)sqlite_statements_end(sqlite, mark_drop(sqlite->database, name, &ignored), &ignored);
}

bool sqlite_restore_read(struct database *database, struct catalogue_restorer *restorer,
                         struct error *error)
{
    sqlite3_stmt *select = database_statement(database, RESTORING_SELECT);
    enum catalogue_status status = sqlite_statements_step(database, select, error);
    const struct text stored = status == CATALOGUE_OK ? database_text(select, 0) : (struct text){0};

    *restorer = restorer_read(stored, clock_wall_us());
    return status != CATALOGUE_UNAVAILABLE;
}

enum catalogue_status sqlite_restore_app(struct catalogue_backend *backend, const struct app *app,
                                         struct error *error)
{
    struct catalogue_sqlite *sqlite = sqlite_statements_backend(backend);

    if (!database_begin(sqlite->database, DATABASE_WRITE, error))
        return CATALOGUE_UNAVAILABLE;
    return sqlite_statements_end_app(sqlite, app_restore(sqlite, app, error), error);
}

static enum catalogue_status mark_take(struct database *database, const char *name,
                                       struct error *error)
{
    sqlite3_stmt *replace = database_statement(database, RESTORING_REPLACE);
    char space[RESTORER_STORED_BYTES];
    struct catalogue_restorer restorer;

    if (!sqlite_restore_read(database, &restorer, error))
        return CATALOGUE_UNAVAILABLE;
    if (restorer.is_at_it && strcmp(restorer.name, name) != 0)
        return CATALOGUE_OK;
    database_bind_text(replace, 1, restorer_write(name, clock_wall_us(), space));
    return database_run(database, replace, error) ? CATALOGUE_CREATED : CATALOGUE_UNAVAILABLE;
}

static enum catalogue_status mark_drop(struct database *database, const char *name,
                                       struct error *error)
{
    struct catalogue_restorer restorer;

    if (!sqlite_restore_read(database, &restorer, error))
        return CATALOGUE_UNAVAILABLE;
    if (strcmp(restorer.name, name) != 0)
        return CATALOGUE_OK;
    return database_run(database, database_statement(database, RESTORING_DELETE), error)
               ? CATALOGUE_OK
               : CATALOGUE_UNAVAILABLE;
}

static enum catalogue_status app_restore(struct catalogue_sqlite *sqlite, const struct app *app,
                                         struct error *error)
{
    struct database *database = sqlite->database;
    enum catalogue_status status = app_is_known(database, app, error);

    if (status != CATALOGUE_ABSENT)
        return status;
    if (app->state == APP_DELETED)
        return sqlite_admin_bury(sqlite, app->id, error) ? CATALOGUE_CREATED
                                                         : CATALOGUE_UNAVAILABLE;
    sqlite3_stmt *insert = sqlite_statements_for(database, APP_INSERT, app->id);
    sqlite3_stmt *restored = sqlite_statements_for(database, RESTORED_REPLACE, app->id);
    database_bind_text(insert, 2, app->name);
    database_bind_integer(insert, 3, app->created_at_us);
    database_bind_integer(restored, 2, app->revision);
    if (!older_copy_remove(database, app, error) || !sqlite_revision_next(sqlite, error) ||
        !database_run(database, insert, error) || !database_run(database, restored, error) ||
        !parts_insert(database, app, error))
        return CATALOGUE_UNAVAILABLE;
    return CATALOGUE_CREATED;
}

/* CATALOGUE_OK: what is stored is newer than this copy, or cannot exist beside it. */
static enum catalogue_status app_is_known(struct database *database, const struct app *app,
                                          struct error *error)
{
    enum catalogue_status there = sqlite_statements_step(
        database, sqlite_statements_for(database, APP_SELECT, app->id), error);
    enum catalogue_status deleted = sqlite_statements_step(
        database, sqlite_statements_for(database, TOMBSTONE_SELECT, app->id), error);

    if (there == CATALOGUE_UNAVAILABLE || deleted == CATALOGUE_UNAVAILABLE)
        return CATALOGUE_UNAVAILABLE;
    if (there == CATALOGUE_ABSENT && deleted == CATALOGUE_OK)
        return CATALOGUE_OK;
    if (app->state == APP_DELETED)
        return CATALOGUE_ABSENT;
    if (there == CATALOGUE_OK) {
        sqlite3_stmt *before = sqlite_statements_for(database, RESTORED_BEFORE, app->id);

        database_bind_integer(before, 2, app->revision);
        enum catalogue_status is_older = sqlite_statements_step(database, before, error);
        if (is_older != CATALOGUE_OK)
            return is_older == CATALOGUE_ABSENT ? CATALOGUE_OK : is_older;
    }
    return keys_are_taken(database, app, error);
}

static enum catalogue_status keys_are_taken(struct database *database, const struct app *app,
                                            struct error *error)
{
    enum catalogue_status status = CATALOGUE_ABSENT;

    for (size_t i = 0; i < app->key_count && status == CATALOGUE_ABSENT; i++) {
        sqlite3_stmt *owner = database_statement(database, KEY_OWNER);

        database_bind_bytes(owner, 1, app->keys[i].bytes, KEY_DIGEST_BYTES);
        database_bind_text(owner, 2, text_of(app->id));
        status = sqlite_statements_step(database, owner, error);
    }
    return status;
}

static bool older_copy_remove(struct database *database, const struct app *app, struct error *error)
{
    static const enum sqlite_statement statements[] = {SUSPENSION_DELETE, UNUSED_DELETE,
                                                       POLICIES_DELETE, KEYS_DELETE, APP_DELETE};
    bool is_done = true;

    for (size_t i = 0; i < ARRAY_COUNT(statements) && is_done; i++) {
        is_done =
            database_run(database, sqlite_statements_for(database, statements[i], app->id), error);
    }
    return is_done;
}

static bool parts_insert(struct database *database, const struct app *app, struct error *error)
{
    bool is_done = true;

    for (size_t i = 0; i < app->key_count && is_done; i++) {
        sqlite3_stmt *key = sqlite_statements_for(database, KEY_INSERT, app->id);

        database_bind_bytes(key, 2, app->keys[i].bytes, KEY_DIGEST_BYTES);
        is_done = database_run(database, key, error);
    }
    if (app->state == APP_SUSPENDED && is_done) {
        is_done = database_run(database,
                               sqlite_statements_for(database, SUSPENSION_INSERT, app->id), error);
    }
    if (app_is_unused(app) && is_done)
        is_done =
            database_run(database, sqlite_statements_for(database, UNUSED_INSERT, app->id), error);
    for (size_t i = 0; i < policy_set_count(app->policies) && is_done; i++)
        is_done = policy_insert(database, app, policy_set_at(app->policies, i), error);
    return is_done;
}

static bool policy_insert(struct database *database, const struct app *app,
                          const struct policy *policy, struct error *error)
{
    sqlite3_stmt *insert = sqlite_statements_for(database, POLICY_REPLACE, app->id);
    struct arena arena = {0};

    sqlite_statements_bind_policy(insert, policy, &arena);
    bool is_done = database_run(database, insert, error);
    arena_close(&arena);
    return is_done;
}
