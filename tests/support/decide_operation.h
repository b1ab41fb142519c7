/* SPDX-License-Identifier: MIT
 *
 * An operation decided in C by decide() and its kin, for tests that compare engines with it. */
#ifndef SUPPORT_DECIDE_OPERATION_H
#define SUPPORT_DECIDE_OPERATION_H

#include "limit/algorithm.h"
#include "store/operation.h"

/* Whatever decides. The rest is as in decide(). */
static inline void decide_operation(const struct operation *operation, struct limit_state states[],
                                    int64_t now_us, struct outcome *outcome, int64_t keep_us[])
{
    const struct limit *limits = operation->limits;
    const size_t count = operation->limit_count;
    const int64_t part = operation->kind != OPERATION_PART
                             ? 0
                             : decide_part(limits, count, states, now_us, operation->costs[0]);
    int64_t costs[LIMITS_MAX];

    for (size_t i = 0; i < count; i++) {
        costs[i] = operation->kind == OPERATION_LOOK ? 0 : operation->costs[i];
        if (operation->kind == OPERATION_FILL)
            costs[i] = decide_what_fits(&limits[i], &states[i], now_us, costs[i]);
        if (operation->kind == OPERATION_PART)
            costs[i] = part;
    }
    if (operation->kind == OPERATION_CHARGE || operation->kind == OPERATION_FILL)
        decide_charge(limits, count, states, now_us, costs, outcome, keep_us);
    else
        decide(limits, count, states, now_us, costs, outcome, keep_us);
    outcome->granted = outcome->allowed ? costs[0] : 0;
}

#endif
