/* SPDX-License-Identifier: MIT
 *
 * What waits for one resource, a queue per tenant: whoever waits is behind his own and, once in each
 * round, behind some of every other tenant. The turns go by deficit round robin (Shreedhar and
 * Varghese 1995): a tenant whose turn has come may have items of a quantum of cost, and what it could
 * not use it has more the next time, while it still waits. Items are intrusive: putting one in
 * allocates only when more tenants wait than ever before. Not locked: one thread at a time. */
#ifndef BASE_FAIR_QUEUE_H
#define BASE_FAIR_QUEUE_H

#include "base/tenant_map.h"

#include <sys/queue.h>

struct fair_item {
    uint32_t tenant;
    uint32_t cost;
    TAILQ_ENTRY(fair_item) in_lane;
    TAILQ_ENTRY(fair_item) in_order;
};

TAILQ_HEAD(fair_items, fair_item);

struct fair_lane; /* of a tenant that waits */

TAILQ_HEAD(fair_lanes, fair_lane);

struct fair_queue {
    uint32_t quantum;
    size_t count;
    struct fair_items order;   /* all items, as they came */
    struct fair_lanes round;   /* whose turn it is comes first */
    struct fair_lanes spare;   /* that nobody has */
    struct tenant_map lane_of; /* 1 + its place among `lanes` */
    struct fair_lane **lanes;  /* all of them */
    uint32_t lane_count;
};

/* `quantum` > 0. */
void fair_queue_init(struct fair_queue *queue, uint32_t quantum);
/* Items that are still in it stay with those who put them in. */
void fair_queue_close(struct fair_queue *queue);

/* The item must stay where it is until it is out again. `cost` > 0. */
void fair_queue_put(struct fair_queue *queue, struct fair_item *item, uint32_t tenant,
                    uint32_t cost);

/* Puts back what was taken, before all else of its tenant: what is left of it, which costs so much,
 * waits for the tenant's next turn. */
void fair_queue_put_back(struct fair_queue *queue, struct fair_item *item, uint32_t cost);

/* Takes out whose turn it is; NULL when nobody waits. */
struct fair_item *fair_queue_take(struct fair_queue *queue);

/* Who has waited for longest, still in the queue; NULL when nobody waits. */
struct fair_item *fair_queue_oldest(const struct fair_queue *queue);

/* Takes out an item that is in the queue. */
void fair_queue_remove(struct fair_queue *queue, struct fair_item *item);

#endif
