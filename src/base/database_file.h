/* SPDX-License-Identifier: MIT
 *
 * A database's file in its directory, and the two companions that SQLite keeps while it is open:
 * the log of writes that are not in the file yet, and the log's index. Private to database.c. */
#ifndef BASE_DATABASE_FILE_H
#define BASE_DATABASE_FILE_H

#include "base/error.h"

#include <sys/types.h>

#define DATABASE_COMPANIONS 2

struct database_file {
    char *path;
    struct {
        dev_t device;
        ino_t inode; /* 0: none */
    } companions[DATABASE_COMPANIONS];
};

/* Creates what is missing: the directory (mode 0700), the file (0600). What is there in the place
 * of the file must be a regular one. */
MUST_USE bool database_file_make_directory(const char *path, struct error *error);
MUST_USE bool database_file_make(const char *path, struct error *error);

/* Whether no log with content is beside the file. */
bool database_file_is_whole(const char *path);
/* The URI of the file as one that never changes. The caller frees it with free(). */
char *database_file_frozen_uri(const char *path);

/* As database_set_aside(). */
MUST_USE bool database_file_set_aside(const char *path, struct error *error);

/* Remembers the companions of an open database. */
void database_file_begin(struct database_file *file, const char *path);
void database_file_end(struct database_file *file);

/* Removes the companions that are still where they were. Otherwise a new file at the path would be
 * taken to own them, and be spoiled. */
void database_file_remove_companions(const struct database_file *file);

#endif
