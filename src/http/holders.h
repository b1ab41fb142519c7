/* SPDX-License-Identifier: MIT
 *
 * Which tenant holds how many connections of one server, and which of them are idle. Private to
 * clients.c. Worker's thread.
 *
 * Holders are ranked by the number of bits of what they hold: a connection more or less changes
 * little, and those that hold most are found without a look at the others. */
#ifndef HTTP_HOLDERS_H
#define HTTP_HOLDERS_H

#include "base/tenant_map.h"

#include <sys/queue.h>

#define HOLDER_RANKS 33 /* 0 is that of those who hold nothing */

struct client;

TAILQ_HEAD(client_list, client);

struct holder {
    TAILQ_ENTRY(holder) in_rank;
    struct client_list idle; /* for longest first */
    uint32_t place;          /* among all */
    uint32_t tenant;
    uint32_t held;
};

TAILQ_HEAD(holder_list, holder);

struct holders {
    struct holder_list ranks[HOLDER_RANKS];
    struct tenant_map place_of; /* 1 + its place */
    struct holder **all;        /* those that hold nothing, too */
    uint32_t all_count;
    uint32_t count; /* that hold any */
    uint32_t taken; /* by all of them */
};

void holders_init(struct holders *holders);
/* Nobody may hold any. */
void holders_close(struct holders *holders);

/* The tenant holds one more. Allocates only when there are more holders than ever before. */
struct holder *holders_take(struct holders *holders, uint32_t tenant);
/* One fewer. */
void holders_give(struct holders *holders, struct holder *holder);

/* Whether it holds more than would be left for each if there was one holder more; never of a single
 * connection. */
bool holder_is_over(const struct holders *holders, const struct holder *holder);

#endif
