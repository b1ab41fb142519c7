/* SPDX-License-Identifier: MIT
 *
 * A finder of a cluster's nodes, and what it finds. Main thread only. */
#ifndef UNIT_FINDER_CASE_H
#define UNIT_FINDER_CASE_H

#include "redis_finder.h"

/* Teardown of each test. */
int finder_end(void **state);

/* Finds the nodes of this URL from now on, anew. */
void finder_begin(const char *url);
/* How long only another cluster answers until it is taken. Of the finder that was begun last. */
void finder_take_other_after(int64_t other_after_us);
/* One look; the map is the caller's. NULL: `error` says why. */
struct redis_map *finder_look(struct error *error);

/* One look, which must find a map. Returns the node of the slot; the port is 0 if nobody has it. */
struct redis_endpoint finder_node(int slot);
int finder_port(int slot);

#endif
