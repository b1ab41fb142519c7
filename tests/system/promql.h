/* SPDX-License-Identifier: MIT
 *
 * Whether a Prometheus query uses only exported names. Of the language it knows names, matchers in
 * braces, and `by (...)`. Main thread only. */
#ifndef SYSTEM_PROMQL_H
#define SYSTEM_PROMQL_H

#include "scrape.h"

/* Fails the test at a name of ours that is not exported, at a label that such a name does not have,
 * or at a value that the label never has. Returns how many names of ours the query has. */
size_t promql_check(const char *query, const struct scrape *scrape);

#endif
