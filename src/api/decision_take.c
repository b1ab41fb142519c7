/* SPDX-License-Identifier: MIT
 *
 * Takes a decision from the store: the live rule and the candidate at the same time. When both are
 * concluded, the decision is recorded, and then the asker hears of it. */
#include "api/audit.h"
#include "api/binding.h"
#include "api/decision.h"
#include "api/decision_record.h"
#include "base/clock.h"
#include "store/handback.h"
#include "store/store.h"
#include "store/store_memory.h"

typedef void conclude_fn(struct decision *decision, const struct outcome *outcome);

static void take(struct decision *decision, const struct rule *rule, store_done_fn *done,
                 conclude_fn *conclude_now);
static store_done_fn on_taken;
static store_done_fn on_candidate_taken;
static conclude_fn conclude;
static conclude_fn conclude_candidate;
static struct question question_of(const struct decision *decision, const struct rule *rule);
static void decide_locally(struct decision *decision, enum take_status status);
static void refuse(struct decision *decision, const struct outcome *outcome);
static void answered(struct decision *decision);

bool decision_fits(const struct decision *decision, const char *pointer, struct faults *faults)
{
    const struct policy *policy = decision->policy;

    return !policy->is_active || binding_fits(decision, &policy->rule, pointer, faults);
}

enum handled decision_take(struct decision *decision, decision_done_fn *done)
{
    decision->done = done;
    decision->asked_us = decision->api->now_us;
    if (decision->policy->is_active) {
        take(decision, &decision->policy->rule, on_taken, conclude);
        if (decision->trial != NULL &&
            binding_fits(decision, decision->policy->candidate, "", NULL))
            take(decision, decision->policy->candidate, on_candidate_taken, conclude_candidate);
    } else {
        const struct question question = question_of(decision, &decision->policy->rule);

        verdict_from_inactive(&question, &decision->verdict);
    }
    if (decision->awaited > 0)
        return HANDLED_LATER;
    decision_record(decision);
    return HANDLED_NOW;
}

static void take(struct decision *decision, const struct rule *rule, store_done_fn *done,
                 conclude_fn *conclude_now)
{
    WRITTEN_FIRST struct operation operation;
    WRITTEN_FIRST struct outcome outcome;

    binding_operation(decision, rule, OPERATION_TAKE, &operation);
    if (store_ask(decision->api->store, &operation, &outcome, decision, done) == STORE_LATER)
        decision->awaited++;
    else
        conclude_now(decision, &outcome);
}

static void on_taken(void *context, const struct outcome *outcome)
{
    struct decision *decision = context;

    conclude(decision, outcome);
    answered(decision);
}

static void on_candidate_taken(void *context, const struct outcome *outcome)
{
    struct decision *decision = context;

    conclude_candidate(decision, outcome);
    answered(decision);
}

/* The policy says what a failed take means. A take that the quota refused has not failed. */
static void conclude(struct decision *decision, const struct outcome *outcome)
{
    const struct question question = question_of(decision, &decision->policy->rule);

    if (outcome->status == TAKE_QUOTA)
        refuse(decision, outcome);
    else if (outcome->status == TAKE_DONE)
        verdict_from_outcome(&question, outcome, false, &decision->verdict);
    else if (decision->policy->on_store_error == ON_STORE_ERROR_LOCAL)
        decide_locally(decision, outcome->status);
    else
        verdict_from_failure(&question, outcome->status, &decision->verdict);
}

static void conclude_candidate(struct decision *decision, const struct outcome *outcome)
{
    const struct question question = question_of(decision, decision->policy->candidate);

    if (outcome->status != TAKE_DONE)
        return;
    decision->trial->is_decided = true;
    verdict_from_candidate(&question, outcome, &decision->trial->verdict);
}

static struct question question_of(const struct decision *decision, const struct rule *rule)
{
    static const struct terms none;

    return (struct question){.policy = decision->policy, .rule = rule, .terms = &none};
}

/* Only a take that the store has surely not charged is handed back. If the answer was late, or was
 * not a decision, the store may have charged the take, or may yet charge it. */
static void decide_locally(struct decision *decision, enum take_status status)
{
    struct operation operation;
    struct handback *handback = decision->api->handback;
    struct outcome outcome;
    const struct question question = question_of(decision, &decision->policy->rule);

    binding_operation(decision, question.rule, OPERATION_TAKE, &operation);
    operation.now_us = clock_monotonic_us(); /* the turn that asked the store may be long ago */
    memory_table_ask(decision->api->local, &operation, &outcome);
    const bool is_charged_nowhere = status == TAKE_DOWN || status == TAKE_REFUSED;
    if (handback != NULL && is_charged_nowhere && outcome.allowed && operation_charges(&operation))
        handback_note(handback, &operation);
    verdict_from_outcome(&question, &outcome, true, &decision->verdict);
}

static void refuse(struct decision *decision, const struct outcome *outcome)
{
    decision->has_no_room = true;
    decision->room_s = verdict_seconds(outcome->room_us);
    audit_counter_refused(decision->api, decision->app);
}

static void answered(struct decision *decision)
{
    if (--decision->awaited > 0)
        return;
    decision_record(decision);
    decision->done(decision);
}
