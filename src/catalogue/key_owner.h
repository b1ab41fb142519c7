/* SPDX-License-Identifier: MIT
 *
 * The owner of an API key, as stored. Private to the catalogue. */
#ifndef CATALOGUE_KEY_OWNER_H
#define CATALOGUE_KEY_OWNER_H

#include "catalogue/catalogue_backend.h"

/* Loads the app that has this key, with one reference for the caller. CATALOGUE_ABSENT also if only
 * the key is left of the app, or if it has other keys, because the list of keys may be older than
 * the apps. */
enum catalogue_status key_owner_load(struct catalogue_backend *backend,
                                     const struct key_digest *key, struct app **app,
                                     struct error *error);

#endif
