/* SPDX-License-Identifier: MIT
 *
 * How the servers of one kind of Redis are found: redis_finder_server.c, redis_finder_sentinel.c,
 * redis_finder_cluster.c. A finder blocks. It belongs to the thread of the topology, and before
 * that to the main thread. */
#ifndef REDIS_REDIS_FINDER_H
#define REDIS_REDIS_FINDER_H

#include "redis/redis_dialer.h"
#include "redis/redis_session.h"
#include "redis/redis_topology.h"

/* How long a look takes at most, and how much of that one server may take, however slowly it
 * answers. */
#define REDIS_FINDER_LOOK_US   (2 * SECOND_US)
#define REDIS_FINDER_SERVER_US SECOND_US

struct redis_finder;

struct redis_finder_kind {
    bool is_fixed; /* what is found first stays: no thread looks again */
    /* All is borrowed, and lives longer. */
    struct redis_finder *(*new)(const struct redis_topology_options *options,
                                const struct redis_access *access, struct redis_dialer *dialer);
    /* A new map, which is the caller's and not numbered yet; NULL: nobody knows, `error` says
     * why. */
    struct redis_map *(*look)(struct redis_finder *finder, struct error *error);
    /* Returns when there may be something new, when `wake_fd` is readable, or at `until_us` of
     * clock_monotonic_us(). */
    void (*wait)(struct redis_finder *finder, int wake_fd, int64_t until_us);
    void (*free)(struct redis_finder *finder);
};

extern const struct redis_finder_kind redis_finder_server;
extern const struct redis_finder_kind redis_finder_sentinel;
extern const struct redis_finder_kind redis_finder_cluster;

/* How long a topology rests after a look, if it rested for `before_us` after the one before. Looks
 * that were asked for by a doubt, and changed nothing, grow rarer. */
int64_t redis_finder_rest_us(int64_t before_us, bool was_doubted, bool has_changed);

/* A session with a server that takes its share of a look that ends at `until_us`
 * (clock_monotonic_us()). The caller frees it. */
struct redis_session *redis_finder_session(struct redis_dialer *dialer,
                                           const struct redis_endpoint *server,
                                           const struct redis_access *access, int64_t until_us);

/* A `wait` that looks at `wake_fd` only. */
void redis_finder_wait(struct redis_finder *finder, int wake_fd, int64_t until_us);

#endif
