/* SPDX-License-Identifier: MIT
 *
 * Whether a catalogue of another identity has to do with the apps that an index holds: an older
 * copy, which an operator has loaded, knows some of them. Private to continuity.c. */
#ifndef CATALOGUE_RELATION_H
#define CATALOGUE_RELATION_H

#include "catalogue/app_index.h"
#include "catalogue/catalogue_backend.h"

/* CATALOGUE_OK: *is_related is set. It is also when the index holds nothing, which has nothing to
 * lose. Reads all apps. */
enum catalogue_status relation_find(struct catalogue_backend *backend, struct app_index *index,
                                    bool *is_related, struct error *error);

#endif
