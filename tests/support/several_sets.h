/* SPDX-License-Identifier: MIT
 *
 * Operations on limits that each count by a set of subjects of their own. */
#ifndef SUPPORT_SEVERAL_SETS_H
#define SUPPORT_SEVERAL_SETS_H

#include "support/one_set.h"

/* This set is just what all sets have in common. */
#define SEVERAL_SETS_COMMON 0

/* Gives each limit an id and a set of its own. */
static inline void several_sets_tell_apart(struct limit limits[], size_t count)
{
    one_set_tell_apart(limits, count);
    for (size_t i = 0; i < count; i++)
        limits[i].set = (uint8_t)i;
}

/* A take of `cost` from each limit, of policy 7 and tenant 0, at the time 0. Limit i counts by the
 * set numbers[i]. `limits` is borrowed. */
static inline struct operation
several_sets_take(const int64_t numbers[], const struct limit limits[], size_t count, int64_t cost)
{
    struct operation operation = one_set_take(SEVERAL_SETS_COMMON, limits, count, cost);

    operation.set_count = count;
    for (size_t i = 0; i < count; i++)
        operation.sets[i] = one_set_digest(numbers[i]);
    return operation;
}

#endif
