/* SPDX-License-Identifier: MIT
 *
 * What a store is owed: what was charged elsewhere while it was away, summed by counter. Plain
 * memory of one owner, who does not move it. */
#ifndef STORE_OWED_H
#define STORE_OWED_H

#include "store/operation.h"

struct owed {
    struct operation operation; /* to charge it; the costs are sums */
    /* Copies, because the policy may be gone by then. */
    struct limit limits[LIMITS_MAX];
    int64_t noted_us; /* the time of the latest operation */
};

/* Owes what the operation has charged. */
void owed_init(struct owed *owed, const struct operation *operation);

void owed_copy(struct owed *to, const struct owed *from);

/* Adds what was charged later to the same counters. The limits become those of `later`. */
void owed_add(struct owed *owed, const struct owed *later);

/* Each limit lets go of charges that do not count any more. */
void owed_let_go(struct owed *owed, int64_t now_us);

/* For figures: that of the limit which was charged most. */
int64_t owed_cost(const struct owed *owed);

#endif
