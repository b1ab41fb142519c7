/* SPDX-License-Identifier: MIT
 *
 * Revisions in a database file. Within a transaction of the caller's. Private to catalogue_sqlite.c
 * and what belongs to it. */
#ifndef CATALOGUE_SQLITE_REVISION_H
#define CATALOGUE_SQLITE_REVISION_H

#include "sqlite_statements.h"

/* The newest revision that can have been given, which no app's is ahead of: the last one may be
 * lost or damaged. */
MUST_USE bool sqlite_revision_explained(struct database *database, int64_t *explained,
                                        struct error *error);
/* Makes the next revision the last one, which APP_INSERT and the like go by. */
MUST_USE bool sqlite_revision_next(struct catalogue_sqlite *sqlite, struct error *error);
/* Gives the app the next revision; CATALOGUE_ABSENT when there is none. */
enum catalogue_status sqlite_revision_give(struct catalogue_sqlite *sqlite, const char *app_id,
                                           struct error *error);

#endif
