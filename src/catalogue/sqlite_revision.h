/* SPDX-License-Identifier: MIT
 *
 * Revisions in a database file. Within a transaction of the caller. Private to catalogue_sqlite.c
 * and its parts. */
#ifndef CATALOGUE_SQLITE_REVISION_H
#define CATALOGUE_SQLITE_REVISION_H

#include "sqlite_statements.h"

/* The newest revision that can have been given. No app's revision is greater. The stored last
 * revision may be lost or damaged. */
MUST_USE bool sqlite_revision_explained(struct database *database, int64_t *explained,
                                        struct error *error);
/* Stores the next revision as the last one, which APP_INSERT and the like then use. */
MUST_USE bool sqlite_revision_next(struct catalogue_sqlite *sqlite, struct error *error);
/* Gives the app the next revision; CATALOGUE_ABSENT when there is none. */
enum catalogue_status sqlite_revision_give(struct catalogue_sqlite *sqlite, const char *app_id,
                                           struct error *error);

#endif
