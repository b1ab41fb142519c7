/* SPDX-License-Identifier: MIT
 *
 * Putting apps back into a database file. Private to catalogue_sqlite.c. */
#ifndef CATALOGUE_SQLITE_RESTORE_H
#define CATALOGUE_SQLITE_RESTORE_H

#include "sqlite_statements.h"

catalogue_restore_begin_fn sqlite_restore_begin;
catalogue_restore_end_fn sqlite_restore_end;
catalogue_app_restore_fn sqlite_restore_app;

/* Within the transaction under way. */
MUST_USE bool sqlite_restore_read(struct database *database, struct catalogue_restorer *restorer,
                                  struct error *error);

#endif
