/* SPDX-License-Identifier: MIT
 *
 * The catalogue in a database file. Several processes may share it. A write is one transaction,
 * which also takes the next revision. So revisions are in the order of the commits, and changes()
 * misses none. */
#include "base/memory.h"
#include "catalogue/stored_policy.h"
#include "sqlite_admin.h"
#include "sqlite_app.h"
#include "sqlite_mark.h"
#include "sqlite_restore.h"
#include "sqlite_revision.h"
#include "sqlite_statements.h"
#include "sqlite_unused.h"

static catalogue_app_create_fn on_app_create;
static catalogue_app_find_fn on_app_find;
static catalogue_app_load_fn on_app_load;
static catalogue_app_revision_fn on_app_revision;
static catalogue_policy_save_fn on_policy_save;
static catalogue_policy_remove_fn on_policy_remove;
static catalogue_changes_fn on_changes;
static catalogue_free_fn on_free;

static enum catalogue_status app_create(struct catalogue_sqlite *sqlite,
                                        const struct catalogue_new_app *new, struct error *error);
static enum catalogue_status app_is_taken(struct database *database,
                                          const struct catalogue_new_app *new, struct error *error);
static enum catalogue_status apps_are_too_many(struct database *database, int64_t apps_max,
                                               struct error *error);
static enum catalogue_status policy_save(struct catalogue_sqlite *sqlite, const char *app_id,
                                         struct policy *policy, bool *afresh, struct error *error);
static enum catalogue_status policy_number(struct database *database, const char *app_id,
                                           struct policy *policy, bool *afresh, struct arena *arena,
                                           struct error *error);
static enum catalogue_status policy_remove(struct catalogue_sqlite *sqlite, const char *app_id,
                                           const struct policy_identity *identity,
                                           struct error *error);

static const struct catalogue_operations operations = {
    .mark_read = sqlite_mark_read,
    .mark_claim = sqlite_mark_claim,
    .restore_begin = sqlite_restore_begin,
    .restore_end = sqlite_restore_end,
    .app_restore = sqlite_restore_app,
    .app_create = on_app_create,
    .app_find = on_app_find,
    .app_load = on_app_load,
    .app_revision = on_app_revision,
    .policy_save = on_policy_save,
    .policy_remove = on_policy_remove,
    .app_remove = sqlite_admin_remove,
    .app_suspend = sqlite_admin_suspend,
    .app_rekey = sqlite_admin_rekey,
    .app_use = sqlite_unused_end,
    .app_expire = sqlite_unused_expire,
    .changes = on_changes,
    .free = on_free,
};

struct catalogue_backend *catalogue_sqlite_new(const char *path, struct error *error)
{
    struct database *database = database_new(path, &sqlite_statements_options, error);

    if (database == NULL)
        return NULL;
    struct catalogue_sqlite *sqlite = MEMORY_NEW(struct catalogue_sqlite);
    sqlite->backend.operations = &operations;
    sqlite->database = database;
    return &sqlite->backend;
}

static enum catalogue_status on_app_create(struct catalogue_backend *backend,
                                           const struct catalogue_new_app *new, struct error *error)
{
    struct catalogue_sqlite *sqlite = sqlite_statements_backend(backend);

    if (!database_begin(sqlite->database, DATABASE_WRITE, error))
        return CATALOGUE_UNAVAILABLE;
    return sqlite_statements_end_app(sqlite, app_create(sqlite, new, error), error);
}

static enum catalogue_status on_app_find(struct catalogue_backend *backend,
                                         const struct key_digest *key,
                                         char app_id[APP_ID_BYTES + 1], struct error *error)
{
    struct catalogue_sqlite *sqlite = sqlite_statements_backend(backend);
    sqlite3_stmt *select = database_statement(sqlite->database, KEY_SELECT);

    if (!database_begin(sqlite->database, DATABASE_READ, error))
        return CATALOGUE_UNAVAILABLE;
    database_bind_bytes(select, 1, key->bytes, sizeof(key->bytes));
    enum catalogue_status status = sqlite_statements_step(sqlite->database, select, error);
    if (status == CATALOGUE_OK && !app_id_read(database_text(select, 0), app_id)) {
        (void)error_set(error, "SQLite: the app of a key is damaged");
        status = CATALOGUE_DAMAGED;
    }
    return sqlite_statements_end_app(sqlite, status, error);
}

static enum catalogue_status on_app_load(struct catalogue_backend *backend, const char *app_id,
                                         struct app **app, struct error *error)
{
    struct catalogue_sqlite *sqlite = sqlite_statements_backend(backend);

    if (!database_begin(sqlite->database, DATABASE_READ, error))
        return CATALOGUE_UNAVAILABLE;
    return sqlite_statements_end_app(sqlite, sqlite_app_load(sqlite, app_id, app, error), error);
}

static enum catalogue_status on_app_revision(struct catalogue_backend *backend, const char *app_id,
                                             int64_t *revision, struct error *error)
{
    struct catalogue_sqlite *sqlite = sqlite_statements_backend(backend);

    if (!database_begin(sqlite->database, DATABASE_READ, error))
        return CATALOGUE_UNAVAILABLE;
    return sqlite_statements_end_app(sqlite, sqlite_app_revision(sqlite, app_id, revision, error),
                                     error);
}

static enum catalogue_status on_policy_save(struct catalogue_backend *backend, const char *app_id,
                                            struct policy *policy, bool *afresh,
                                            struct error *error)
{
    struct catalogue_sqlite *sqlite = sqlite_statements_backend(backend);

    if (!database_begin(sqlite->database, DATABASE_WRITE, error))
        return CATALOGUE_UNAVAILABLE;
    return sqlite_statements_end_app(sqlite, policy_save(sqlite, app_id, policy, afresh, error),
                                     error);
}

static enum catalogue_status on_policy_remove(struct catalogue_backend *backend, const char *app_id,
                                              const struct policy_identity *identity,
                                              struct error *error)
{
    struct catalogue_sqlite *sqlite = sqlite_statements_backend(backend);

    if (!database_begin(sqlite->database, DATABASE_WRITE, error))
        return CATALOGUE_UNAVAILABLE;
    return sqlite_statements_end_app(sqlite, policy_remove(sqlite, app_id, identity, error), error);
}

static enum catalogue_status on_changes(struct catalogue_backend *backend, int64_t *revision,
                                        void *context, catalogue_visit_fn *visit,
                                        struct error *error)
{
    struct catalogue_sqlite *sqlite = sqlite_statements_backend(backend);

    if (!database_begin(sqlite->database, DATABASE_READ, error))
        return CATALOGUE_UNAVAILABLE;
    return sqlite_statements_end(
        sqlite, sqlite_app_changes(sqlite, revision, context, visit, error), error);
}

static void on_free(struct catalogue_backend *backend)
{
    struct catalogue_sqlite *sqlite = sqlite_statements_backend(backend);

    database_free(sqlite->database);
    free(sqlite);
}

static enum catalogue_status app_create(struct catalogue_sqlite *sqlite,
                                        const struct catalogue_new_app *new, struct error *error)
{
    struct database *database = sqlite->database;
    sqlite3_stmt *insert = sqlite_statements_for(database, APP_INSERT, new->app_id);
    sqlite3_stmt *insert_key = sqlite_statements_for(database, KEY_INSERT, new->app_id);
    enum catalogue_status found = app_is_taken(database, new, error);

    if (found == CATALOGUE_ABSENT && new->apps_max > 0)
        found = apps_are_too_many(database, new->apps_max, error);
    if (found != CATALOGUE_ABSENT)
        return found;

    database_bind_text(insert, 2, new->name);
    database_bind_integer(insert, 3, new->created_at_us);
    database_bind_bytes(insert_key, 2, new->key->bytes, sizeof(new->key->bytes));
    if (!sqlite_revision_next(sqlite, error) || !database_run(database, insert, error) ||
        !database_run(database, insert_key, error) ||
        (new->is_unused &&
         !database_run(database, sqlite_statements_for(database, UNUSED_INSERT, new->app_id),
                       error)))
        return CATALOGUE_UNAVAILABLE;
    return CATALOGUE_CREATED;
}

/* CATALOGUE_OK: its id or key belongs or belonged to another app. */
static enum catalogue_status app_is_taken(struct database *database,
                                          const struct catalogue_new_app *new, struct error *error)
{
    sqlite3_stmt *same_key = database_statement(database, KEY_OWNER);

    database_bind_bytes(same_key, 1, new->key->bytes, sizeof(new->key->bytes));
    database_bind_text(same_key, 2, text_of(new->app_id));
    enum catalogue_status found = sqlite_statements_step(database, same_key, error);
    if (found == CATALOGUE_ABSENT)
        found = sqlite_statements_step(
            database, sqlite_statements_for(database, APP_SELECT, new->app_id), error);
    if (found == CATALOGUE_ABSENT)
        found = sqlite_statements_step(
            database, sqlite_statements_for(database, TOMBSTONE_SELECT, new->app_id), error);
    return found;
}

/* CATALOGUE_ABSENT: they are not too many. */
static enum catalogue_status apps_are_too_many(struct database *database, int64_t apps_max,
                                               struct error *error)
{
    sqlite3_stmt *count = database_statement(database, APPS_COUNT);

    if (sqlite_statements_step(database, count, error) != CATALOGUE_OK)
        return CATALOGUE_UNAVAILABLE;
    return database_integer(count, 0) >= apps_max ? CATALOGUE_FULL : CATALOGUE_ABSENT;
}

static enum catalogue_status policy_save(struct catalogue_sqlite *sqlite, const char *app_id,
                                         struct policy *policy, bool *afresh, struct error *error)
{
    struct database *database = sqlite->database;
    sqlite3_stmt *replace = sqlite_statements_for(database, POLICY_REPLACE, app_id);
    enum catalogue_status status = sqlite_revision_give(sqlite, app_id, error);
    struct arena arena = {0};

    if (status == CATALOGUE_OK)
        status = policy_number(database, app_id, policy, afresh, &arena, error);
    if (status == CATALOGUE_OK || status == CATALOGUE_CREATED) {
        sqlite_statements_bind_policy(replace, policy, &arena);
        if (!database_run(database, replace, error))
            status = CATALOGUE_UNAVAILABLE;
    }
    arena_close(&arena);
    return status;
}

/* Gives the policy the stored id and the next version, and compares the two; CATALOGUE_CREATED when
 * none is stored. */
static enum catalogue_status policy_number(struct database *database, const char *app_id,
                                           struct policy *policy, bool *afresh, struct arena *arena,
                                           struct error *error)
{
    sqlite3_stmt *select = sqlite_statements_for(database, POLICY_SELECT, app_id);
    sqlite3_stmt *count = sqlite_statements_for(database, POLICIES_COUNT, app_id);
    const uint64_t new_id = policy->id;

    sqlite_statements_bind_identity(select, &policy->identity, arena);
    enum catalogue_status found = sqlite_statements_step(database, select, error);
    if (found == CATALOGUE_OK) {
        if (database_holds_integer(select, 0) && database_integer(select, 0) != 0)
            policy->id = (uint64_t)database_integer(select, 0);
        policy->version = database_holds_integer(select, 1)
                              ? stored_policy_next_version(database_integer(select, 1))
                              : 1;
        if (afresh != NULL)
            *afresh = stored_policy_starts_afresh(policy, database_text(select, 2), new_id);
        return CATALOGUE_OK;
    }
    if (found == CATALOGUE_UNAVAILABLE ||
        sqlite_statements_step(database, count, error) != CATALOGUE_OK)
        return CATALOGUE_UNAVAILABLE;
    policy->version = 1;
    return database_integer(count, 0) < POLICIES_PER_APP_MAX ? CATALOGUE_CREATED : CATALOGUE_FULL;
}

static enum catalogue_status policy_remove(struct catalogue_sqlite *sqlite, const char *app_id,
                                           const struct policy_identity *identity,
                                           struct error *error)
{
    struct database *database = sqlite->database;
    sqlite3_stmt *delete = sqlite_statements_for(database, POLICY_DELETE, app_id);
    struct arena arena = {0};

    sqlite_statements_bind_identity(delete, identity, &arena);
    bool is_done = database_run(database, delete, error);
    arena_close(&arena);
    if (!is_done)
        return CATALOGUE_UNAVAILABLE;
    if (database_changes(database) == 0)
        return CATALOGUE_ABSENT;
    return sqlite_revision_give(sqlite, app_id, error);
}
