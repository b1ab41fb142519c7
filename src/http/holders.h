/* SPDX-License-Identifier: MIT
 *
 * How many connections of one server each tenant holds, and which of them are idle. Private to
 * clients.c. Worker's thread.
 *
 * Holders are ranked by the number of bits in their count. So one connection more or less changes
 * little, and those that hold most are found without a look at the others. */
#ifndef HTTP_HOLDERS_H
#define HTTP_HOLDERS_H

#include "base/tenant_map.h"

#include <sys/queue.h>

#define HOLDER_RANKS 33 /* rank 0 is for those that hold nothing */

struct client;

TAILQ_HEAD(client_list, client);

struct holder {
    TAILQ_ENTRY(holder) in_rank;
    struct client_list idle; /* idle for longest first */
    uint32_t place;          /* in `all` */
    uint32_t tenant;
    uint32_t held;
};

TAILQ_HEAD(holder_list, holder);

struct holders {
    struct holder_list ranks[HOLDER_RANKS];
    struct tenant_map place_of; /* 1 + the holder's place */
    struct holder **all;        /* also those that hold nothing */
    uint32_t all_count;
    uint32_t count; /* how many hold any */
    uint32_t taken; /* connections of all of them */
};

void holders_init(struct holders *holders);
/* No holder may hold any. */
void holders_close(struct holders *holders);

/* The tenant holds one more. Allocates only when there are more holders than ever before. */
struct holder *holders_take(struct holders *holders, uint32_t tenant);
/* The holder holds one fewer. */
void holders_give(struct holders *holders, struct holder *holder);

/* Whether it holds more than each would have if there were one holder more. Never true for a single
 * connection. */
bool holder_is_over(const struct holders *holders, const struct holder *holder);

#endif
