/* SPDX-License-Identifier: MIT
 *
 * The schema and the statements of the catalogue in a database file. Private to catalogue_sqlite.c
 * and its parts. */
#ifndef CATALOGUE_SQLITE_STATEMENTS_H
#define CATALOGUE_SQLITE_STATEMENTS_H

#include "base/database.h"
#include "catalogue/catalogue_backend.h"
#include "damages.h"

enum sqlite_statement {
    PEPPER_REPLACE,
    PEPPER_SELECT,
    IDENTITY_REPLACE,
    IDENTITY_SELECT,
    RESTORING_REPLACE,
    RESTORING_SELECT,
    RESTORING_DELETE,
    REVISION_SELECT,
    REVISION_REPLACE,
    HISTORY_INSERT,
    HISTORY_TRIM,
    HISTORY_NEWEST,
    HISTORY_HAS,
    APP_INSERT,
    APP_SELECT,
    APP_REVISION,
    APP_REVISE,
    APP_DELETE,
    APPS_CHANGED,
    APPS_COUNT,
    APPS_LOST,
    REVISION_NEWEST,
    REVISION_OLDEST,
    TOMBSTONE_INSERT,
    TOMBSTONE_SELECT,
    FORGOTTEN_REPLACE,
    FORGOTTEN_SELECT,
    TOMBSTONES_TRIM,
    RESTORED_REPLACE,
    RESTORED_BEFORE,
    RESTORED_DELETE,
    SUSPENSION_INSERT,
    SUSPENSION_DELETE,
    UNUSED_INSERT,
    UNUSED_DELETE,
    UNUSED_SINCE,
    KEY_INSERT,
    KEY_SELECT,
    KEY_OWNER,
    KEYS_SELECT,
    KEYS_DELETE,
    POLICIES_DELETE,
    POLICIES_SELECT,
    POLICIES_COUNT,
    POLICY_SELECT,
    POLICY_REPLACE,
    POLICY_DELETE,
    STATEMENT_COUNT
};

extern const struct database_options sqlite_statements_options;

struct catalogue_sqlite {
    struct catalogue_backend backend;
    struct database *database;
    struct damages damages;
    int64_t given; /* the revision that the transaction under way has given; 0: none */
};

struct catalogue_sqlite *sqlite_statements_backend(struct catalogue_backend *backend);

/* Commits if `status` is good; returns the final status. */
enum catalogue_status sqlite_statements_end(struct catalogue_sqlite *sqlite,
                                            enum catalogue_status status, struct error *error);
/* The same for a transaction about one app: damage of the file counts as damage of that app, or of
 * its key. */
enum catalogue_status sqlite_statements_end_app(struct catalogue_sqlite *sqlite,
                                                enum catalogue_status status, struct error *error);
/* CATALOGUE_OK if there is a row, CATALOGUE_ABSENT if there is none or no more. */
enum catalogue_status sqlite_statements_step(struct database *database, sqlite3_stmt *statement,
                                             struct error *error);
/* A statement whose first parameter is the app. */
sqlite3_stmt *sqlite_statements_for(struct database *database, enum sqlite_statement which,
                                    const char *app_id);

/* As the parameters after it. `arena` must live until the statement has run. */
void sqlite_statements_bind_identity(sqlite3_stmt *statement,
                                     const struct policy_identity *identity, struct arena *arena);
void sqlite_statements_bind_policy(sqlite3_stmt *statement, const struct policy *policy,
                                   struct arena *arena);

#endif
