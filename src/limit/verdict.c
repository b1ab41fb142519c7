/* SPDX-License-Identifier: MIT */
#include "limit/verdict.h"

#include "base/duration.h"
#include "limit/algorithm.h"

#define FAILURE_RETRY_US SECOND_US /* by then the store may be back */

__extension__ typedef unsigned __int128 product;

/* The reasons of a denial, by policy_mode. */
static const char *const reason_exceeded[] = {
    [POLICY_ENFORCE] = "Rate limit exceeded",
    [POLICY_SHADOW] = "Rate limit exceeded (shadow)",
};
static const char *const reason_never[] = {
    [POLICY_ENFORCE] = "Cost exceeds the limit",
    [POLICY_SHADOW] = "Cost exceeds the limit (shadow)",
};
static const char *const reason_unavailable[] = {
    [POLICY_ENFORCE] = "Rate limit store unavailable",
    [POLICY_SHADOW] = "Rate limit store unavailable (shadow)",
};
static const char reason_inactive[] = "Rate limiting disabled for this policy";

static struct verdict decided(const struct policy *policy, const struct rule *rule,
                              enum policy_mode mode, const struct outcome *outcome);
static size_t tightest_of(const struct limit limits[], const struct outcome *outcome);
static bool is_tighter(const struct limit *limit, const struct limit_outcome *outcome,
                       const struct limit *other_limit, const struct limit_outcome *other);
static void deny(struct verdict *verdict, enum policy_mode mode, const char *const reasons[]);
static void retry_set(struct verdict *verdict, int64_t retry_us);
static void times_set(struct verdict *verdict);
static int64_t time_left(int64_t time_us, int64_t waited_us);

void verdict_from_outcome(const struct policy *policy, const struct outcome *outcome, bool degraded,
                          struct verdict *verdict)
{
    *verdict = decided(policy, &policy->rule, policy->mode, outcome);
    verdict->degraded = degraded;
}

void verdict_from_candidate(const struct policy *policy, const struct outcome *outcome,
                            struct verdict *verdict)
{
    *verdict = decided(policy, policy->candidate, POLICY_ENFORCE, outcome);
}

void verdict_wait(struct verdict *verdict, int64_t waited_us)
{
    ASSERT(verdict->decided && verdict->allowed && waited_us >= 0);
    for (size_t i = 0; i < verdict->outcome.count; i++) {
        struct limit_outcome *outcome = &verdict->outcome.at[i];

        outcome->reset_us = time_left(outcome->reset_us, waited_us);
        outcome->delay_us = time_left(outcome->delay_us, waited_us);
    }
    times_set(verdict);
}

void verdict_from_failure(const struct policy *policy, enum take_status status,
                          struct verdict *verdict)
{
    ASSERT(status != TAKE_DONE && policy->on_store_error != ON_STORE_ERROR_LOCAL);
    *verdict = (struct verdict){
        .policy = policy,
        .rule = &policy->rule,
        .allowed = true,
        .reason = reason_unavailable[POLICY_ENFORCE],
        .degraded = true,
        .outcome.status = status,
    };
    if (policy->on_store_error == ON_STORE_ERROR_ALLOW)
        return;
    deny(verdict, policy->mode, reason_unavailable);
    retry_set(verdict, FAILURE_RETRY_US);
}

void verdict_from_inactive(const struct policy *policy, struct verdict *verdict)
{
    *verdict = (struct verdict){
        .policy = policy,
        .rule = &policy->rule,
        .allowed = true,
        .reason = reason_inactive,
    };
}

size_t verdict_deniers(const struct verdict *verdict, struct text names[static LIMITS_MAX])
{
    size_t count = 0;

    if (!verdict->decided || verdict->outcome.allowed || verdict->rule->is_plain)
        return 0;
    for (size_t i = 0; i < verdict->outcome.count; i++) {
        if (!verdict->outcome.at[i].allowed)
            names[count++] = text_of(verdict->rule->limits[i].name);
    }
    return count;
}

int64_t verdict_seconds(int64_t time_us)
{
    return duration_rounded_up(time_us, SECOND_US);
}

static struct verdict decided(const struct policy *policy, const struct rule *rule,
                              enum policy_mode mode, const struct outcome *outcome)
{
    ASSERT(outcome->status == TAKE_DONE && outcome->count == rule->limit_count);

    size_t tightest = tightest_of(rule->limits, outcome);
    const struct limit_outcome *shown = &outcome->at[tightest];
    struct verdict verdict = {
        .policy = policy,
        .rule = rule,
        .allowed = true,
        .decided = true,
        .tightest = tightest,
        .limit = limit_capacity(&rule->limits[tightest]),
        .remaining = shown->remaining,
        .outcome = *outcome,
    };

    times_set(&verdict);
    if (outcome->allowed)
        return verdict;
    deny(&verdict, mode, shown->never ? reason_never : reason_exceeded);
    if (!shown->never)
        retry_set(&verdict, shown->retry_us);
    return verdict;
}

static size_t tightest_of(const struct limit limits[], const struct outcome *outcome)
{
    size_t tightest = 0;

    for (size_t i = 1; i < outcome->count; i++) {
        if (is_tighter(&limits[i], &outcome->at[i], &limits[tightest], &outcome->at[tightest]))
            tightest = i;
    }
    return tightest;
}

static bool is_tighter(const struct limit *limit, const struct limit_outcome *outcome,
                       const struct limit *other_limit, const struct limit_outcome *other)
{
    if (outcome->allowed != other->allowed)
        return !outcome->allowed;
    if (outcome->never != other->never)
        return outcome->never;
    if (!outcome->allowed && outcome->retry_us != other->retry_us)
        return outcome->retry_us > other->retry_us;

    /* Compares remaining / capacity without a division. */
    int64_t capacity = limit_capacity(limit);
    int64_t other_capacity = limit_capacity(other_limit);

    if (capacity == 0 || other_capacity == 0)
        return other_capacity > 0;
    return (product)outcome->remaining * (product)other_capacity <
           (product)other->remaining * (product)capacity;
}

/* Shadow mode lets it pass, and says what enforce would have done. */
static void deny(struct verdict *verdict, enum policy_mode mode, const char *const reasons[])
{
    verdict->reason = reasons[mode];
    verdict->allowed = mode == POLICY_SHADOW;
    verdict->would_deny = mode == POLICY_SHADOW;
}

static void retry_set(struct verdict *verdict, int64_t retry_us)
{
    if (verdict->allowed)
        return;
    verdict->can_retry = true;
    verdict->retry_ms = duration_rounded_up(retry_us, MILLISECOND_US);
    verdict->retry_s = verdict_seconds(retry_us);
}

static void times_set(struct verdict *verdict)
{
    const struct outcome *outcome = &verdict->outcome;
    int64_t delay_us = 0;

    for (size_t i = 0; i < outcome->count; i++)
        delay_us = outcome->at[i].delay_us > delay_us ? outcome->at[i].delay_us : delay_us;
    verdict->delay_ms = duration_rounded_up(delay_us, MILLISECOND_US);
    verdict->reset_s = verdict_seconds(outcome->at[verdict->tightest].reset_us);
}

static int64_t time_left(int64_t time_us, int64_t waited_us)
{
    return time_us > waited_us ? time_us - waited_us : 0;
}
