/* SPDX-License-Identifier: MIT
 *
 * The states in which a Redis that runs refuses what it is asked. Main thread only. */
#ifndef SYSTEM_REFUSALS_H
#define SYSTEM_REFUSALS_H

#include "support/redis_server.h"

/* A Redis and who else it takes. */
struct refusing {
    struct redis_server *redis;
    struct redis_server *node; /* of the same cluster; NULL: there is none */
    redisContext *busy;        /* what keeps it busy; NULL: nothing does */
};

enum refusal_scope {
    REFUSAL_OF_ALL,     /* nobody's check is decided */
    REFUSAL_OF_PLACE,   /* nor is one of the keys that have gone */
    REFUSAL_CONNECTING, /* open connections end, and no others are accepted */
};

struct refusal {
    const char *name; /* of the test */
    const char *code; /* what the log says */
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
