/* SPDX-License-Identifier: MIT
 *
 * Whether a catalogue of another identity is related to the apps that an index holds. An older copy
 * that an operator has loaded has some of them. Private to continuity.c. */
#ifndef CATALOGUE_RELATION_H
#define CATALOGUE_RELATION_H

#include "catalogue/app_index.h"
#include "catalogue/catalogue_backend.h"

/* CATALOGUE_OK: *is_related is set. It is true, too, if the index holds nothing, because then
 * nothing can be lost. Reads all apps. */
enum catalogue_status relation_find(struct catalogue_backend *backend, struct app_index *index,
                                    bool *is_related, struct error *error);

#endif
