/* SPDX-License-Identifier: MIT
 *
 * Guesses which path was meant by a request to an unknown path. */
#ifndef API_NEAREST_ROUTE_H
#define API_NEAREST_ROUTE_H

#include "http/router.h"

/* A path of the table, or NULL. `path` comes from outside. */
const char *nearest_route(const struct route_table *table, const char *path);

#endif
