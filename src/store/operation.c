/* SPDX-License-Identifier: MIT */
#include "store/operation.h"

static int compare(uint64_t a, uint64_t b);

int operation_compare(const struct operation *a, const struct operation *b)
{
    int order = compare(a->policy_id, b->policy_id);

    if (order == 0)
        order = compare(a->set_count, b->set_count);
    if (order == 0)
        order = compare(a->limit_count, b->limit_count);
    if (order == 0)
        order = memcmp(a->sets, b->sets, a->set_count * sizeof(a->sets[0]));
    for (size_t i = 0; i < a->limit_count && order == 0; i++) {
        order = compare(a->limits[i].id, b->limits[i].id);
        if (order == 0)
            order = compare(a->limits[i].set, b->limits[i].set);
    }
    return order;
}

bool operation_charges(const struct operation *operation)
{
    if (operation->kind == OPERATION_LOOK || operation->kind == OPERATION_FORGET)
        return false;
    for (size_t i = 0; i < operation->limit_count; i++) {
        if (operation->costs[i] != 0)
            return true;
    }
    return false;
}

static int compare(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}
