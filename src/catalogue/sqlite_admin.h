/* SPDX-License-Identifier: MIT
 *
 * What operators do to apps in a database file. Private to catalogue_sqlite.c and its parts. */
#ifndef CATALOGUE_SQLITE_ADMIN_H
#define CATALOGUE_SQLITE_ADMIN_H

#include "sqlite_statements.h"

/* Deletes the app, if it is there, and keeps only the mark that it was deleted. Within a
 * transaction. */
MUST_USE bool sqlite_admin_bury(struct catalogue_sqlite *sqlite, const char *app_id,
                                struct error *error);

catalogue_app_remove_fn sqlite_admin_remove;
catalogue_app_suspend_fn sqlite_admin_suspend;
catalogue_app_rekey_fn sqlite_admin_rekey;

#endif
