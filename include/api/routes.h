/* SPDX-License-Identifier: MIT
 *
 * Every route, in one table. */
#ifndef API_ROUTES_H
#define API_ROUTES_H

#include "http/router.h"

/* All routes. */
const struct route_table *routes(void);

/* If the operator has a listener of its own, the first are the routes of the public listener, and
 * the second those of the operator's. The rows are the same, and a row's number is its place in
 * routes(). */
const struct route_table *routes_without_metrics(void);
const struct route_table *routes_of_operation(void);

/* The names of our paths in other services. The last one is all NULL. */
struct route_alias {
    const char *theirs;
    const char *ours; /* a path of routes() */
};
extern const struct route_alias route_aliases[];

#endif
