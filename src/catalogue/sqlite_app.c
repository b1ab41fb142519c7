/* SPDX-License-Identifier: MIT */
#include "sqlite_app.h"

#include "catalogue/stored_policy.h"
#include "sqlite_revision.h"

enum column { NAME, CREATED_AT, REVISION, SUSPENDED, UNUSED };

static enum catalogue_status deletions_look_up(struct database *database, int64_t revision,
                                               struct error *error);
static enum catalogue_status app_read(struct database *database, struct app *app, int64_t explained,
                                      struct error *error);
static enum catalogue_status keys_read(struct database *database, struct app *app,
                                       struct error *error);
static enum catalogue_status policies_read(struct database *database, struct app *app,
                                           struct error *error);
static enum catalogue_status change(struct catalogue_sqlite *sqlite, sqlite3_stmt *row,
                                    int64_t *revision, void *context, catalogue_visit_fn *visit,
                                    struct error *error);
static enum catalogue_status damaged(struct error *error, const char *what);

enum catalogue_status sqlite_app_load(struct catalogue_sqlite *sqlite, const char *app_id,
                                      struct app **app, struct error *error)
{
    int64_t explained = 0;

    if (!sqlite_revision_explained(sqlite->database, &explained, error))
        return CATALOGUE_UNAVAILABLE;
    struct app *loaded = app_new();
    (void)snprintf(loaded->id, sizeof(loaded->id), "%s", app_id);
    enum catalogue_status status = app_read(sqlite->database, loaded, explained, error);
    if (status == CATALOGUE_OK)
        status = keys_read(sqlite->database, loaded, error);
    if (status == CATALOGUE_OK)
        status = policies_read(sqlite->database, loaded, error);
    if (status == CATALOGUE_UNAVAILABLE && database_take_damage(sqlite->database))
        status = CATALOGUE_DAMAGED;
    if (status == CATALOGUE_DAMAGED)
        damages_tell(&sqlite->damages, text_of(app_id), error->message);
    if (status == CATALOGUE_OK)
        *app = loaded;
    else
        app_release(loaded);
    return status;
}

enum catalogue_status sqlite_app_revision(struct catalogue_sqlite *sqlite, const char *app_id,
                                          int64_t *revision, struct error *error)
{
    sqlite3_stmt *select = sqlite_statements_for(sqlite->database, APP_REVISION, app_id);
    enum catalogue_status status = sqlite_statements_step(sqlite->database, select, error);

    if (status != CATALOGUE_OK)
        return status;
    if (!database_holds_integer(select, 0))
        return damaged(error, "revision");
    *revision = database_integer(select, 0);
    return CATALOGUE_OK;
}

enum catalogue_status sqlite_app_changes(struct catalogue_sqlite *sqlite, int64_t *revision,
                                         void *context, catalogue_visit_fn *visit,
                                         struct error *error)
{
    sqlite3_stmt *select = database_statement(sqlite->database, APPS_CHANGED);
    enum catalogue_status status = deletions_look_up(sqlite->database, *revision, error);

    if (status != CATALOGUE_OK)
        return status;
    /* A revision below the first one is damaged. Only a read from the start visits and logs it. */
    database_bind_integer(select, 1, *revision == 0 ? INT64_MIN : *revision);
    status = sqlite_statements_step(sqlite->database, select, error);
    while (status == CATALOGUE_OK) {
        status = change(sqlite, select, revision, context, visit, error);
        if (status == CATALOGUE_OK)
            status = sqlite_statements_step(sqlite->database, select, error);
    }
    return status == CATALOGUE_ABSENT ? CATALOGUE_OK : status;
}

/* CATALOGUE_ABSENT: a deletion after this revision is forgotten. */
static enum catalogue_status deletions_look_up(struct database *database, int64_t revision,
                                               struct error *error)
{
    sqlite3_stmt *forgotten = database_statement(database, FORGOTTEN_SELECT);
    int64_t explained = 0;

    if (!sqlite_revision_explained(database, &explained, error))
        return CATALOGUE_UNAVAILABLE;
    database_bind_integer(forgotten, 1, explained);
    enum catalogue_status status = sqlite_statements_step(database, forgotten, error);
    if (status == CATALOGUE_UNAVAILABLE)
        return status;
    return status == CATALOGUE_OK && revision > 0 && revision < database_integer(forgotten, 0)
               ? CATALOGUE_ABSENT
               : CATALOGUE_OK;
}

/* Looks for a deletion first, because parts of a deleted app may be left that could not be
 * deleted. */
static enum catalogue_status app_read(struct database *database, struct app *app, int64_t explained,
                                      struct error *error)
{
    sqlite3_stmt *select = sqlite_statements_for(database, APP_SELECT, app->id);
    sqlite3_stmt *deleted = sqlite_statements_for(database, TOMBSTONE_SELECT, app->id);
    enum catalogue_status status = sqlite_statements_step(database, deleted, error);

    if (status == CATALOGUE_OK)
        return CATALOGUE_ABSENT;
    if (status == CATALOGUE_ABSENT)
        status = sqlite_statements_step(database, select, error);
    if (status != CATALOGUE_OK)
        return status;
    struct text name = database_text(select, NAME);
    if (name.length == 0 || name.length > APP_NAME_BYTES_MAX)
        return damaged(error, "name");
    if (!database_holds_integer(select, CREATED_AT) || database_integer(select, CREATED_AT) < 0 ||
        database_integer(select, CREATED_AT) >= CATALOGUE_REVISION_MAX)
        return damaged(error, "created_at");
    if (!database_holds_integer(select, REVISION) || database_integer(select, REVISION) <= 0 ||
        database_integer(select, REVISION) > explained)
        return damaged(error, "revision");
    app->name = text_copy(&app->arena, name);
    app->created_at_us = database_integer(select, CREATED_AT);
    app->revision = database_integer(select, REVISION);
    if (database_integer(select, SUSPENDED) != 0)
        app->state = APP_SUSPENDED;
    app->is_unused = database_integer(select, UNUSED) != 0;
    return CATALOGUE_OK;
}

static enum catalogue_status keys_read(struct database *database, struct app *app,
                                       struct error *error)
{
    sqlite3_stmt *select = sqlite_statements_for(database, KEYS_SELECT, app->id);
    enum catalogue_status status = sqlite_statements_step(database, select, error);

    for (; status == CATALOGUE_OK; status = sqlite_statements_step(database, select, error)) {
        if (app->key_count == APP_KEYS_MAX) {
            (void)error_set(error, "SQLite: the app has more than %d keys", APP_KEYS_MAX);
            return CATALOGUE_DAMAGED;
        }
        if (!database_bytes(select, 0, app->keys[app->key_count].bytes, KEY_DIGEST_BYTES)) {
            (void)error_set(error, "SQLite: a key of the app is damaged");
            return CATALOGUE_DAMAGED;
        }
        app->key_count++;
    }
    if (status == CATALOGUE_ABSENT && app->key_count == 0) {
        (void)error_set(error, "SQLite: the app has no key");
        return CATALOGUE_DAMAGED;
    }
    return status == CATALOGUE_ABSENT ? CATALOGUE_OK : status;
}

static enum catalogue_status policies_read(struct database *database, struct app *app,
                                           struct error *error)
{
    sqlite3_stmt *select = sqlite_statements_for(database, POLICIES_SELECT, app->id);
    sqlite3_stmt *count = sqlite_statements_for(database, POLICIES_COUNT, app->id);
    enum catalogue_status status = sqlite_statements_step(database, count, error);
    struct stored_policies policies;

    if (status == CATALOGUE_OK && database_integer(count, 0) > POLICIES_PER_APP_MAX) {
        (void)error_set(error, "SQLite: the app has too many policies");
        status = CATALOGUE_DAMAGED;
    }
    if (status != CATALOGUE_OK)
        return status;
    status = sqlite_statements_step(database, select, error);
    stored_policies_begin(&policies, app);
    for (; status == CATALOGUE_OK; status = sqlite_statements_step(database, select, error))
        stored_policies_add(&policies, database_text(select, 0));
    if (status == CATALOGUE_UNAVAILABLE)
        return status;
    stored_policies_finish(&policies);
    return CATALOGUE_OK;
}

/* An impossible revision does not move the cursor. Such rows sort after the others. */
static enum catalogue_status change(struct catalogue_sqlite *sqlite, sqlite3_stmt *row,
                                    int64_t *revision, void *context, catalogue_visit_fn *visit,
                                    struct error *error)
{
    struct text id = database_text(row, 0);
    char app_id[APP_ID_BYTES + 1];
    struct app *app = NULL;
    int64_t explained = 0;

    if (!sqlite_revision_explained(sqlite->database, &explained, error))
        return CATALOGUE_UNAVAILABLE;
    if (!database_holds_integer(row, 1) || database_integer(row, 1) <= 0 ||
        database_integer(row, 1) > explained) {
        damages_tell(&sqlite->damages, id, "SQLite: the app's revision is damaged");
        return CATALOGUE_OK;
    }
    if (app_id_read(id, app_id)) {
        const enum catalogue_status status = sqlite_app_load(sqlite, app_id, &app, error);
        if (status == CATALOGUE_UNAVAILABLE)
            return status;
        if (status == CATALOGUE_OK)
            visit(context, app);
        if (status == CATALOGUE_ABSENT)
            visit(context, app_new_deleted(app_id, database_integer(row, 1)));
        if (status == CATALOGUE_DAMAGED)
            visit(context, app_new_damaged(app_id, database_integer(row, 1)));
    } else {
        damages_tell(&sqlite->damages, id, "SQLite: this is no id of an app");
    }
    *revision = database_integer(row, 1);
    return CATALOGUE_OK;
}

static enum catalogue_status damaged(struct error *error, const char *what)
{
    (void)error_set(error, "SQLite: the app's %s is damaged", what);
    return CATALOGUE_DAMAGED;
}
