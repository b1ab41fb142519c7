/* SPDX-License-Identifier: MIT
 *
 * The apps that a configuration file declares. They are kept until the catalogue can be reached. */
#ifndef CATALOGUE_PROVISIONING_H
#define CATALOGUE_PROVISIONING_H

#include "catalogue/catalogue.h"

#include <stdatomic.h>

struct provisioning;

/* Copies all of it. */
struct provisioning *provisioning_new(const struct catalogue_provision provisions[], size_t count);
/* Clears the API keys, too. NULL is fine. */
void provisioning_free(struct provisioning *provisioning);

/* Creates what is missing, saves what differs, and publishes what it changed. A second run changes
 * nothing. CATALOGUE_UNAVAILABLE when it must run again, also once *is_stopping: then the log says
 * how many apps are not as declared. Catalogue thread. */
enum catalogue_status provisioning_apply(const struct provisioning *provisioning,
                                         struct catalogue_backend *backend, struct app_index *index,
                                         const atomic_bool *is_stopping, struct error *error);

#endif
