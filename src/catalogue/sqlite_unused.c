/* SPDX-License-Identifier: MIT */
#include "sqlite_unused.h"

#include "base/clock.h"
#include "sqlite_admin.h"
#include "sqlite_revision.h"

static enum catalogue_status mark_end(struct catalogue_sqlite *sqlite, const char *app_id,
                                      struct error *error);
static enum catalogue_status app_expire(struct catalogue_sqlite *sqlite, const char *app_id,
                                        int64_t revision, int64_t kept_us, struct error *error);

enum catalogue_status sqlite_unused_end(struct catalogue_backend *backend, const char *app_id,
                                        struct error *error)
{
    struct catalogue_sqlite *sqlite = sqlite_statements_backend(backend);

    if (!database_begin(sqlite->database, DATABASE_WRITE, error))
        return CATALOGUE_UNAVAILABLE;
    return sqlite_statements_end_app(sqlite, mark_end(sqlite, app_id, error), error);
}

enum catalogue_status sqlite_unused_expire(struct catalogue_backend *backend, const char *app_id,
                                           int64_t revision, int64_t kept_us, struct error *error)
{
    struct catalogue_sqlite *sqlite = sqlite_statements_backend(backend);

    if (!database_begin(sqlite->database, DATABASE_WRITE, error))
        return CATALOGUE_UNAVAILABLE;
    return sqlite_statements_end_app(sqlite, app_expire(sqlite, app_id, revision, kept_us, error),
                                     error);
}

static enum catalogue_status mark_end(struct catalogue_sqlite *sqlite, const char *app_id,
                                      struct error *error)
{
    struct database *database = sqlite->database;

    if (!database_run(database, sqlite_statements_for(database, UNUSED_DELETE, app_id), error))
        return CATALOGUE_UNAVAILABLE;
    return database_changes(database) == 0 ? CATALOGUE_ABSENT
                                           : sqlite_revision_give(sqlite, app_id, error);
}

static enum catalogue_status app_expire(struct catalogue_sqlite *sqlite, const char *app_id,
                                        int64_t revision, int64_t kept_us, struct error *error)
{
    sqlite3_stmt *since = sqlite_statements_for(sqlite->database, UNUSED_SINCE, app_id);

    database_bind_integer(since, 2, revision);
    database_bind_integer(since, 3, clock_wall_us() - kept_us);
    enum catalogue_status status = sqlite_statements_step(sqlite->database, since, error);
    if (status != CATALOGUE_OK)
        return status;
    return sqlite_admin_bury(sqlite, app_id, error) ? CATALOGUE_OK : CATALOGUE_UNAVAILABLE;
}
