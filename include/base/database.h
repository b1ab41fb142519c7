/* SPDX-License-Identifier: MIT
 *
 * A SQLite file with its schema and its prepared statements, for one thread at a time. Every
 * statement runs between a begin and an end. */
#ifndef BASE_DATABASE_H
#define BASE_DATABASE_H

#include "base/error.h"
#include "base/text.h"

#include <sqlite3.h>

/* Borrowed by the database. */
struct database_options {
    const char *table;             /* is in every file of ours, and in none of other programs */
    const char *const *migrations; /* [n] leads from schema n to n + 1 */
    size_t migration_count;
    const char *additions; /* runs at each opening: CREATE ... IF NOT EXISTS */
    const char *const *statements;
    size_t statement_count;
    const char *pragmas; /* run at each opening, after those of all files; NULL: none */
    int busy_timeout_ms; /* how long each step waits for another process; 0: 2 s */
    bool must_write;     /* a file that can only be read is not opened */
    bool *is_damaged;    /* set to true when opening failed because of that; NULL: not asked */
};

struct database;

/* Creates a missing file (mode 0600, its directory 0700) and migrates an old one. NULL when it
 * cannot be opened, is another program's (then it is not changed), is newer than the migrations, or
 * is old and cannot be written. If nothing can be written (the disk is full or mounted read-only,
 * or another writer does not end), a file of this version is opened only for reading, and the log
 * says so. */
MUST_USE struct database *database_new(const char *path, const struct database_options *options,
                                       struct error *error);
void database_free(struct database *database);

/* Whether its file is no longer at its path, so that what is written to it would be lost. */
bool database_has_moved(struct database *database);
/* Opens the file that is now at the path, or creates one. False when that fails: then *database is
 * as before. To be called between transactions. */
MUST_USE bool database_reopen(struct database **database, struct error *error);

/* Renames a damaged file to "<path>.damaged", over an earlier one, and removes its log. False: it
 * is still there. This process must have closed it, or never use what it has open again. */
MUST_USE bool database_set_aside(const char *path, struct error *error);

/* Whether it was opened only for reading, because nothing could be written. */
bool database_is_frozen(const struct database *database);
/* Opens such a database again. False when still nothing can be written: then *database is as
 * before. To be called between transactions. */
MUST_USE bool database_thaw(struct database **database);

enum database_access { DATABASE_READ, DATABASE_WRITE };

/* DATABASE_WRITE takes the lock at once, and waits for another process as the options say. It fails
 * once the file has moved. */
MUST_USE bool database_begin(struct database *database, enum database_access access,
                             struct error *error);
/* Commits. False when that fails: then nothing has changed. Bound and read values are no longer
 * valid. */
MUST_USE bool database_commit(struct database *database, struct error *error);
void database_roll_back(struct database *database);

/* The prepared statement options->statements[which], ready to be bound and run. */
sqlite3_stmt *database_statement(struct database *database, size_t which);

/* Whether a statement of this transaction failed because data in the file is damaged. Other
 * transactions may succeed, but this one must not be committed. To be called once for each
 * transaction. */
bool database_take_damage(struct database *database);

/* Whether a statement of this transaction found no room: PRAGMA max_page_count was reached, or the
 * disk may be full. */
bool database_was_full(const struct database *database);

enum database_step { DATABASE_ROW, DATABASE_DONE, DATABASE_FAILED };
enum database_step database_step(struct database *database, sqlite3_stmt *statement,
                                 struct error *error);
/* Runs the statement to its end, and ignores rows. */
MUST_USE bool database_run(struct database *database, sqlite3_stmt *statement, struct error *error);
/* How many rows the last statement inserted, updated or deleted. */
int database_changes(const struct database *database);

/* Parameters count from 1, columns from 0. Bound values are borrowed until the statement has run or
 * the transaction ends. An absent text is NULL. */
void database_bind_text(sqlite3_stmt *statement, int place, struct text text);
void database_bind_bytes(sqlite3_stmt *statement, int place, const uint8_t *bytes, size_t count);
void database_bind_integer(sqlite3_stmt *statement, int place, int64_t value);
/* The bytes of any value, valid until the next step; absent if it is NULL. */
struct text database_blob(sqlite3_stmt *statement, int place);
/* NUL-terminated, valid until the next step. */
struct text database_text(sqlite3_stmt *statement, int place);
/* False when the column does not hold exactly `count` bytes. */
MUST_USE bool database_bytes(sqlite3_stmt *statement, int place, uint8_t *bytes, size_t count);
/* Must be checked, because a column holds whatever was put there, whatever type the table
 * declares. */
bool database_holds_integer(sqlite3_stmt *statement, int place);
int64_t database_integer(sqlite3_stmt *statement, int place);

#endif
