/* SPDX-License-Identifier: MIT
 *
 * How often somebody may send requests other than checks. A request with a key that this process
 * knows counts for its app, so strangers behind the same address cannot lock out an app. Any other
 * request counts for its IP address. One customer may have a /48 of IPv6, with 65,536 networks that
 * each count as one site. So a /48 counts too, and may send GUARD_WIDE_TIMES as many as one
 * site. */
#ifndef API_GUARD_H
#define API_GUARD_H

#include "api/api.h"
#include "http/request.h"

#define GUARD_WIDE_TIMES 16

/* A look-up costs the catalogue little, but keys can be made up. So look-ups per second are
 * limited, for one address and for this process. */
#define GUARD_LOOKUPS_PER_ADDRESS 25
#define GUARD_LOOKUPS_PER_SECOND  1000

/* Counts the request, unless its route is unlimited. False: it has been answered 429. */
MUST_USE bool guard_admits(struct request *request, struct api *api);

/* Counts a look-up of a key that this process does not know. False: the request has been answered
 * 503. */
MUST_USE bool guard_admits_lookup(struct request *request, struct api *api);

#endif
