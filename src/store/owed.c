/* SPDX-License-Identifier: MIT */
#include "owed.h"

#include "limit/algorithm.h"

static void limits_keep(struct owed *owed, const struct limit limits[]);

void owed_init(struct owed *owed, const struct operation *operation)
{
    owed->operation = *operation;
    owed->operation.kind = OPERATION_FILL;
    owed->noted_us = operation->now_us;
    limits_keep(owed, operation->limits);
}

void owed_copy(struct owed *to, const struct owed *from)
{
    *to = *from;
    to->operation.limits = to->limits;
}

void owed_add(struct owed *owed, const struct owed *later)
{
    for (size_t i = 0; i < owed->operation.limit_count; i++) {
        int64_t *cost = &owed->operation.costs[i];

        if (later->operation.costs[i] < LIMIT_COST_MAX - *cost)
            *cost += later->operation.costs[i];
        else
            *cost = LIMIT_COST_MAX;
    }
    limits_keep(owed, later->limits);
    owed->noted_us = later->noted_us;
}

void owed_let_go(struct owed *owed, int64_t now_us)
{
    for (size_t i = 0; i < owed->operation.limit_count; i++) {
        if (now_us - owed->noted_us >= limit_memory_us(&owed->limits[i]))
            owed->operation.costs[i] = 0;
    }
}

int64_t owed_cost(const struct owed *owed)
{
    int64_t cost = 0;

    for (size_t i = 0; i < owed->operation.limit_count; i++)
        cost = owed->operation.costs[i] > cost ? owed->operation.costs[i] : cost;
    return cost;
}

static void limits_keep(struct owed *owed, const struct limit limits[])
{
    memcpy(owed->limits, limits, owed->operation.limit_count * sizeof(limits[0]));
    owed->operation.limits = owed->limits;
}
