/* SPDX-License-Identifier: MIT
 *
 * Whether a check fits the policy that it has found, and by which rules it is decided. */
#include "api/binding.h"
#include "api/decision.h"

static const struct rule *rule_on_trial(const struct decision *decision, struct arena *arena);

bool decision_fits(struct decision *decision, const char *pointer, struct faults *faults,
                   struct arena *arena)
{
    const struct policy *policy = decision->policy;

    decision->live.rule = &policy->rule;
    if (!policy->is_active)
        return true;

    const bool fits = binding_fits(decision, &policy->rule, pointer, faults);

    decision->live.rule = terms_apply(&decision->terms, &policy->rule, pointer, faults, arena);
    if (decision->trial != NULL)
        decision->trial->take.rule = rule_on_trial(decision, arena);
    return decision->live.rule != NULL && fits;
}

/* NULL if the check does not fit the candidate. */
static const struct rule *rule_on_trial(const struct decision *decision, struct arena *arena)
{
    const struct rule *rule = decision->policy->candidate;
    struct terms terms = decision->terms;
    struct limit_override overrides[LIMITS_MAX];

    if (!binding_fits(decision, rule, "", NULL))
        return NULL;
    terms.overrides = overrides;
    terms.override_count = 0;
    for (size_t i = 0; i < decision->terms.override_count; i++) {
        if (rule_find_limit(rule, decision->terms.overrides[i].limit) != NULL)
            overrides[terms.override_count++] = decision->terms.overrides[i];
    }
    return terms_apply(&terms, rule, "", NULL, arena);
}
