/* SPDX-License-Identifier: MIT
 *
 * The catalogue in a database file. Several processes may share it: a write is one transaction,
 * which also draws the next number of the one revision sequence, so revisions are in the order of
 * the commits and changes() misses none. */
#include "catalogue/catalogue_backend.h"

#include "base/memory.h"
#include "catalogue/database.h"
#include "catalogue/stored_policy.h"

static const char *const migrations[] = {
    "CREATE TABLE settings (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;"
    "INSERT INTO settings VALUES ('revision', 0);"
    "CREATE TABLE apps ("
    "  id TEXT PRIMARY KEY,"
    "  name TEXT NOT NULL,"
    "  created_at INTEGER NOT NULL," /* microseconds since 1970 */
    "  revision INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX apps_by_revision ON apps (revision);"
    "CREATE TABLE api_keys ("
    "  digest BLOB PRIMARY KEY,"
    "  app_id TEXT NOT NULL REFERENCES apps (id)) WITHOUT ROWID;"
    "CREATE INDEX api_keys_by_app ON api_keys (app_id);"
    "CREATE TABLE policies ("
    "  app_id TEXT NOT NULL REFERENCES apps (id),"
    "  route_key TEXT NOT NULL,"
    "  role TEXT NOT NULL,"
    "  user_id TEXT NOT NULL," /* '' is everybody: a user's id has at least one byte */
    "  id INTEGER NOT NULL,"
    "  version INTEGER NOT NULL,"
    "  document TEXT NOT NULL,"
    "  PRIMARY KEY (app_id, route_key, role, user_id)) WITHOUT ROWID;",
};

enum statement {
    PEPPER_INSERT,
    PEPPER_SELECT,
    REVISION_NEXT,
    APP_INSERT,
    APP_SELECT,
    APP_REVISE,
    APPS_CHANGED,
    KEY_INSERT,
    KEY_SELECT,
    KEYS_SELECT,
    POLICIES_SELECT,
    POLICIES_COUNT,
    POLICY_SELECT,
    POLICY_REPLACE,
    POLICY_DELETE,
    STATEMENT_COUNT
};

/* What REVISION_NEXT has left, and one policy. */
#define NEXT "(SELECT value FROM settings WHERE name = 'revision')"
#define ONE  " WHERE app_id = ?1 AND route_key = ?2 AND role = ?3 AND user_id = ?4"

static const char *const statements[STATEMENT_COUNT] = {
    [PEPPER_INSERT] = "INSERT OR IGNORE INTO settings VALUES ('pepper', ?1)",
    [PEPPER_SELECT] = "SELECT value FROM settings WHERE name = 'pepper'",
    [REVISION_NEXT] = "UPDATE settings SET value = value + 1 WHERE name = 'revision'",
    [APP_INSERT] = "INSERT INTO apps VALUES (?1, ?2, ?3, " NEXT ")",
    [APP_SELECT] = "SELECT name, created_at, revision FROM apps WHERE id = ?1",
    [APP_REVISE] = "UPDATE apps SET revision = " NEXT " WHERE id = ?1",
    [APPS_CHANGED] = "SELECT id FROM apps WHERE revision > ?1 ORDER BY revision",
    [KEY_INSERT] = "INSERT INTO api_keys (app_id, digest) VALUES (?1, ?2)",
    [KEY_SELECT] = "SELECT app_id FROM api_keys WHERE digest = ?1",
    [KEYS_SELECT] = "SELECT digest FROM api_keys WHERE app_id = ?1",
    [POLICIES_SELECT] = "SELECT document FROM policies WHERE app_id = ?1",
    [POLICIES_COUNT] = "SELECT count(*) FROM policies WHERE app_id = ?1",
    [POLICY_SELECT] = "SELECT id, version FROM policies" ONE,
    [POLICY_REPLACE] = "REPLACE INTO policies VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [POLICY_DELETE] = "DELETE FROM policies" ONE,
};

static const struct database_options database_options = {
    .migrations = migrations,
    .migration_count = ARRAY_COUNT(migrations),
    .statements = statements,
    .statement_count = STATEMENT_COUNT,
};

struct catalogue_sqlite {
    struct catalogue_backend backend;
    struct database *database;
};

static catalogue_pepper_fn on_pepper;
static catalogue_app_create_fn on_app_create;
static catalogue_app_find_fn on_app_find;
static catalogue_app_load_fn on_app_load;
static catalogue_policy_save_fn on_policy_save;
static catalogue_policy_remove_fn on_policy_remove;
static catalogue_changes_fn on_changes;
static catalogue_free_fn on_free;

static enum catalogue_status app_create(struct database *database, const char *app_id,
                                        struct text name, int64_t created_at_us,
                                        const struct key_digest *key, struct error *error);
static enum catalogue_status app_load(struct database *database, const char *app_id,
                                      struct app **app, struct error *error);
static enum catalogue_status keys_load(struct database *database, struct app *app,
                                       struct error *error);
static enum catalogue_status policies_load(struct database *database, struct app *app,
                                           struct error *error);
static enum catalogue_status policy_save(struct database *database, const char *app_id,
                                         struct policy *policy, struct error *error);
static enum catalogue_status policy_number(struct database *database, const char *app_id,
                                           struct policy *policy, struct error *error);
static enum catalogue_status policy_remove(struct database *database, const char *app_id,
                                           const struct policy_identity *identity,
                                           struct error *error);
static enum catalogue_status app_revise(struct database *database, const char *app_id,
                                        struct error *error);
static enum catalogue_status changes(struct database *database, int64_t *revision, void *context,
                                     catalogue_visit_fn *visit, struct error *error);

static struct database *database_of(struct catalogue_backend *backend);
static enum catalogue_status end(struct database *database, enum catalogue_status status,
                                 struct error *error);
static enum catalogue_status step(struct database *database, sqlite3_stmt *statement,
                                  struct error *error);
static sqlite3_stmt *statement_for(struct database *database, enum statement which,
                                   const char *app_id);
static void bind_identity(sqlite3_stmt *statement, const struct policy_identity *identity);

static const struct catalogue_operations operations = {
    .pepper = on_pepper,
    .app_create = on_app_create,
    .app_find = on_app_find,
    .app_load = on_app_load,
    .policy_save = on_policy_save,
    .policy_remove = on_policy_remove,
    .changes = on_changes,
    .free = on_free,
};

struct catalogue_backend *catalogue_sqlite_new(const char *path, struct error *error)
{
    struct database *database = database_new(path, &database_options, error);

    if (database == NULL)
        return NULL;
    struct catalogue_sqlite *sqlite = MEMORY_NEW(struct catalogue_sqlite);
    sqlite->backend.operations = &operations;
    sqlite->database = database;
    return &sqlite->backend;
}

static enum catalogue_status on_pepper(struct catalogue_backend *backend, struct pepper *pepper,
                                       struct error *error)
{
    struct database *database = database_of(backend);
    sqlite3_stmt *insert = database_statement(database, PEPPER_INSERT);
    sqlite3_stmt *select = database_statement(database, PEPPER_SELECT);
    enum catalogue_status status = CATALOGUE_UNAVAILABLE;

    if (!database_begin(database, DATABASE_WRITE, error))
        return CATALOGUE_UNAVAILABLE;
    database_bind_bytes(insert, 1, pepper->bytes, sizeof(pepper->bytes));
    if (database_run(database, insert, error))
        status = step(database, select, error);
    if (status == CATALOGUE_OK &&
        !database_bytes(select, 0, pepper->bytes, sizeof(pepper->bytes))) {
        (void)error_set(error, "the stored pepper is not %d bytes long", PEPPER_BYTES);
        status = CATALOGUE_UNAVAILABLE;
    }
    return end(database, status, error);
}

static enum catalogue_status on_app_create(struct catalogue_backend *backend, const char *app_id,
                                           struct text name, int64_t created_at_us,
                                           const struct key_digest *key, struct error *error)
{
    struct database *database = database_of(backend);

    if (!database_begin(database, DATABASE_WRITE, error))
        return CATALOGUE_UNAVAILABLE;
    return end(database, app_create(database, app_id, name, created_at_us, key, error), error);
}

static enum catalogue_status on_app_find(struct catalogue_backend *backend,
                                         const struct key_digest *key,
                                         char app_id[APP_ID_BYTES + 1], struct error *error)
{
    struct database *database = database_of(backend);
    sqlite3_stmt *select = database_statement(database, KEY_SELECT);

    if (!database_begin(database, DATABASE_READ, error))
        return CATALOGUE_UNAVAILABLE;
    database_bind_bytes(select, 1, key->bytes, sizeof(key->bytes));
    enum catalogue_status status = step(database, select, error);
    if (status == CATALOGUE_OK)
        (void)snprintf(app_id, APP_ID_BYTES + 1, "%s", database_text(select, 0).at);
    return end(database, status, error);
}

static enum catalogue_status on_app_load(struct catalogue_backend *backend, const char *app_id,
                                         struct app **app, struct error *error)
{
    struct database *database = database_of(backend);

    if (!database_begin(database, DATABASE_READ, error))
        return CATALOGUE_UNAVAILABLE;
    return end(database, app_load(database, app_id, app, error), error);
}

static enum catalogue_status on_policy_save(struct catalogue_backend *backend, const char *app_id,
                                            struct policy *policy, struct error *error)
{
    struct database *database = database_of(backend);

    if (!database_begin(database, DATABASE_WRITE, error))
        return CATALOGUE_UNAVAILABLE;
    return end(database, policy_save(database, app_id, policy, error), error);
}

static enum catalogue_status on_policy_remove(struct catalogue_backend *backend, const char *app_id,
                                              const struct policy_identity *identity,
                                              struct error *error)
{
    struct database *database = database_of(backend);

    if (!database_begin(database, DATABASE_WRITE, error))
        return CATALOGUE_UNAVAILABLE;
    return end(database, policy_remove(database, app_id, identity, error), error);
}

static enum catalogue_status on_changes(struct catalogue_backend *backend, int64_t *revision,
                                        void *context, catalogue_visit_fn *visit,
                                        struct error *error)
{
    struct database *database = database_of(backend);

    if (!database_begin(database, DATABASE_READ, error))
        return CATALOGUE_UNAVAILABLE;
    return end(database, changes(database, revision, context, visit, error), error);
}

static void on_free(struct catalogue_backend *backend)
{
    database_free(database_of(backend));
    free(CONTAINER_OF(backend, struct catalogue_sqlite, backend));
}

static enum catalogue_status app_create(struct database *database, const char *app_id,
                                        struct text name, int64_t created_at_us,
                                        const struct key_digest *key, struct error *error)
{
    sqlite3_stmt *same_key = database_statement(database, KEY_SELECT);
    sqlite3_stmt *insert = statement_for(database, APP_INSERT, app_id);
    sqlite3_stmt *insert_key = statement_for(database, KEY_INSERT, app_id);

    database_bind_bytes(same_key, 1, key->bytes, sizeof(key->bytes));
    enum catalogue_status found = step(database, same_key, error);
    if (found == CATALOGUE_ABSENT)
        found = step(database, statement_for(database, APP_SELECT, app_id), error);
    if (found != CATALOGUE_ABSENT)
        return found;

    database_bind_text(insert, 2, name);
    database_bind_integer(insert, 3, created_at_us);
    database_bind_bytes(insert_key, 2, key->bytes, sizeof(key->bytes));
    if (!database_run(database, database_statement(database, REVISION_NEXT), error) ||
        !database_run(database, insert, error) || !database_run(database, insert_key, error))
        return CATALOGUE_UNAVAILABLE;
    return CATALOGUE_CREATED;
}

static enum catalogue_status app_load(struct database *database, const char *app_id,
                                      struct app **app, struct error *error)
{
    sqlite3_stmt *select = statement_for(database, APP_SELECT, app_id);
    enum catalogue_status status = step(database, select, error);

    if (status != CATALOGUE_OK)
        return status;
    struct app *loaded = app_new();
    (void)snprintf(loaded->id, sizeof(loaded->id), "%s", app_id);
    loaded->name = text_copy(&loaded->arena, database_text(select, 0));
    loaded->created_at_us = database_integer(select, 1);
    loaded->revision = database_integer(select, 2);
    status = keys_load(database, loaded, error);
    if (status == CATALOGUE_OK)
        status = policies_load(database, loaded, error);
    if (status == CATALOGUE_OK)
        *app = loaded;
    else
        app_release(loaded);
    return status;
}

static enum catalogue_status keys_load(struct database *database, struct app *app,
                                       struct error *error)
{
    sqlite3_stmt *select = statement_for(database, KEYS_SELECT, app->id);
    enum catalogue_status status = step(database, select, error);

    while (status == CATALOGUE_OK && app->key_count < APP_KEYS_MAX) {
        if (database_bytes(select, 0, app->keys[app->key_count].bytes, KEY_DIGEST_BYTES))
            app->key_count++;
        status = step(database, select, error);
    }
    return status == CATALOGUE_UNAVAILABLE ? status : CATALOGUE_OK;
}

static enum catalogue_status policies_load(struct database *database, struct app *app,
                                           struct error *error)
{
    sqlite3_stmt *select = statement_for(database, POLICIES_SELECT, app->id);
    enum catalogue_status status = step(database, select, error);
    struct stored_policies policies;

    policies.app = app;
    policies.count = 0;
    for (; status == CATALOGUE_OK; status = step(database, select, error))
        stored_policies_add(&policies, database_text(select, 0));
    if (status == CATALOGUE_UNAVAILABLE)
        return status;
    stored_policies_finish(&policies);
    return CATALOGUE_OK;
}

static enum catalogue_status policy_save(struct database *database, const char *app_id,
                                         struct policy *policy, struct error *error)
{
    sqlite3_stmt *replace = statement_for(database, POLICY_REPLACE, app_id);
    enum catalogue_status status = app_revise(database, app_id, error);
    struct arena arena = {0};

    if (status == CATALOGUE_OK)
        status = policy_number(database, app_id, policy, error);
    if (status != CATALOGUE_OK && status != CATALOGUE_CREATED)
        return status;

    bind_identity(replace, &policy->identity);
    database_bind_integer(replace, 5, (int64_t)policy->id);
    database_bind_integer(replace, 6, policy->version);
    database_bind_text(replace, 7, stored_policy_write(policy, &arena));
    if (!database_run(database, replace, error))
        status = CATALOGUE_UNAVAILABLE;
    arena_close(&arena);
    return status;
}

/* Gives the policy the stored id and the next version; CATALOGUE_CREATED when none is stored. */
static enum catalogue_status policy_number(struct database *database, const char *app_id,
                                           struct policy *policy, struct error *error)
{
    sqlite3_stmt *select = statement_for(database, POLICY_SELECT, app_id);
    sqlite3_stmt *count = statement_for(database, POLICIES_COUNT, app_id);

    bind_identity(select, &policy->identity);
    enum catalogue_status found = step(database, select, error);
    if (found == CATALOGUE_OK) {
        policy->id = (uint64_t)database_integer(select, 0);
        policy->version = database_integer(select, 1) + 1;
        return CATALOGUE_OK;
    }
    if (found == CATALOGUE_UNAVAILABLE || step(database, count, error) != CATALOGUE_OK)
        return CATALOGUE_UNAVAILABLE;
    policy->version = 1;
    return database_integer(count, 0) < POLICIES_PER_APP_MAX ? CATALOGUE_CREATED : CATALOGUE_FULL;
}

static enum catalogue_status policy_remove(struct database *database, const char *app_id,
                                           const struct policy_identity *identity,
                                           struct error *error)
{
    sqlite3_stmt *delete = statement_for(database, POLICY_DELETE, app_id);

    bind_identity(delete, identity);
    if (!database_run(database, delete, error))
        return CATALOGUE_UNAVAILABLE;
    if (database_changes(database) == 0)
        return CATALOGUE_ABSENT;
    return app_revise(database, app_id, error);
}

static enum catalogue_status app_revise(struct database *database, const char *app_id,
                                        struct error *error)
{
    if (!database_run(database, database_statement(database, REVISION_NEXT), error) ||
        !database_run(database, statement_for(database, APP_REVISE, app_id), error))
        return CATALOGUE_UNAVAILABLE;
    return database_changes(database) == 0 ? CATALOGUE_ABSENT : CATALOGUE_OK;
}

static enum catalogue_status changes(struct database *database, int64_t *revision, void *context,
                                     catalogue_visit_fn *visit, struct error *error)
{
    sqlite3_stmt *select = database_statement(database, APPS_CHANGED);

    database_bind_integer(select, 1, *revision);
    enum catalogue_status status = step(database, select, error);
    while (status == CATALOGUE_OK) {
        struct app *app = NULL;

        status = app_load(database, database_text(select, 0).at, &app, error);
        if (status != CATALOGUE_OK)
            return status;
        *revision = app->revision;
        visit(context, app);
        status = step(database, select, error);
    }
    return status == CATALOGUE_UNAVAILABLE ? status : CATALOGUE_OK;
}

static struct database *database_of(struct catalogue_backend *backend)
{
    return CONTAINER_OF(backend, struct catalogue_sqlite, backend)->database;
}

/* Keeps what went well; returns what came of it. */
static enum catalogue_status end(struct database *database, enum catalogue_status status,
                                 struct error *error)
{
    if (status == CATALOGUE_OK || status == CATALOGUE_CREATED)
        return database_commit(database, error) ? status : CATALOGUE_UNAVAILABLE;
    database_roll_back(database);
    return status;
}

/* CATALOGUE_OK when there is a row, CATALOGUE_ABSENT when there is none or no more. */
static enum catalogue_status step(struct database *database, sqlite3_stmt *statement,
                                  struct error *error)
{
    static const enum catalogue_status statuses[] = {[DATABASE_ROW] = CATALOGUE_OK,
                                                     [DATABASE_DONE] = CATALOGUE_ABSENT,
                                                     [DATABASE_FAILED] = CATALOGUE_UNAVAILABLE};

    return statuses[database_step(database, statement, error)];
}

/* A statement whose first parameter is the app. */
static sqlite3_stmt *statement_for(struct database *database, enum statement which,
                                   const char *app_id)
{
    sqlite3_stmt *statement = database_statement(database, which);

    database_bind_text(statement, 1, text_of(app_id));
    return statement;
}

static void bind_identity(sqlite3_stmt *statement, const struct policy_identity *identity)
{
    bool for_everybody = text_is_absent(identity->user_id);

    database_bind_text(statement, 2, identity->route_key);
    database_bind_text(statement, 3, identity->role);
    database_bind_text(statement, 4, for_everybody ? TEXT("") : identity->user_id);
}
