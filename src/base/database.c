/* SPDX-License-Identifier: MIT */
#include "base/database.h"

#include "base/log.h"
#include "base/memory.h"

#include "database_file.h"

#define BUSY_TIMEOUT_MS 2000

/* synchronous = FULL: an API key is shown once, so an answered registration must survive a loss of
 * power, and NORMAL could lose the last ones. Writes are rare, so the wait does not matter.
 * temp_store: the sandbox has no directory for temporary files. */
static const char log_pragma[] = "PRAGMA journal_mode = WAL;";
static const char pragmas[] = "PRAGMA synchronous = FULL;"
                              "PRAGMA temp_store = MEMORY;"
                              "PRAGMA foreign_keys = ON;";

/* OPENING_FROZEN: only for reading, without locks and without a log beside it. */
enum opening { OPENING_USUAL, OPENING_FROZEN };

struct database {
    sqlite3 *connection;
    const struct database_options *options;
    struct database_file file;
    enum database_access access; /* of the transaction under way, like the next */
    bool has_met_damage;
    bool was_full;
    sqlite3_stmt *statements[];
};

static struct database *open_at(const char *path, const struct database_options *options,
                                struct error *error);
static struct database *open_with(const char *path, const struct database_options *options,
                                  enum opening opening, struct error *error);
static bool open_connection(struct database *database, const char *path, enum opening opening,
                            struct error *error);
static bool is_ours(struct database *database, struct error *error);
static bool make_ready(struct database *database, struct error *error);
static void note_damage(const struct database *database);
static bool cannot_write(const struct database *database);
static bool migrate(struct database *database, struct error *error);
static bool read_schema(struct database *database, int *schema, struct error *error);
static bool prepare(struct database *database, struct error *error);
static void reset(struct database *database);
static bool execute(struct database *database, const char *sql, struct error *error);
static bool failed(const struct database *database, struct error *error);
static int primary_code(const struct database *database);

struct database *database_new(const char *path, const struct database_options *options,
                              struct error *error)
{
    struct error reason = {0};

    if (database_file_make_directory(path, &reason))
        return open_at(path, options, error);
    (void)error_set(error, "cannot open %s: %s", path, reason.message);
    return NULL;
}

bool database_has_moved(struct database *database)
{
    int has_moved = 0;

    return sqlite3_file_control(database->connection, "main", SQLITE_FCNTL_HAS_MOVED, &has_moved) ==
               SQLITE_OK &&
           has_moved != 0;
}

bool database_is_frozen(const struct database *database)
{
    return sqlite3_db_readonly(database->connection, "main") == 1;
}

bool database_thaw(struct database **database)
{
    struct error ignored = {0};
    struct database *frozen = *database;
    struct database *opened =
        open_with(frozen->file.path, frozen->options, OPENING_USUAL, &ignored);

    if (opened == NULL || database_is_frozen(opened)) {
        database_free(opened);
        return false;
    }
    database_file_begin(&opened->file, frozen->file.path);
    database_free(frozen);
    *database = opened;
    return true;
}

/* First copies the log into the file, in case the file was moved without its log. */
bool database_reopen(struct database **database, struct error *error)
{
    struct database *moved = *database;

    (void)sqlite3_wal_checkpoint_v2(moved->connection, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    database_file_remove_companions(&moved->file);
    struct database *opened = open_at(moved->file.path, moved->options, error);
    if (opened == NULL)
        return false;
    database_free(moved);
    *database = opened;
    return true;
}

bool database_set_aside(const char *path, struct error *error)
{
    return database_file_set_aside(path, error);
}

void database_free(struct database *database)
{
    if (database == NULL)
        return;
    for (size_t i = 0; i < database->options->statement_count; i++)
        (void)sqlite3_finalize(database->statements[i]);
    ASSERT(sqlite3_close(database->connection) == SQLITE_OK);
    database_file_end(&database->file);
    free(database);
}

bool database_begin(struct database *database, enum database_access access, struct error *error)
{
    database->access = access;
    database->has_met_damage = false;
    database->was_full = false;
    /* A read that became a write could fail half-way, because another process may write first. */
    if (!execute(database, access == DATABASE_WRITE ? "BEGIN IMMEDIATE" : "BEGIN", error))
        return false;
    if (access == DATABASE_READ || !database_has_moved(database))
        return true;
    database_roll_back(database);
    return error_set(error, "SQLite: the file %s has been moved or deleted", database->file.path);
}

bool database_commit(struct database *database, struct error *error)
{
    /* A transaction that met damage cannot be committed. One that only reads need not be. */
    if (database->access == DATABASE_READ) {
        database_roll_back(database);
        return true;
    }
    reset(database);
    if (execute(database, "COMMIT", error))
        return true;
    database_roll_back(database);
    return false;
}

void database_roll_back(struct database *database)
{
    struct error ignored; /* after some failures it is rolled back already */

    reset(database);
    (void)execute(database, "ROLLBACK", &ignored);
}

bool database_take_damage(struct database *database)
{
    bool has_met_damage = database->has_met_damage;

    database->has_met_damage = false;
    return has_met_damage;
}

bool database_was_full(const struct database *database)
{
    return database->was_full;
}

sqlite3_stmt *database_statement(struct database *database, size_t which)
{
    ASSERT(which < database->options->statement_count);
    (void)sqlite3_reset(database->statements[which]);
    return database->statements[which];
}

enum database_step database_step(struct database *database, sqlite3_stmt *statement,
                                 struct error *error)
{
    int result = sqlite3_step(statement);

    if (result == SQLITE_ROW)
        return DATABASE_ROW;
    if (result == SQLITE_DONE)
        return DATABASE_DONE;
    database->has_met_damage = primary_code(database) == SQLITE_CORRUPT;
    database->was_full |= primary_code(database) == SQLITE_FULL;
    (void)failed(database, error);
    return DATABASE_FAILED;
}

bool database_run(struct database *database, sqlite3_stmt *statement, struct error *error)
{
    return database_step(database, statement, error) != DATABASE_FAILED;
}

int database_changes(const struct database *database)
{
    return sqlite3_changes(database->connection);
}

/* If nothing can be written, the index of a log cannot be written either. Then no other process can
 * write or have the file open, so it is read as it is. If there is a log, it is not, because
 * without its log the file is older. */
static struct database *open_at(const char *path, const struct database_options *options,
                                struct error *error)
{
    struct error reason = {0};
    struct error ignored = {0};
    struct database *database = open_with(path, options, OPENING_USUAL, &reason);

    if (database == NULL && !options->must_write && database_file_is_whole(path))
        database = open_with(path, options, OPENING_FROZEN, &ignored);
    if (database == NULL) {
        (void)error_set(error, "cannot open %s: %s", path, reason.message);
        return NULL;
    }
    if (reason.message[0] != '\0')
        log_write(LOG_WARN, "database cannot be written", LOG_STRING("reason", reason.message));
    database_file_begin(&database->file, path);
    return database;
}

static struct database *open_with(const char *path, const struct database_options *options,
                                  enum opening opening, struct error *error)
{
    struct database *database = memory_new(
        1, sizeof(*database) + options->statement_count * sizeof(database->statements[0]));

    database->options = options;
    if (database_file_make(path, error) && open_connection(database, path, opening, error) &&
        make_ready(database, error))
        return database;
    note_damage(database);
    database_free(database);
    return NULL;
}

static bool open_connection(struct database *database, const char *path, enum opening opening,
                            struct error *error)
{
    char *uri = database_file_frozen_uri(path);
    const bool is_frozen = opening == OPENING_FROZEN;
    /* One thread at a time uses it, so SQLite's own mutexes would be a waste. */
    const int flags = SQLITE_OPEN_NOMUTEX |
                      (is_frozen ? SQLITE_OPEN_READONLY | SQLITE_OPEN_URI : SQLITE_OPEN_READWRITE);
    const int result = sqlite3_open_v2(is_frozen ? uri : path, &database->connection, flags, NULL);

    free(uri);
    if (result != SQLITE_OK)
        return failed(database, error);
    (void)sqlite3_busy_timeout(database->connection, database->options->busy_timeout_ms == 0
                                                         ? BUSY_TIMEOUT_MS
                                                         : database->options->busy_timeout_ms);
    return is_ours(database, error) && (is_frozen || execute(database, log_pragma, error)) &&
           execute(database, pragmas, error) &&
           (database->options->pragmas == NULL ||
            execute(database, database->options->pragmas, error));
}

/* A new file is empty. */
static bool is_ours(struct database *database, struct error *error)
{
    static const char sql[] = "SELECT count(*) > 0, total(name = ?1) > 0 FROM sqlite_master";
    sqlite3_stmt *statement = NULL;
    bool is_read = sqlite3_prepare_v2(database->connection, sql, -1, &statement, NULL) == SQLITE_OK;

    if (is_read) {
        database_bind_text(statement, 1, text_of(database->options->table));
        is_read = sqlite3_step(statement) == SQLITE_ROW;
    }

    const bool is_foreign =
        is_read && database_integer(statement, 0) != 0 && database_integer(statement, 1) == 0;

    if (!is_read)
        (void)failed(database, error);
    (void)sqlite3_finalize(statement);
    if (is_foreign)
        return error_set(error, "it is the database of another program");
    return is_read;
}

/* A file of this version can still be read. */
static bool make_ready(struct database *database, struct error *error)
{
    struct error ignored = {0};
    int schema = 0;

    if (migrate(database, error))
        return prepare(database, error);
    if (database->options->must_write || !cannot_write(database))
        return false;
    (void)execute(database, "ROLLBACK", &ignored);
    return read_schema(database, &schema, &ignored) &&
           schema == (int)database->options->migration_count && prepare(database, &ignored);
}

static void note_damage(const struct database *database)
{
    const bool is_open = database->connection != NULL;
    const int code = is_open ? primary_code(database) : SQLITE_OK;

    if (database->options->is_damaged != NULL && (code == SQLITE_CORRUPT || code == SQLITE_NOTADB))
        *database->options->is_damaged = true;
}

static bool cannot_write(const struct database *database)
{
    static const int codes[] = {SQLITE_READONLY, SQLITE_FULL,  SQLITE_BUSY,
                                SQLITE_CANTOPEN, SQLITE_IOERR, SQLITE_PERM};
    const int code = sqlite3_errcode(database->connection);
    bool is_found = false;

    for (size_t i = 0; i < ARRAY_COUNT(codes) && !is_found; i++)
        is_found = code == codes[i];
    return is_found;
}

/* PRAGMA user_version is the schema of the file. A failure leaves the transaction open: closing the
 * database rolls it back. */
static bool migrate(struct database *database, struct error *error)
{
    int newest = (int)database->options->migration_count;
    char set_schema[64];
    int schema = 0;

    if (!execute(database, "BEGIN IMMEDIATE", error) || !read_schema(database, &schema, error))
        return false;
    if (schema < 0)
        return error_set(error, "its schema is %d, which no version has written", schema);
    if (schema > newest) {
        return error_set(error, "its schema is %d, and this version knows none past %d", schema,
                         newest);
    }
    for (; schema < newest; schema++) {
        if (!execute(database, database->options->migrations[schema], error))
            return false;
    }
    (void)snprintf(set_schema, sizeof(set_schema), "PRAGMA user_version = %d", newest);
    return execute(database, set_schema, error) &&
           execute(database, database->options->additions, error) &&
           execute(database, "COMMIT", error);
}

static bool read_schema(struct database *database, int *schema, struct error *error)
{
    static const char sql[] = "PRAGMA user_version";
    sqlite3_stmt *statement = NULL;
    bool is_read =
        sqlite3_prepare_v2(database->connection, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW;

    if (is_read)
        *schema = sqlite3_column_int(statement, 0);
    else
        (void)failed(database, error);
    (void)sqlite3_finalize(statement);
    return is_read;
}

static bool prepare(struct database *database, struct error *error)
{
    for (size_t i = 0; i < database->options->statement_count; i++) {
        if (sqlite3_prepare_v3(database->connection, database->options->statements[i], -1,
                               SQLITE_PREPARE_PERSISTENT, &database->statements[i],
                               NULL) != SQLITE_OK)
            return failed(database, error);
    }
    return true;
}

/* A statement left open would hold the transaction. */
static void reset(struct database *database)
{
    for (size_t i = 0; i < database->options->statement_count; i++) {
        (void)sqlite3_reset(database->statements[i]);
        (void)sqlite3_clear_bindings(database->statements[i]);
    }
}

static bool execute(struct database *database, const char *sql, struct error *error)
{
    return sqlite3_exec(database->connection, sql, NULL, NULL, NULL) == SQLITE_OK ||
           failed(database, error);
}

static bool failed(const struct database *database, struct error *error)
{
    const char *reason = sqlite3_errmsg(database->connection);
    const int code = primary_code(database);
    const int cause = code == SQLITE_CANTOPEN ? sqlite3_system_errno(database->connection) : 0;

    if (cause != 0)
        return error_set(error, "SQLite: %s: %s", reason, strerror(cause));
    if (code != SQLITE_CORRUPT && code != SQLITE_NOTADB)
        return error_set(error, "SQLite: %s", reason);
    return error_set(error,
                     "SQLite: %s (PRAGMA integrity_check says where, .recover of sqlite3 saves the "
                     "rest): %s",
                     reason, sqlite3_db_filename(database->connection, "main"));
}

static int primary_code(const struct database *database)
{
    return sqlite3_errcode(database->connection) & 0xff;
}
