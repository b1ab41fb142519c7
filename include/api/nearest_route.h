/* SPDX-License-Identifier: MIT
 *
 * For who asks at a path where there is nothing: which one they may have meant. */
#ifndef API_NEAREST_ROUTE_H
#define API_NEAREST_ROUTE_H

#include "http/router.h"

/* A path of the table, or NULL. `path` came from outside. */
const char *nearest_route(const struct route_table *table, const char *path);

#endif
