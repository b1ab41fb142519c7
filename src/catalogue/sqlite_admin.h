/* SPDX-License-Identifier: MIT
 *
 * What operators do to apps in a database file. Private to catalogue_sqlite.c. */
#ifndef CATALOGUE_SQLITE_ADMIN_H
#define CATALOGUE_SQLITE_ADMIN_H

#include "catalogue/catalogue_backend.h"

catalogue_app_remove_fn sqlite_admin_remove;
catalogue_app_suspend_fn sqlite_admin_suspend;
catalogue_app_rekey_fn sqlite_admin_rekey;

#endif
