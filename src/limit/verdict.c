/* SPDX-License-Identifier: MIT */
#include "limit/verdict.h"

#include "base/duration.h"
#include "limit/algorithm.h"
#include "limit/headroom.h"

#define FAILURE_RETRY_US SECOND_US /* by then the store may be back */

__extension__ typedef unsigned __int128 product;

/* Why it is denied. */
enum denial { EXCEEDED, NEVER, EXCEEDED_LOW, NEVER_LOW, UNAVAILABLE };

#define BY_MODE(reason)                                                                            \
    {                                                                                              \
        [POLICY_ENFORCE] = (reason), [POLICY_SHADOW] = reason " (shadow)"                          \
    }
static const char *const denials[][2] = {
    [EXCEEDED] = BY_MODE("Rate limit exceeded"),
    [NEVER] = BY_MODE("Cost exceeds the limit"),
    [EXCEEDED_LOW] = BY_MODE("Rate limit exceeded for low priority"),
    [NEVER_LOW] = BY_MODE("Cost exceeds the limit for low priority"),
    [UNAVAILABLE] = BY_MODE("Rate limit store unavailable"),
};
#undef BY_MODE
static const char reason_inactive[] = "Rate limiting disabled for this policy";

static struct verdict allowed_without_counters(const struct question *question, const char *reason);
static struct verdict decided(const struct question *question, const struct outcome *outcome);
static void judge(struct verdict *verdict, const struct question *question, enum policy_mode mode);
static enum denial denial_by(const struct limit *limit, const struct limit_outcome *outcome,
                             bool is_low);
static size_t tightest_of(const struct limit limits[], const struct outcome *outcome);
static bool is_tighter(const struct limit *limit, const struct limit_outcome *outcome,
                       const struct limit *other_limit, const struct limit_outcome *other);
static void deny(struct verdict *verdict, enum policy_mode mode, enum denial denial);
static void retry_set(struct verdict *verdict, int64_t retry_us);
static void times_set(struct verdict *verdict);
static int64_t time_left(int64_t time_us, int64_t waited_us);

void verdict_from_outcome(const struct question *question, const struct outcome *outcome,
                          bool degraded, struct verdict *verdict)
{
    *verdict = decided(question, outcome);
    verdict->degraded = degraded;
    judge(verdict, question, question->policy->mode);
}

void verdict_from_candidate(const struct question *question, const struct outcome *outcome,
                            struct verdict *verdict)
{
    *verdict = decided(question, outcome);
    judge(verdict, question, POLICY_ENFORCE);
}

void verdict_from_charge(const struct question *question, const struct outcome *outcome,
                         bool degraded, struct verdict *verdict)
{
    *verdict = decided(question, outcome);
    verdict->degraded = degraded;
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

void verdict_from_failure(const struct question *question, enum take_status status,
                          struct verdict *verdict)
{
    const struct policy *policy = question->policy;

    ASSERT(status != TAKE_DONE && policy->on_store_error != ON_STORE_ERROR_LOCAL);
    *verdict = allowed_without_counters(question, denials[UNAVAILABLE][POLICY_ENFORCE]);
    verdict->degraded = true;
    verdict->outcome.status = status;
    if (policy->on_store_error == ON_STORE_ERROR_ALLOW)
        return;
    deny(verdict, policy->mode, UNAVAILABLE);
    retry_set(verdict, FAILURE_RETRY_US);
}

void verdict_from_inactive(const struct question *question, struct verdict *verdict)
{
    *verdict = allowed_without_counters(question, reason_inactive);
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

static struct verdict allowed_without_counters(const struct question *question, const char *reason)
{
    return (struct verdict){
        .policy = question->policy,
        .rule = question->rule,
        .allowed = true,
        .is_partial = question->terms->is_partial,
        .granted = question->cost,
        .reason = reason,
    };
}

/* It allows, until it is judged. */
static struct verdict decided(const struct question *question, const struct outcome *outcome)
{
    const struct rule *rule = question->rule;

    ASSERT(outcome->status == TAKE_DONE && outcome->count == rule->limit_count);

    size_t tightest = tightest_of(rule->limits, outcome);
    struct verdict verdict = {
        .policy = question->policy,
        .rule = rule,
        .allowed = true,
        .is_partial = question->terms->is_partial,
        .decided = true,
        .tightest = tightest,
        .limit = limit_capacity(&rule->limits[tightest]),
        .remaining = outcome->at[tightest].remaining,
        .outcome = *outcome,
    };

    times_set(&verdict);
    return verdict;
}

static void judge(struct verdict *verdict, const struct question *question, enum policy_mode mode)
{
    const struct limit *limit = &verdict->rule->limits[verdict->tightest];
    const struct limit_outcome *shown = &verdict->outcome.at[verdict->tightest];

    if (verdict->is_partial)
        verdict->granted = mode == POLICY_SHADOW ? question->cost : verdict->outcome.granted;
    if (verdict->outcome.allowed)
        return;
    deny(verdict, mode, denial_by(limit, shown, question->terms->is_low));
    if (!shown->never)
        retry_set(verdict, shown->retry_us);
}

/* The headroom may be the reason why it is denied. Whether it is, only a second decision would
 * tell. */
static enum denial denial_by(const struct limit *limit, const struct limit_outcome *outcome,
                             bool is_low)
{
    if (is_low && headroom_units(limit) > 0)
        return outcome->never ? NEVER_LOW : EXCEEDED_LOW;
    return outcome->never ? NEVER : EXCEEDED;
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
static void deny(struct verdict *verdict, enum policy_mode mode, enum denial denial)
{
    const bool is_shadow = mode == POLICY_SHADOW;

    verdict->reason = denials[denial][mode];
    verdict->allowed = is_shadow;
    verdict->would_deny = is_shadow;
    if (!is_shadow)
        verdict->granted = 0;
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
