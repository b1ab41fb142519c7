/* SPDX-License-Identifier: MIT
 *
 * How often somebody may do what is not a check. Who sends a key that this process knows counts as
 * its app: strangers behind the same address lock no app out. Everybody else counts by IP address.
 * One customer may have a /48 of IPv6, which is 65,536 networks of one site: so a /48 counts, too,
 * and may do GUARD_WIDE_TIMES as much as each of its sites. */
#ifndef API_GUARD_H
#define API_GUARD_H

#include "api/api.h"
#include "http/request.h"

#define GUARD_WIDE_TIMES 16

/* A look-up costs the catalogue little, but keys can be made up: so many a second of one address,
 * and of all together at this process. */
#define GUARD_LOOKUPS_PER_ADDRESS 25
#define GUARD_LOOKUPS_PER_SECOND  1000

/* Counts a request of a route that is not unlimited. False: it has been answered 429. */
MUST_USE bool guard_admits(struct request *request, struct api *api);

/* Counts a look-up of a key that this process does not know. False: the request has been answered
 * 503. */
MUST_USE bool guard_admits_lookup(struct request *request, struct api *api);

#endif
