/* SPDX-License-Identifier: MIT */
#include "api/fallback.h"

#include "api/binding.h"
#include "base/clock.h"
#include "store/handback.h"
#include "store/store_memory.h"

static bool bind_now(const struct decision *decision, struct binding *binding);
static bool is_charged_nowhere(enum take_status status);
static void hand_back(const struct decision *decision, struct binding *binding,
                      const struct outcome *outcome);
static bool is_noted(const struct decision *decision, const struct binding *binding);

void fallback_decide(struct decision *decision, enum take_status status)
{
    WRITTEN_FIRST struct binding binding;
    WRITTEN_FIRST struct outcome outcome;
    const bool is_exact = bind_now(decision, &binding);

    memory_table_ask(decision->api->local, &binding.operation, &outcome);
    if (is_exact && outcome.allowed && is_charged_nowhere(status))
        hand_back(decision, &binding, &outcome);

    const struct question question = binding_question(decision, decision->live.rule);

    verdict_from_outcome(&question, &outcome, true, &decision->verdict);
}

/* It is noted first, because what cannot be handed back must not be charged here. */
enum decision_end fallback_charge(struct decision *decision, enum take_status status)
{
    WRITTEN_FIRST struct binding binding;
    WRITTEN_FIRST struct outcome outcome;
    const bool is_exact = bind_now(decision, &binding);

    if (!is_charged_nowhere(status))
        return DECISION_UNKNOWN;
    if (!is_exact) {
        decision->unknown = binding.limits.unknown;
        return DECISION_NO_ZONE;
    }
    if (!is_noted(decision, &binding))
        return DECISION_UNCHARGED;

    const struct question question = binding_question(decision, decision->live.rule);

    memory_table_ask(decision->api->local, &binding.operation, &outcome);
    verdict_from_charge(&question, &outcome, true, &decision->verdict);
    return DECISION_MADE;
}

/* The turn that asked the store may be long ago. */
static bool bind_now(const struct decision *decision, struct binding *binding)
{
    const bool is_exact =
        binding_make(decision, decision->live.rule, binding_kind(decision), binding);

    binding->operation.now_us = clock_monotonic_us();
    return is_exact;
}

/* A store that has met its time elsewhere has charged nothing. */
static bool is_charged_nowhere(enum take_status status)
{
    return status == TAKE_DOWN || status == TAKE_REFUSED || status == TAKE_ELSEWHEN;
}

static void hand_back(const struct decision *decision, struct binding *binding,
                      const struct outcome *outcome)
{
    struct operation *operation = &binding->operation;

    for (size_t i = 0; i < operation->limit_count && operation->kind == OPERATION_PART; i++)
        operation->costs[i] = outcome->granted;
    (void)is_noted(decision, binding);
}

/* With the whole limits: also what was charged under a low priority counts against them. */
static bool is_noted(const struct decision *decision, const struct binding *binding)
{
    struct handback *handback = decision->api->handback;
    struct operation operation = binding->operation;
    WRITTEN_FIRST struct limit whole[LIMITS_MAX];

    if (!operation_charges(&operation))
        return true;
    if (operation.limits == binding->limits.at) {
        bound_limits_widen(&binding->limits, decision->live.rule, whole);
        operation.limits = whole;
    }
    return handback != NULL && handback_note(handback, &operation);
}
