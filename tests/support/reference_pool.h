/* SPDX-License-Identifier: MIT
 *
 * Limits for random histories of a policy. The policy has some of them at a time: it gains, loses,
 * reorders, renames and changes limits. So few differ in what a counter belongs to that an engine
 * keeps all counters of one set of subjects, whichever version of the policy is asked for. */
#ifndef SUPPORT_REFERENCE_POOL_H
#define SUPPORT_REFERENCE_POOL_H

#include "support/reference_policy.h"

#define REFERENCE_POOL        6
#define REFERENCE_POOL_POLICY 4 /* limits of a policy at most */
/* Changes of what a counter belongs to: REFERENCE_POOL + these - 1 entries can wait beside one. */
#define REFERENCE_POOL_CHANGES 3
/* Limits get the windows 1, 2 .. of the history, each once. */
#define REFERENCE_POOL_WINDOWS (REFERENCE_POOL + REFERENCE_POOL_CHANGES)

struct reference_pool {
    /* With the window pool->windows, or a period if the pool has any. */
    void (*limit_make)(const struct reference_pool *pool, struct reference_limit *limit);
    void (*amounts_make)(struct reference_limit *limit); /* another quota and burst */
    /* The most that one charge after the fact may be. */
    int64_t (*charge_max)(const struct reference_limit *limit);
    bool is_plain; /* checks say nothing of its limits, and there are no charges after the fact */
    bool has_periods;
    bool has_headroom;
    bool lacks_users; /* no limit needs a user, and not every check has one */
    struct reference_policy_limit limits[REFERENCE_POOL];
    size_t count; /* of these, from the first on, the policy has */
    int by;       /* of half of the limits at least, so that their counters lie together */
    size_t windows;
    size_t changes;
    int64_t charges_max[REFERENCE_MEASURES]; /* of all limits that it ever had */
};

/* Depends on random_begin() alone, as all here. The functions are set. */
void reference_pool_make(struct reference_pool *pool);

struct reference_policy reference_pool_policy(const struct reference_pool *pool);

/* Another version of the policy. */
void reference_pool_edit(struct reference_pool *pool);

/* The values of a check. Half of the checks have the same. */
unsigned reference_pool_values(const struct reference_pool *pool);

/* What a check says of the policy's limits: mostly nothing. */
struct reference_terms reference_pool_terms(const struct reference_pool *pool);

/* One of the policy's limits. */
const struct reference_limit *reference_pool_choose(const struct reference_pool *pool);

/* Chosen for one of the policy's limits in each measure, sometimes 0. */
void reference_pool_costs(const struct reference_pool *pool, int64_t costs[REFERENCE_MEASURES]);

/* To charge after the fact, or, half of them, to give back. */
void reference_pool_charges(const struct reference_pool *pool, int64_t costs[REFERENCE_MEASURES]);

#endif
