/* SPDX-License-Identifier: MIT
 *
 * Apps as a database file holds them. Within a transaction of the caller. Private to
 * catalogue_sqlite.c. */
#ifndef CATALOGUE_SQLITE_APP_H
#define CATALOGUE_SQLITE_APP_H

#include "sqlite_statements.h"

/* As catalogue_app_load_fn. */
enum catalogue_status sqlite_app_load(struct catalogue_sqlite *sqlite, const char *app_id,
                                      struct app **app, struct error *error);

/* As catalogue_app_revision_fn. */
enum catalogue_status sqlite_app_revision(struct catalogue_sqlite *sqlite, const char *app_id,
                                          int64_t *revision, struct error *error);

/* As catalogue_changes_fn. */
enum catalogue_status sqlite_app_changes(struct catalogue_sqlite *sqlite, int64_t *revision,
                                         void *context, catalogue_visit_fn *visit,
                                         struct error *error);

#endif
