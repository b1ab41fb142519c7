/* SPDX-License-Identifier: MIT
 *
 * Where the servers of one Redis are now, for all threads of the process. A single server stays
 * where its URL says. The master that sentinels name, and the nodes of a cluster, are looked up by
 * a thread of the topology, which never decides and is never waited for. What the threads get is a
 * map (redis_map.h): they ask for it when its version has changed.
 *
 * The map is looked up anew when somebody doubts it, but not more often than every
 * REDIS_TOPOLOGY_REST_US; when a sentinel tells of a new master; and every 30 s, with sentinels
 * every 5 s, because one of them may be cut off from the others. If nobody answers, the last map
 * stays.
 *
 * While the doubts go on and nothing changes, each rest is twice as long as the one before, up to
 * REDIS_TOPOLOGY_REST_MAX_US. So a change is seen so much later at most. It makes the next rest
 * short again. */
#ifndef REDIS_REDIS_TOPOLOGY_H
#define REDIS_REDIS_TOPOLOGY_H

#include "base/duration.h"
#include "base/error.h"
#include "redis/redis_map.h"
#include "redis/redis_url.h"

#include <sys/queue.h>

#define REDIS_TOPOLOGY_REST_US     (100 * MILLISECOND_US)
#define REDIS_TOPOLOGY_REST_MAX_US (800 * MILLISECOND_US)

struct redis_topology;

struct redis_topology_options {
    struct redis_url url;
    struct redis_login sentinel_login; /* of the sentinels; the URL has that of Redis */
    struct redis_tls *tls;             /* borrowed; NULL unless the URL has TLS */
    int64_t other_after_us; /* how long only another cluster answers until it is taken; 0: 60 s */
};

/* Makes the first map, which has no node unless the URL names a single server. Takes the few
 * descriptors of a loop (see redis_dialer.h), so make it while the service starts. Never NULL. */
struct redis_topology *redis_topology_new(const struct redis_topology_options *options);

/* Looks for the servers once, before there is a thread. False if they are not known then; `error`
 * says why. For a single server it does nothing. Blocks for about two seconds at most, however
 * slowly they answer. */
bool redis_topology_look(struct redis_topology *topology, struct error *error);

/* Starts the thread, if this kind needs one: once, after the sandbox. */
void redis_topology_start(struct redis_topology *topology);

/* Ends it. False: it has not ended by `deadline_us` (clock_monotonic_us()). */
MUST_USE bool redis_topology_stop(struct redis_topology *topology, int64_t deadline_us);

/* After all that use it. NULL is allowed. */
void redis_topology_free(struct redis_topology *topology);

/* How its servers are spoken to; lives as long as the topology. Any thread, as for all below. */
const struct redis_access *redis_topology_access(const struct redis_topology *topology);

/* The present map: a reference, which is the caller's. */
struct redis_map *redis_topology_map(struct redis_topology *topology);

/* Whether it will never have another map. */
bool redis_topology_is_fixed(const struct redis_topology *topology);

/* Another number for each new map. One load. */
uint64_t redis_topology_version(const struct redis_topology *topology);

/* Something contradicts the map: a server is lost, is no master, or says that another one has the
 * key. `reason` is constant text for the log. Never blocks. */
void redis_topology_doubt(struct redis_topology *topology, const char *reason);

/* To be told when there is a new map. `fd` is an eventfd of the watcher; 1 is added to it. The
 * watcher's storage, which must stay where it is. */
struct redis_watcher {
    int fd;
    LIST_ENTRY(redis_watcher) in_topology;
};

void redis_topology_watch(struct redis_topology *topology, struct redis_watcher *watcher);
/* It is told nothing after this returns. */
void redis_topology_unwatch(struct redis_topology *topology, struct redis_watcher *watcher);

#endif
