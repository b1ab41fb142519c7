/* SPDX-License-Identifier: MIT
 *
 * Every route, in one table. */
#ifndef API_ROUTES_H
#define API_ROUTES_H

#include "http/router.h"

const struct route_table *routes(void);

#endif
