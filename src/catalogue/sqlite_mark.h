/* SPDX-License-Identifier: MIT
 *
 * Pepper and identity in a database file. Private to catalogue_sqlite.c. */
#ifndef CATALOGUE_SQLITE_MARK_H
#define CATALOGUE_SQLITE_MARK_H

#include "catalogue/catalogue_backend.h"

catalogue_mark_read_fn sqlite_mark_read;
catalogue_mark_claim_fn sqlite_mark_claim;

#endif
