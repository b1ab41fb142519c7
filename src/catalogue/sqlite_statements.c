/* SPDX-License-Identifier: MIT */
#include "sqlite_statements.h"

#include "base/buffer.h"
#include "catalogue/stored_policy.h"
#include "limit/word.h"

/* Begins the column `user_id` of a policy for another subject than a user: "\x1forg=acme". */
#define OTHER_SUBJECT '\x1f'

static struct text subject_column(const struct subject *subject, struct arena *arena);

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

/* Additions of later versions. They have no schema number, because 884fd83 refuses a file of a
 * newer schema. An older version ignores them. */
static const char additions[] =
    "CREATE TABLE IF NOT EXISTS tombstones (" /* apps that were deleted */
    "  id TEXT PRIMARY KEY,"
    "  revision INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS tombstones_by_revision ON tombstones (revision);"
    "CREATE TABLE IF NOT EXISTS suspensions (app_id TEXT PRIMARY KEY) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS unused (app_id TEXT PRIMARY KEY) WITHOUT ROWID;" /* registered */
    "CREATE TABLE IF NOT EXISTS restored (" /* apps that were put back, as long as unchanged */
    "  app_id TEXT PRIMARY KEY,"
    "  revision INTEGER NOT NULL,"              /* under this one */
    "  copied INTEGER NOT NULL) WITHOUT ROWID;" /* from a copy with this one */
    "CREATE TABLE IF NOT EXISTS history (revision INTEGER PRIMARY KEY);"; /* given lately */

/* The last revision that was given, and one policy. */
#define NEXT "(SELECT value FROM settings WHERE name = 'revision')"
#define ONE  " WHERE app_id = ?1 AND route_key = ?2 AND role = ?3 AND user_id = ?4"

static const char *const statements[STATEMENT_COUNT] = {
    [PEPPER_REPLACE] = "REPLACE INTO settings VALUES ('pepper', ?1)",
    [PEPPER_SELECT] = "SELECT value FROM settings WHERE name = 'pepper'",
    [IDENTITY_REPLACE] = "REPLACE INTO settings VALUES ('identity', ?1)",
    [IDENTITY_SELECT] = "SELECT value FROM settings WHERE name = 'identity'",
    [RESTORING_REPLACE] = "REPLACE INTO settings VALUES ('restoring', ?1)",
    [RESTORING_SELECT] = "SELECT value FROM settings WHERE name = 'restoring'",
    [RESTORING_DELETE] = "DELETE FROM settings WHERE name = 'restoring'",
    [REVISION_SELECT] = "SELECT value FROM settings WHERE name = 'revision'",
    [REVISION_REPLACE] = "REPLACE INTO settings VALUES ('revision', ?1)",
    [HISTORY_INSERT] = "REPLACE INTO history VALUES (?1)",
    /* Impossible revisions would push out real ones. */
    [HISTORY_TRIM] = "DELETE FROM history WHERE revision > ?1 OR revision <="
                     " (SELECT revision FROM history ORDER BY revision DESC LIMIT 1 OFFSET ?2)",
    [HISTORY_NEWEST] = "SELECT max(revision) FROM history WHERE revision <= ?1",
    [HISTORY_HAS] = "SELECT ?1 = 0 OR EXISTS (SELECT 1 FROM history WHERE revision = ?1)"
                    " OR (SELECT count(*) FROM history) >= ?2"
                    " AND ?1 < (SELECT min(revision) FROM history)",
    [APP_INSERT] = "INSERT INTO apps VALUES (?1, ?2, ?3, " NEXT ")",
    [APP_SELECT] = "SELECT name, created_at, revision,"
                   " EXISTS (SELECT 1 FROM suspensions WHERE app_id = ?1),"
                   " EXISTS (SELECT 1 FROM unused WHERE app_id = ?1) FROM apps WHERE id = ?1",
    [APP_REVISION] = "SELECT revision FROM apps WHERE id = ?1",
    [APP_REVISE] = "UPDATE apps SET revision = " NEXT " WHERE id = ?1",
    [APP_DELETE] = "DELETE FROM apps WHERE id = ?1",
    [APPS_CHANGED] = "SELECT id, revision FROM apps WHERE revision > ?1 UNION ALL"
                     " SELECT id, revision FROM tombstones WHERE revision > ?1 ORDER BY 2",
    [APPS_COUNT] = "SELECT count(*) FROM apps",
    [APPS_LOST] = "SELECT NOT EXISTS (SELECT 1 FROM apps) AND EXISTS"
                  " (SELECT 1 FROM settings WHERE name = 'revision' AND value > 0)",
    [REVISION_NEWEST] = "SELECT max(revision) FROM (SELECT revision FROM apps UNION ALL"
                        " SELECT revision FROM tombstones) WHERE revision <= ?1",
    [REVISION_OLDEST] = "SELECT min(revision) FROM (SELECT revision FROM apps UNION ALL"
                        " SELECT revision FROM tombstones UNION ALL"
                        " SELECT revision FROM history)",
    [TOMBSTONE_INSERT] = "REPLACE INTO tombstones VALUES (?1, " NEXT ")",
    [TOMBSTONE_SELECT] = "SELECT 1 FROM tombstones WHERE id = ?1",
    /* If there are too many, the oldest are forgotten. The newest of those tells instances that
     * have not seen them yet. */
    [FORGOTTEN_REPLACE] = "REPLACE INTO settings SELECT 'forgotten', revision FROM tombstones"
                          " ORDER BY revision DESC LIMIT 1 OFFSET ?1",
    [FORGOTTEN_SELECT] =
        "SELECT value FROM settings WHERE name = 'forgotten'"
        " AND value <= (SELECT max(revision) FROM tombstones WHERE revision <= ?1)",
    [TOMBSTONES_TRIM] = "DELETE FROM tombstones WHERE revision <="
                        " (SELECT revision FROM tombstones"
                        " ORDER BY revision DESC LIMIT 1 OFFSET ?1)",
    [RESTORED_REPLACE] = "REPLACE INTO restored VALUES (?1, " NEXT ", ?2)",
    /* A later write has another revision. */
    [RESTORED_BEFORE] = "SELECT 1 FROM apps JOIN restored ON restored.app_id = apps.id"
                        " AND restored.revision = apps.revision WHERE apps.id = ?1 AND copied < ?2",
    [RESTORED_DELETE] = "DELETE FROM restored WHERE app_id = ?1",
    [SUSPENSION_INSERT] = "INSERT OR IGNORE INTO suspensions VALUES (?1)",
    [SUSPENSION_DELETE] = "DELETE FROM suspensions WHERE app_id = ?1",
    [UNUSED_INSERT] = "INSERT OR IGNORE INTO unused VALUES (?1)",
    [UNUSED_DELETE] = "DELETE FROM unused WHERE app_id = ?1",
    [UNUSED_SINCE] = "SELECT 1 FROM unused JOIN apps ON apps.id = unused.app_id"
                     " WHERE apps.id = ?1 AND revision = ?2 AND revision <= ?3",
    /* REPLACE, because a key is free when its app is gone. */
    [KEY_INSERT] = "REPLACE INTO api_keys (app_id, digest) VALUES (?1, ?2)",
    [KEY_SELECT] = "SELECT app_id FROM api_keys WHERE digest = ?1",
    [KEY_OWNER] = "SELECT 1 FROM api_keys JOIN apps ON apps.id = api_keys.app_id"
                  " WHERE digest = ?1 AND apps.id <> ?2",
    [KEYS_SELECT] = "SELECT digest FROM api_keys WHERE app_id = ?1",
    [KEYS_DELETE] = "DELETE FROM api_keys WHERE app_id = ?1",
    [POLICIES_DELETE] = "DELETE FROM policies WHERE app_id = ?1",
    [POLICIES_SELECT] = "SELECT document FROM policies WHERE app_id = ?1",
    [POLICIES_COUNT] = "SELECT count(*) FROM policies WHERE app_id = ?1",
    [POLICY_SELECT] = "SELECT id, version, document FROM policies" ONE,
    [POLICY_REPLACE] = "REPLACE INTO policies VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [POLICY_DELETE] = "DELETE FROM policies" ONE,
};

const struct database_options sqlite_statements_options = {
    .table = "api_keys",
    .migrations = migrations,
    .migration_count = ARRAY_COUNT(migrations),
    .additions = additions,
    .statements = statements,
    .statement_count = STATEMENT_COUNT,
};

struct catalogue_sqlite *sqlite_statements_backend(struct catalogue_backend *backend)
{
    return CONTAINER_OF(backend, struct catalogue_sqlite, backend);
}

enum catalogue_status sqlite_statements_end(struct catalogue_sqlite *sqlite,
                                            enum catalogue_status status, struct error *error)
{
    const int64_t given = sqlite->given;

    sqlite->given = 0;
    if (status != CATALOGUE_OK && status != CATALOGUE_CREATED) {
        database_roll_back(sqlite->database);
        return status;
    }
    if (!database_commit(sqlite->database, error))
        return CATALOGUE_UNAVAILABLE;
    if (given > sqlite->backend.written)
        sqlite->backend.written = given;
    return status;
}

enum catalogue_status sqlite_statements_end_app(struct catalogue_sqlite *sqlite,
                                                enum catalogue_status status, struct error *error)
{
    if (status == CATALOGUE_UNAVAILABLE && database_take_damage(sqlite->database))
        status = CATALOGUE_DAMAGED;
    return sqlite_statements_end(sqlite, status, error);
}

enum catalogue_status sqlite_statements_step(struct database *database, sqlite3_stmt *statement,
                                             struct error *error)
{
    static const enum catalogue_status statuses[] = {[DATABASE_ROW] = CATALOGUE_OK,
                                                     [DATABASE_DONE] = CATALOGUE_ABSENT,
                                                     [DATABASE_FAILED] = CATALOGUE_UNAVAILABLE};

    return statuses[database_step(database, statement, error)];
}

sqlite3_stmt *sqlite_statements_for(struct database *database, enum sqlite_statement which,
                                    const char *app_id)
{
    sqlite3_stmt *statement = database_statement(database, which);

    database_bind_text(statement, 1, text_of(app_id));
    return statement;
}

void sqlite_statements_bind_identity(sqlite3_stmt *statement,
                                     const struct policy_identity *identity, struct arena *arena)
{
    database_bind_text(statement, 2, identity->route_key);
    database_bind_text(statement, 3, identity->role);
    database_bind_text(statement, 4, subject_column(&identity->subject, arena));
}

void sqlite_statements_bind_policy(sqlite3_stmt *statement, const struct policy *policy,
                                   struct arena *arena)
{
    sqlite_statements_bind_identity(statement, &policy->identity, arena);
    database_bind_integer(statement, 5, (int64_t)policy->id);
    database_bind_integer(statement, 6, policy->version);
    database_bind_text(statement, 7, stored_policy_write(policy, arena));
}

/* The column `user_id`. No user's id has a control character. */
static struct text subject_column(const struct subject *subject, struct arena *arena)
{
    struct buffer buffer;

    if (subject_is_absent(subject))
        return TEXT("");
    if (!subject_is_other(subject))
        return subject->value;
    buffer_init(&buffer, arena, WORD_BYTES_MAX + SUBJECT_VALUE_BYTES_MAX + 2);
    buffer_add_char(&buffer, OTHER_SUBJECT);
    buffer_add(&buffer, subject->name);
    buffer_add_char(&buffer, '=');
    buffer_add(&buffer, subject->value);
    return buffer_text(&buffer);
}
