/* SPDX-License-Identifier: MIT
 *
 * What waits for one resource, in a queue per tenant. An item waits behind its tenant's earlier
 * ones and, in each round, behind a few of every other tenant's. Turns go by deficit round robin
 * (Shreedhar and Varghese 1995): in its turn a tenant may take items that cost up to a quantum.
 * What it could not use is added to its next turn while it still waits. Items are intrusive:
 * putting one in allocates only when more tenants wait than ever before. Not locked: one thread at
 * a time. */
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

struct fair_lane; /* the queue of one tenant that has items waiting */

TAILQ_HEAD(fair_lanes, fair_lane);

struct fair_queue {
    uint32_t quantum;
    size_t count;
    struct fair_items order;   /* all items, in the order of arrival */
    struct fair_lanes round;   /* the tenant whose turn it is comes first */
    struct fair_lanes spare;   /* not in use */
    struct tenant_map lane_of; /* 1 + its place among `lanes` */
    struct fair_lane **lanes;  /* all of them */
    uint32_t lane_count;
};

/* `quantum` > 0. */
void fair_queue_init(struct fair_queue *queue, uint32_t quantum);
/* Items that are still in it stay with their owners. */
void fair_queue_close(struct fair_queue *queue);

/* The item must stay where it is until it is out again. `cost` > 0. */
void fair_queue_put(struct fair_queue *queue, struct fair_item *item, uint32_t tenant,
                    uint32_t cost);

/* Puts an item ahead of its tenant's others. It has to know its tenant, as one that was taken does.
 * What is left of it costs `cost`, and waits for the tenant's next turn. */
void fair_queue_put_back(struct fair_queue *queue, struct fair_item *item, uint32_t cost);

/* Takes out the item whose turn it is; NULL when the queue is empty. */
struct fair_item *fair_queue_take(struct fair_queue *queue);

/* The item that has waited longest, which stays in the queue; NULL when the queue is empty. */
struct fair_item *fair_queue_oldest(const struct fair_queue *queue);

/* Takes out an item that is in the queue. */
void fair_queue_remove(struct fair_queue *queue, struct fair_item *item);

#endif
