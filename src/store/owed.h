/* SPDX-License-Identifier: MIT
 *
 * What a store is owed: what was charged elsewhere while it was away, summed by counter. Plain
 * memory of one owner, who does not move it.
 *
 * Of each limit there are two sums: what checks were granted, which is owed as far as it fits, and
 * what was charged after the fact, which is owed whole. What is given back lowers the first sum,
 * because the checks before it were granted it. Only the rest lowers the second one. */
#ifndef STORE_OWED_H
#define STORE_OWED_H

#include "limit/calendar.h"
#include "store/operation.h"

struct owed {
    struct operation operation;  /* whose counters; the costs are what checks were granted */
    int64_t charged[LIMITS_MAX]; /* after the fact; below 0: was given back */
    /* Copies, because the policy may be gone by then. */
    struct limit limits[LIMITS_MAX];
    struct calendar calendars[LIMITS_MAX]; /* the periods in which their limits were charged */
    int64_t noted_us;                      /* the time of the latest operation */
};

/* Owes what the operation has charged or given back. */
void owed_init(struct owed *owed, const struct operation *operation);

void owed_copy(struct owed *to, const struct owed *from);

/* Adds what was charged later to the same counters, after letting go of what did not count any more
 * by then, or in another period. Of two sizes of a limit the larger is kept, of one size the
 * later. Returns how much of its cost was let go. */
MUST_USE int64_t owed_add(struct owed *owed, const struct owed *later);

/* Lets go of charges that do not count any more. Returns how much of its cost was let go. */
MUST_USE int64_t owed_let_go(struct owed *owed, int64_t now_us);

/* Lets go of charges whose periods are over at `time_us` (Unix time). False when there are none. */
MUST_USE bool owed_leave(struct owed *owed, int64_t time_us);

/* Whether a period in which something was charged has not begun at `time_us` (Unix time). */
bool owed_is_early(const struct owed *owed, int64_t time_us);

/* The places of the limits, as bits, whose counters the operation forgets. */
uint32_t owed_find_forgotten(const struct owed *owed, const struct operation *forget);

/* Drops what these limits are owed. Returns how much of its cost was let go. */
MUST_USE int64_t owed_drop(struct owed *owed, uint32_t places);

/* Nothing is left to charge or to give back. */
bool owed_is_nothing(const struct owed *owed);

/* What to ask the store next: about those limits alone that are owed something by then. They are
 * written to `limits`, which the operation borrows. */
void owed_operation(const struct owed *owed, int64_t now_us, struct limit limits[LIMITS_MAX],
                    struct operation *operation);

/* Settles what was asked. For figures it returns its cost: that of the limit which was charged
 * most, or was given back most. */
MUST_USE int64_t owed_settle(struct owed *owed);

/* For figures: the cost of all that is still to be asked. */
int64_t owed_cost(const struct owed *owed);

#endif
