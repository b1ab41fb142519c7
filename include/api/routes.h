/* SPDX-License-Identifier: MIT
 *
 * Every route, in one table. */
#ifndef API_ROUTES_H
#define API_ROUTES_H

#include "http/router.h"

/* All there are. */
const struct route_table *routes(void);

/* Those of them that serve everybody when the operator has a listener apart, and those that this
 * one serves. The rows are the same: a row's number is its place in routes(). */
const struct route_table *routes_without_metrics(void);
const struct route_table *routes_of_operation(void);

/* What other services call ours. The last one is all NULL. */
struct route_alias {
    const char *theirs;
    const char *ours; /* a path of routes() */
};
extern const struct route_alias route_aliases[];

#endif
