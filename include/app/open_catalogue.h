/* SPDX-License-Identifier: MIT
 *
 * Opens the catalogue that the settings name. */
#ifndef APP_OPEN_CATALOGUE_H
#define APP_OPEN_CATALOGUE_H

#include "app/settings.h"

struct redis_topology;

/* NULL if a file cannot be opened; Redis is not asked yet. The caller owns the result. `topology`
 * is that of open_redis(), and borrowed. */
MUST_USE struct catalogue_backend *open_catalogue(const struct settings *settings,
                                                  struct redis_topology *topology,
                                                  struct error *error);

#endif
