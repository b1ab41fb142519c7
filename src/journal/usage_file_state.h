/* SPDX-License-Identifier: MIT
 *
 * A file of usage, for usage_file.c, and for usage_file_room.c, which keeps it small enough. */
#ifndef JOURNAL_USAGE_FILE_STATE_H
#define JOURNAL_USAGE_FILE_STATE_H

#include "base/database.h"
#include "base/steady_clock.h"
#include "journal/usage_file.h"
#include "metrics/figure.h"

#include <stdatomic.h>

#define USAGE_FILE_PAGE_BYTES    4096 /* SQLite's own choice for a new file */
#define USAGE_FILE_PRAGMAS_BYTES 160

enum statement {
    SAVE,
    READ,
    FORGET_OLD,
    PAGES,
    FREE_PAGES,
    ROWS,
    LARGEST,
    NOTE_SHORTENED,
    SHORTEN,
    SHORTENED,
    FORGET_SHORTENED,
    SAVES,
    NOTE_SAVE,
    FORGET_SAVERS
};

/* A connection, and the thread that has it. */
struct usage_side {
    struct database_options options;
    struct database *database; /* NULL: it is not open */
    bool is_damaged;           /* found when it was opened, or later */
    bool has_failed;           /* and the log says so */
    bool was_full;             /* there was no room for the last transaction */
    int64_t rests_until_us;
    struct error error; /* of the transaction under way; empty: none */
};

struct usage_file {
    char *path;
    uint64_t instance;
    int64_t bytes_max;
    char pragmas[USAGE_FILE_PRAGMAS_BYTES];
    struct steady_clock clock;
    struct usage_side saving;
    struct usage_side reading;
    atomic_bool is_damaged; /* either side has found that, and the saving one must set it aside */
    int64_t saves;          /* the commits of this process; the file must know as many */
    bool has_lost;          /* and it did not when the last save began */
    struct figure failures;
};

/* Runs a statement; a failure is the side's error. */
bool usage_side_run(struct usage_side *side, sqlite3_stmt *statement);

/* To be called in a transaction that writes. Makes room if the file is nearly full, or had no room
 * for the last one; then that is committed, and another one begun. */
MUST_USE bool usage_file_room_make(struct usage_side *side, int64_t bytes_max);
/* Deletes a part of what is too old at this minute; what fails here fails the commit. */
void usage_file_room_forget(struct usage_side *side, int64_t now);
/* To be called before each stretch is read: says in the report from where on there are minutes.
 * False when that has changed since the first stretch, so that the report would lack some. */
MUST_USE bool usage_file_room_tell(struct usage_side *side, const char *app_id,
                                   struct usage_report *report, const struct usage_cursor *cursor);

#endif
