/* SPDX-License-Identifier: MIT
 *
 * The states in which a running Redis refuses what it is asked. Main thread only. */
#ifndef SYSTEM_REFUSALS_H
#define SYSTEM_REFUSALS_H

#include "support/redis_server.h"

/* A Redis, and the others that it needs for its state. */
struct refusing {
    struct redis_server *redis;
    struct redis_server *node; /* another node of the cluster; NULL: there is none */
    redisContext *busy;        /* keeps it busy; NULL: nothing does */
};

enum refusal_scope {
    REFUSAL_OF_ALL,     /* no check is decided */
    REFUSAL_OF_PLACE,   /* no check is decided whose keys the node does not serve */
    REFUSAL_CONNECTING, /* open connections end, and new ones are refused */
};

struct refusal {
    const char *name; /* the test's */
    const char *code; /* in the log */
    enum refusal_scope scope;
    bool needs_cluster;
    void (*begin)(struct refusing *refusing);
    void (*end)(struct refusing *refusing);
};

extern const struct refusal refusals[];
extern const size_t refusal_count;

void refusing_open(struct refusing *refusing, bool needs_cluster);
void refusing_close(struct refusing *refusing);

#endif
