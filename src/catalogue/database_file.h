/* SPDX-License-Identifier: MIT
 *
 * A database's file in its directory, beside the two that SQLite keeps while it is open: the log of
 * what is not in it yet, and that one's index. Private to database.c. */
#ifndef CATALOGUE_DATABASE_FILE_H
#define CATALOGUE_DATABASE_FILE_H

#include "base/error.h"

#include <sys/types.h>

#define DATABASE_COMPANIONS 2

struct database_file {
    char *path;
    struct {
        dev_t device;
        ino_t inode; /* 0: there was none */
    } companions[DATABASE_COMPANIONS];
};

/* Creates what is missing: the directory (mode 0700), the file (0600). */
MUST_USE bool database_file_make_directory(const char *path, struct error *error);
MUST_USE bool database_file_make(const char *path, struct error *error);

/* Whether there is nothing in a log beside the file. */
bool database_file_is_whole(const char *path);
/* Names the file as one that never changes: for free(). */
char *database_file_frozen_uri(const char *path);

/* Remembers the companions of an open database. */
void database_file_begin(struct database_file *file, const char *path);
void database_file_end(struct database_file *file);

/* Removes those of the companions that are still where they were. Without their file they would be
 * taken for those of another one at its path, and spoil it. */
void database_file_remove_companions(const struct database_file *file);

#endif
