/* SPDX-License-Identifier: MIT
 *
 * The catalogue that the settings name. */
#ifndef APP_OPEN_CATALOGUE_H
#define APP_OPEN_CATALOGUE_H

#include "app/settings.h"

/* NULL when a file cannot be opened; Redis is not asked yet. The caller's. */
MUST_USE struct catalogue_backend *open_catalogue(const struct settings *settings,
                                                  struct error *error);

#endif
