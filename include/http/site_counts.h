/* SPDX-License-Identifier: MIT
 *
 * How many connections each site has, over all workers: an IPv4 address, or a /64 of IPv6. A site
 * without any takes no room, so the connections that may be open bound it. Any thread. */
#ifndef HTTP_SITE_COUNTS_H
#define HTTP_SITE_COUNTS_H

#include "base/ip_address.h"

struct site_counts;

/* No site has more than `each_max`; made for up to `sites_max` of them, more are slower. */
struct site_counts *site_counts_new(size_t sites_max, unsigned each_max);
/* NULL is legal. */
void site_counts_free(struct site_counts *counts);

/* One more of this site. False when it has as many as it may, which the log says once a second. */
MUST_USE bool site_counts_enter(struct site_counts *counts, const struct ip_address *site);
/* One less, after true. */
void site_counts_leave(struct site_counts *counts, const struct ip_address *site);

#endif
