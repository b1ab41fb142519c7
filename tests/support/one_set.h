/* SPDX-License-Identifier: MIT
 *
 * Operations on limits that all count by one set of subjects. */
#ifndef SUPPORT_ONE_SET_H
#define SUPPORT_ONE_SET_H

#include "store/operation.h"

/* The same number is the same set. */
static inline struct digest one_set_digest(int64_t number)
{
    static const struct digest_key key = {{1}};
    const struct text part = {(const char *)&number, sizeof number};

    return digest_of(&key, &part, 1);
}

/* Sets the cost of each limit. */
static inline void one_set_cost(struct operation *operation, int64_t cost)
{
    for (size_t i = 0; i < LIMITS_MAX; i++)
        operation->costs[i] = cost;
}

/* A take of `cost` from each limit, of policy 7 and tenant 0, at the time 0. `limits` is borrowed.
 * Several limits need different ids: see one_set_tell_apart(). */
static inline struct operation one_set_take(int64_t number, const struct limit limits[],
                                            size_t count, int64_t cost)
{
    struct operation operation = {
        .kind = OPERATION_TAKE,
        .policy_id = 7,
        .tag = one_set_digest(number),
        .set_count = 1,
        .limit_count = count,
        .limits = limits,
    };

    operation.sets[0] = operation.tag;
    one_set_cost(&operation, cost);
    return operation;
}

/* Gives each limit an id of its own. The store uses the lowest byte itself. */
static inline void one_set_tell_apart(struct limit limits[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        limits[i].id = (uint64_t)(i + 1) << 8;
}

#endif
