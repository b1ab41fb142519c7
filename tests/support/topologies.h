/* SPDX-License-Identifier: MIT
 *
 * Topologies for tests that name a Redis by its URL. Each is made once, and kept until the program
 * ends. Main thread only. */
#ifndef SUPPORT_TOPOLOGIES_H
#define SUPPORT_TOPOLOGIES_H

#include "redis/redis_topology.h"

/* The topology of this URL, which must be valid. It has no thread. */
struct redis_topology *topology_at(const char *url);

/* The endpoint of a URL of a single server, and how it is spoken to. */
struct redis_endpoint endpoint_at(const char *url);
struct redis_access access_at(const char *url);

#endif
