/* SPDX-License-Identifier: MIT
 *
 * Takes a decision from the store: by the live rule and by the candidate at the same time. When
 * both are concluded, the decision is recorded, and then the asker hears of it. */
#include "api/audit.h"
#include "api/binding.h"
#include "api/decision.h"
#include "api/decision_record.h"
#include "api/fallback.h"
#include "store/store.h"

static void take_begin(struct take *take);
static bool take_ask(struct take *take, struct outcome *outcome);
static store_done_fn on_taken;
static void conclude(const struct take *take, const struct outcome *outcome);
static enum decision_end conclude_live(struct decision *decision, const struct outcome *outcome);
static void conclude_candidate(struct decision *decision, const struct outcome *outcome);
static enum decision_end refuse(struct decision *decision, const struct outcome *outcome);

enum handled decision_take(struct decision *decision, decision_done_fn *done)
{
    decision->done = done;
    decision->asked_us = decision->api->now_us;
    decision->live.decision = decision;
    if (decision->policy->is_active) {
        take_begin(&decision->live);
        if (decision->trial != NULL && decision->trial->take.rule != NULL) {
            decision->trial->take.decision = decision;
            take_begin(&decision->trial->take);
        }
    } else {
        const struct question question = binding_question(decision, decision->live.rule);

        verdict_from_inactive(&question, &decision->verdict);
        decision->end = DECISION_MADE;
    }
    if (decision->awaited > 0)
        return HANDLED_LATER;
    decision_record(decision);
    return HANDLED_NOW;
}

static void take_begin(struct take *take)
{
    WRITTEN_FIRST struct outcome outcome;

    if (take_ask(take, &outcome))
        take->decision->awaited++;
    else
        conclude(take, &outcome);
}

/* True: the outcome comes later. The store cannot decide by a zone that is not known here. */
static bool take_ask(struct take *take, struct outcome *outcome)
{
    struct decision *decision = take->decision;
    WRITTEN_FIRST struct binding binding;

    if (binding_make(decision, take->rule, binding_kind(decision), &binding))
        return store_ask(decision->api->store, &binding.operation, outcome, take, on_taken) ==
               STORE_LATER;
    *outcome = (struct outcome){.status = TAKE_DOWN};
    return false;
}

static void on_taken(void *context, const struct outcome *outcome)
{
    struct take *take = context;
    struct decision *decision = take->decision;
    struct api *api = decision->api;
    WRITTEN_FIRST struct outcome second;

    if (outcome->status == TAKE_ELSEWHEN && !take->is_second) {
        take->is_second = true;
        api->store_ahead_us = outcome->time_us - (api->now_us + api->wall_ahead_us);
        if (take_ask(take, &second))
            return;
        outcome = &second;
    }
    conclude(take, outcome);
    if (--decision->awaited > 0)
        return;
    decision_record(decision);
    decision->done(decision);
}

static void conclude(const struct take *take, const struct outcome *outcome)
{
    struct decision *decision = take->decision;

    if (take == &decision->live)
        decision->end = conclude_live(decision, outcome);
    else
        conclude_candidate(decision, outcome);
}

/* A take that the quota refused has not failed. What a failed take means, the policy says; but not
 * of a charge. */
static enum decision_end conclude_live(struct decision *decision, const struct outcome *outcome)
{
    const struct question question = binding_question(decision, decision->live.rule);
    const bool is_done = outcome->status == TAKE_DONE;

    if (outcome->status == TAKE_QUOTA)
        return refuse(decision, outcome);
    if (decision->is_charge && !is_done)
        return fallback_charge(decision, outcome->status);
    if (decision->is_charge)
        verdict_from_charge(&question, outcome, false, &decision->verdict);
    else if (is_done)
        verdict_from_outcome(&question, outcome, false, &decision->verdict);
    else if (decision->policy->on_store_error == ON_STORE_ERROR_LOCAL)
        fallback_decide(decision, outcome->status);
    else
        verdict_from_failure(&question, outcome->status, &decision->verdict);
    return DECISION_MADE;
}

static void conclude_candidate(struct decision *decision, const struct outcome *outcome)
{
    struct trial *trial = decision->trial;
    const struct question question = binding_question(decision, trial->take.rule);

    if (outcome->status != TAKE_DONE)
        return;
    trial->is_decided = true;
    if (decision->is_charge)
        verdict_from_charge(&question, outcome, false, &trial->verdict);
    else
        verdict_from_candidate(&question, outcome, &trial->verdict);
}

static enum decision_end refuse(struct decision *decision, const struct outcome *outcome)
{
    decision->room_s = verdict_seconds(outcome->room_us);
    audit_counter_refused(decision->api, decision->app);
    return DECISION_NO_ROOM;
}
