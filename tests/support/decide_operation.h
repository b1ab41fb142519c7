/* SPDX-License-Identifier: MIT
 *
 * An operation decided in C by decide() and its kin, for tests that compare engines with it. */
#ifndef SUPPORT_DECIDE_OPERATION_H
#define SUPPORT_DECIDE_OPERATION_H

#include "limit/algorithm.h"
#include "store/operation.h"

/* A take, a part or a charge. The rest is as in decide(). */
static inline void decide_operation(const struct operation *operation, struct limit_state states[],
                                    int64_t now_us, struct outcome *outcome, int64_t keep_us[])
{
    const struct limit *limits = operation->limits;
    const size_t count = operation->limit_count;
    int64_t costs[LIMITS_MAX];

    memcpy(costs, operation->costs, sizeof(costs));
    if (operation->kind == OPERATION_CHARGE) {
        decide_charge(limits, count, states, now_us, costs, outcome, keep_us);
        return;
    }
    if (operation->kind == OPERATION_PART && costs[0] > 0) {
        const int64_t part = decide_part(limits, count, states, now_us, costs[0]);

        for (size_t i = 0; i < count; i++)
            costs[i] = part > 0 ? part : 1;
    }
    decide(limits, count, states, now_us, costs, outcome, keep_us);
    outcome->granted = outcome->allowed ? costs[0] : 0;
}

#endif
