/* SPDX-License-Identifier: MIT
 *
 * Turns the store's outcome into the caller's answer: chooses the words and the limit to show, and
 * rounds times up. A denial's Retry-After is the wait that the denying algorithm has computed from
 * its counters (retry_us, in its file in src/limit/ or its twin in lua/), rounded up to seconds
 * here. If several limits deny, the longest wait counts. If no store decided, it is one second, a
 * guess. */
#ifndef LIMIT_VERDICT_H
#define LIMIT_VERDICT_H

#include "base/writer.h"
#include "limit/limit.h"
#include "limit/policy.h"
#include "limit/terms.h"

struct subjects;

/* What was asked of a rule. */
struct question {
    const struct policy *policy;
    const struct rule *rule;   /* the policy's, or its candidate: under the terms */
    const struct terms *terms; /* of the check */
    int64_t cost;              /* if a part is enough: the whole */
};

struct verdict {
    const struct policy *policy; /* borrowed */
    const struct rule *rule;     /* the decided rule, under the terms of the check */
    bool allowed;
    bool is_partial;    /* a part of the cost was enough; then: */
    int64_t granted;    /* that part. Shadow mode grants all, though not all is charged */
    const char *reason; /* NULL: none */
    bool degraded;      /* not decided by the shared store */
    bool would_deny;    /* shadow mode: allowed, although the limits deny */
    bool decided;       /* the numbers below and `outcome` come from counters */
    /* the limit shown at the top level: the one that denies longest, else the one with the smallest
     * part left */
    size_t tightest;
    int64_t limit;
    int64_t remaining;
    int64_t reset_s; /* seconds are rounded up */
    bool can_retry;  /* denied, and a wait helps: retry_* are set */
    int64_t retry_ms;
    int64_t retry_s;
    int64_t delay_ms; /* allowed after this wait; 0: at once */
    struct outcome outcome;
};

/* The verdict on a decided outcome (outcome->status is TAKE_DONE). `degraded`: it was decided by
 * the local fallback. */
void verdict_from_outcome(const struct question *question, const struct outcome *outcome,
                          bool degraded, struct verdict *verdict);

/* The verdict of the policy's candidate. The candidate always enforces, whatever the policy's mode
 * is. */
void verdict_from_candidate(const struct question *question, const struct outcome *outcome,
                            struct verdict *verdict);

/* The verdict on a charge after the fact, which nothing can deny: only the state after it. */
void verdict_from_charge(const struct question *question, const struct outcome *outcome,
                         bool degraded, struct verdict *verdict);

/* Shortens the verdict's times by `waited_us`, because they count from the answer on, and the
 * caller has waited since the verdict was made. */
void verdict_wait(struct verdict *verdict, int64_t waited_us);

/* The verdict when no store decided and on_store_error is `allow` or `deny`. For `local` the caller
 * decides with the local engine and calls verdict_from_outcome(). */
void verdict_from_failure(const struct question *question, enum take_status status,
                          struct verdict *verdict);

/* The verdict of a policy that is switched off (is_active = false). */
void verdict_from_inactive(const struct question *question, struct verdict *verdict);

/* The names of the limits that deny, which answer and log tell: none if the policy is one that says
 * neither by whom nor what its limits count. Returns how many. */
size_t verdict_deniers(const struct verdict *verdict, struct text names[static LIMITS_MAX]);

/* Writes the members of the check body into an object that the caller has begun. `route_key`,
 * `role` and `subjects` are the ones asked for. If a limit of the rule says by whom or what it
 * counts, all limits are listed with that, and those that deny are named. Then, if it was decided,
 * the subjects have all that the limits need; otherwise `subjects` is not used. */
void verdict_write(const struct verdict *verdict, struct text route_key, struct text role,
                   const struct subjects *subjects, struct writer *writer);

/* The seconds that a caller must wait. They are rounded up, so a caller never comes too early. */
int64_t verdict_seconds(int64_t time_us);

#endif
