/* SPDX-License-Identifier: MIT
 *
 * What a store is asked to do with the counters of one check: in one call, under one lock or in one
 * script. */
#ifndef STORE_OPERATION_H
#define STORE_OPERATION_H

#include "base/digest.h"
#include "limit/limit.h"

enum operation_kind {
    OPERATION_TAKE, /* charges each limit its cost: all of them, or none */
    OPERATION_LOOK, /* charges nothing, whatever the costs are */
    /* Charges each limit as much of its cost as fits it, which may be nothing. Always allowed. */
    OPERATION_FILL,
    /* Charges all limits the same, which is outcome->granted: as much of the cost as fits all of
     * them. If not even one unit fits, it denies one unit. All costs are the same. */
    OPERATION_PART,
    /* Charges each limit its cost, past the limit if need be; or gives back, where the cost is
     * negative, but never more than is used. The outcome is what a look sees then, and always
     * allowed. */
    OPERATION_CHARGE,
    /* The counters of these limits are as if they had never been charged. In Redis, so is all that
     * lies with them: what other versions of the policy count by the same sets. */
    OPERATION_FORGET
};

/* A counter is named by a set of subjects, the policy, and the limit's id. All counters of one set
 * and policy lie together. limits[i].set is the place of its set in `sets`. Sets that are declared
 * apart may be the same for one caller. */
struct operation {
    enum operation_kind kind;
    uint32_t tenant;   /* whose room the counters take; decisions ignore it */
    const char *owner; /* the id of that app, for the log; borrowed for the call, or NULL */
    uint64_t policy_id;
    struct digest tag; /* what all sets have in common: in Redis all keys are in its slot */
    size_t set_count;  /* 1..LIMITS_MAX */
    struct digest sets[LIMITS_MAX]; /* `tag` itself, if a set is just what all have in common */
    size_t limit_count;             /* 1..LIMITS_MAX */
    const struct limit *limits;     /* of different ids in each set; borrowed for the call */
    /* By limit, 0..LIMIT_COST_MAX; 0 looks at that limit. A charge may be negative. */
    int64_t costs[LIMITS_MAX];
    /* Its asker asks again after a rest of its own, if it is refused. So it does not wait in the
     * store until its counters have moved. */
    bool comes_again;
    /* By the process' clock, and how far Unix time is ahead of that. Engines with their own clock
     * ignore both. */
    int64_t now_us;
    int64_t ahead_us;
};

/* An order of operations: 0 when both are about the same counters, in the same places. */
int operation_compare(const struct operation *a, const struct operation *b);

/* Whether it may charge anything, or give it back. */
bool operation_charges(const struct operation *operation);

#endif
