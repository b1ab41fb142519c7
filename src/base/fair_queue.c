/* SPDX-License-Identifier: MIT */
#include "base/fair_queue.h"

#include "base/memory.h"

struct fair_lane {
    TAILQ_ENTRY(fair_lane) in_round; /* or in the list of spare lanes */
    struct fair_items items;
    uint32_t place; /* its index in the lanes */
    uint32_t tenant;
    uint32_t deficit; /* cost that is left for this turn */
};

static struct fair_lane *lane_for(struct fair_queue *queue, struct fair_item *item, uint32_t tenant,
                                  uint32_t cost);
static struct fair_lane *lane_find(const struct fair_queue *queue, uint32_t tenant);
static struct fair_lane *lane_open(struct fair_queue *queue, uint32_t tenant);
static void lane_close(struct fair_queue *queue, struct fair_lane *lane);
static void lane_add_spare(struct fair_queue *queue);
static void turn_pass(struct fair_queue *queue);

void fair_queue_init(struct fair_queue *queue, uint32_t quantum)
{
    ASSERT(quantum > 0);
    *queue = (struct fair_queue){.quantum = quantum};
    TAILQ_INIT(&queue->order);
    TAILQ_INIT(&queue->round);
    TAILQ_INIT(&queue->spare);
    tenant_map_init(&queue->lane_of);
}

void fair_queue_close(struct fair_queue *queue)
{
    tenant_map_close(&queue->lane_of);
    for (uint32_t i = 0; i < queue->lane_count; i++)
        free(queue->lanes[i]);
    free(queue->lanes);
}

void fair_queue_put(struct fair_queue *queue, struct fair_item *item, uint32_t tenant,
                    uint32_t cost)
{
    struct fair_lane *lane = lane_for(queue, item, tenant, cost);

    TAILQ_INSERT_TAIL(&lane->items, item, in_lane);
    TAILQ_INSERT_TAIL(&queue->order, item, in_order);
}

void fair_queue_put_back(struct fair_queue *queue, struct fair_item *item, uint32_t cost)
{
    struct fair_lane *lane = lane_for(queue, item, item->tenant, cost);

    TAILQ_INSERT_HEAD(&lane->items, item, in_lane);
    TAILQ_INSERT_HEAD(&queue->order, item, in_order);
}

struct fair_item *fair_queue_take(struct fair_queue *queue)
{
    while (queue->count > 0) {
        struct fair_lane *lane = TAILQ_FIRST(&queue->round);
        struct fair_item *item = TAILQ_FIRST(&lane->items);

        if (lane->deficit >= item->cost) {
            lane->deficit -= item->cost;
            fair_queue_remove(queue, item);
            return item;
        }
        turn_pass(queue);
    }
    return NULL;
}

struct fair_item *fair_queue_oldest(const struct fair_queue *queue)
{
    return TAILQ_FIRST(&queue->order);
}

void fair_queue_remove(struct fair_queue *queue, struct fair_item *item)
{
    struct fair_lane *lane = lane_find(queue, item->tenant);

    TAILQ_REMOVE(&lane->items, item, in_lane);
    TAILQ_REMOVE(&queue->order, item, in_order);
    queue->count--;
    if (TAILQ_EMPTY(&lane->items))
        lane_close(queue, lane);
}

/* The lane for a new item. */
static struct fair_lane *lane_for(struct fair_queue *queue, struct fair_item *item, uint32_t tenant,
                                  uint32_t cost)
{
    struct fair_lane *lane = lane_find(queue, tenant);

    ASSERT(cost > 0);
    item->tenant = tenant;
    item->cost = cost;
    queue->count++;
    return lane != NULL ? lane : lane_open(queue, tenant);
}

/* NULL if no item of the tenant waits. */
static struct fair_lane *lane_find(const struct fair_queue *queue, uint32_t tenant)
{
    const uint32_t place = tenant_map_get(&queue->lane_of, tenant);

    return place == 0 ? NULL : queue->lanes[place - 1];
}

/* Opens a lane at the end of the round. */
static struct fair_lane *lane_open(struct fair_queue *queue, uint32_t tenant)
{
    if (TAILQ_EMPTY(&queue->spare))
        lane_add_spare(queue);

    struct fair_lane *lane = TAILQ_FIRST(&queue->spare);

    TAILQ_REMOVE(&queue->spare, lane, in_round);
    TAILQ_INSERT_TAIL(&queue->round, lane, in_round);
    lane->tenant = tenant;
    lane->deficit = queue->quantum;
    tenant_map_set(&queue->lane_of, tenant, lane->place + 1);
    return lane;
}

static void lane_close(struct fair_queue *queue, struct fair_lane *lane)
{
    tenant_map_set(&queue->lane_of, lane->tenant, 0);
    TAILQ_REMOVE(&queue->round, lane, in_round);
    TAILQ_INSERT_HEAD(&queue->spare, lane, in_round);
}

static void lane_add_spare(struct fair_queue *queue)
{
    struct fair_lane *lane = MEMORY_NEW(struct fair_lane);

    TAILQ_INIT(&lane->items);
    lane->place = queue->lane_count++;
    queue->lanes = memory_resize(queue->lanes, queue->lane_count * sizeof(struct fair_lane *));
    queue->lanes[lane->place] = lane;
    TAILQ_INSERT_HEAD(&queue->spare, lane, in_round);
}

/* Ends the turn of the first lane. Its next turn brings another quantum. */
static void turn_pass(struct fair_queue *queue)
{
    struct fair_lane *lane = TAILQ_FIRST(&queue->round);

    lane->deficit += queue->quantum;
    TAILQ_REMOVE(&queue->round, lane, in_round);
    TAILQ_INSERT_TAIL(&queue->round, lane, in_round);
}
