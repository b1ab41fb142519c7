/* SPDX-License-Identifier: MIT
 *
 * From what the store said to what the caller is told: the words, the limit shown, and the
 * rounding up of times. A denial's Retry-After is the wait that the denying algorithm has
 * computed from its counters (retry_us, in its file in src/limit/, or its twin in lua/), rounded
 * up to seconds here; of several denying limits the longest. When no store decided it is one
 * second, as a guess. */
#ifndef LIMIT_VERDICT_H
#define LIMIT_VERDICT_H

#include "base/writer.h"
#include "limit/limit.h"
#include "limit/policy.h"

struct verdict {
    const struct policy *policy; /* borrowed */
    const struct rule *rule;     /* what was decided: the policy's, or its candidate */
    bool allowed;
    const char *reason; /* NULL when there is nothing to say */
    bool degraded;      /* not decided by the shared store */
    bool would_deny;    /* shadow mode: allowed, though the limits said no */
    bool decided;       /* the numbers below and `outcome` come from counters */
    size_t tightest; /* the limit shown at the top level: the one that denies longest, else the one
                      * with the smallest share left */
    int64_t limit;
    int64_t remaining;
    int64_t reset_s; /* seconds are rounded up */
    bool can_retry;  /* denied, and waiting helps: retry_* are set */
    int64_t retry_ms;
    int64_t retry_s;
    int64_t delay_ms; /* allowed, and not before this long; 0: at once */
    struct outcome outcome;
};

/* The verdict on a decided outcome (outcome->status is TAKE_DONE). `degraded`: it was decided by
 * the local fallback. */
void verdict_from_outcome(const struct policy *policy, const struct outcome *outcome, bool degraded,
                          struct verdict *verdict);

/* What the policy's candidate would have said. It enforces, whatever the policy's mode. */
void verdict_from_candidate(const struct policy *policy, const struct outcome *outcome,
                            struct verdict *verdict);

/* The caller has been kept waiting since the verdict was made: its times count from the answer on,
 * so there is less left of them. */
void verdict_wait(struct verdict *verdict, int64_t waited_us);

/* The verdict when no store decided: `allow` and `deny` of on_store_error. For `local` the caller
 * decides with the local engine and uses verdict_from_outcome(). */
void verdict_from_failure(const struct policy *policy, enum take_status status,
                          struct verdict *verdict);

/* The verdict of a policy that is switched off (is_active = false). */
void verdict_from_inactive(const struct policy *policy, struct verdict *verdict);

/* Writes the members of the check body into an object that the caller has begun. `route_key` and
 * `role` are the ones asked for. */
void verdict_write(const struct verdict *verdict, struct text route_key, struct text role,
                   struct writer *writer);

/* Seconds for a caller to wait: rounded up, never too early. */
int64_t verdict_seconds(int64_t time_us);

#endif
