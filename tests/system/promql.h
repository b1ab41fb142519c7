/* SPDX-License-Identifier: MIT
 *
 * Whether a query in Prometheus' language speaks of what is exported. It knows so much of the
 * language as names, matchers in braces, and `by (...)`. Main thread only. */
#ifndef SYSTEM_PROMQL_H
#define SYSTEM_PROMQL_H

#include "scrape.h"

/* Fails the test at a name of ours that is not exported, a label that such a name does not have, or
 * a value that a label is compared with and never takes. Returns how many names of ours there
 * were. */
size_t promql_check(const char *query, const struct scrape *scrape);

#endif
