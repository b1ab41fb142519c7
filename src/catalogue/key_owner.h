/* SPDX-License-Identifier: MIT
 *
 * Whose an API key is by what is stored. Private to the catalogue. */
#ifndef CATALOGUE_KEY_OWNER_H
#define CATALOGUE_KEY_OWNER_H

#include "catalogue/catalogue_backend.h"

/* Loads the app that has this key, one reference for the caller. CATALOGUE_ABSENT also when there
 * is no more than the key left of it, or when it has other keys: what leads from keys to apps may
 * be older than they are. */
enum catalogue_status key_owner_load(struct catalogue_backend *backend,
                                     const struct key_digest *key, struct app **app,
                                     struct error *error);

#endif
