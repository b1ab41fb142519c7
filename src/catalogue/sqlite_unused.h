/* SPDX-License-Identifier: MIT
 *
 * Apps in a database file that have registered and checked nothing. Private to
 * catalogue_sqlite.c. */
#ifndef CATALOGUE_SQLITE_UNUSED_H
#define CATALOGUE_SQLITE_UNUSED_H

#include "catalogue/catalogue_backend.h"

catalogue_app_use_fn sqlite_unused_end;
catalogue_app_expire_fn sqlite_unused_expire;

#endif
