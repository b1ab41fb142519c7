/* SPDX-License-Identifier: MIT
 *
 * How many connections each site has, over all workers. A site is an IPv4 address, or a /64 of
 * IPv6. A site without connections takes no memory, so the maximum of open connections bounds it.
 * Any thread. */
#ifndef HTTP_SITE_COUNTS_H
#define HTTP_SITE_COUNTS_H

#include "base/ip_address.h"

struct site_counts;

/* No site may have more than `each_max`. More than `sites_max` sites are possible, but slower. */
struct site_counts *site_counts_new(size_t sites_max, unsigned each_max);
/* NULL is fine. */
void site_counts_free(struct site_counts *counts);

/* One more connection of this site. False when it has its maximum; the log says so once a
 * second. */
MUST_USE bool site_counts_enter(struct site_counts *counts, const struct ip_address *site);
/* One less, if site_counts_enter() was true. */
void site_counts_leave(struct site_counts *counts, const struct ip_address *site);

#endif
