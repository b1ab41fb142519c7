/* SPDX-License-Identifier: MIT
 *
 * The steps of a decision that have text in them: read, match, and at the end write. */
#include "api/decision.h"

#include "api/no_policy.h"
#include "base/buffer.h"
#include "limit/period.h"
#include "limit/subjects_read.h"

static const char *no_zone(const struct limit *limit, struct arena *arena);

static const char *const problems[] = {
    [DECISION_NO_ROOM] =
        "This app has as many counters as it may have. A new one must wait until another expires.",
    [DECISION_UNCHARGED] = "The charge has not been made: the store has not taken it, and it could "
                           "not be noted to be made later.",
    [DECISION_UNKNOWN] = "The counters did not answer, so it is not known whether the charge has "
                         "been made.",
};

bool decision_read_subjects(struct decision *decision, struct form *form, struct arena *arena)
{
    struct policy_identity identity = {.role = TEXT(POLICY_ROLE_DEFAULT)};
    const size_t faults_before = form->faults->count;
    const bool is_about_some = subjects_read(form, arena, &decision->subjects);

    form_text(form, "route_key", FORM_REQUIRED, 1, POLICY_ROUTE_BYTES_MAX, &identity.route_key);
    form_text(form, "role", FORM_OPTIONAL, 1, POLICY_ROLE_BYTES_MAX, &identity.role);
    decision->route_key = identity.route_key;
    decision->role = identity.role;
    return is_about_some && form->faults->count == faults_before;
}

bool decision_read(struct decision *decision, struct form *form, struct arena *arena)
{
    const bool is_about_some = decision_read_subjects(decision, form, arena);
    const bool has_costs = costs_read(form, arena, &decision->costs);

    return terms_read(form, arena, &decision->terms) && has_costs && is_about_some;
}

bool decision_read_charge(struct decision *decision, struct form *form, struct arena *arena)
{
    const bool is_about_some = decision_read_subjects(decision, form, arena);
    const bool has_costs = costs_read_charge(form, arena, &decision->costs);

    decision->is_charge = true;
    return terms_read_charge(form, arena, &decision->terms) && has_costs && is_about_some;
}

bool decision_match(struct decision *decision, struct arena *arena)
{
    const struct policy_set *policies = decision->app->policies;

    if (decision->wants_explanation) {
        decision->explain = explain_match(policies, decision->route_key, decision->role,
                                          &decision->subjects, arena, &decision->policy);
    } else {
        decision->policy =
            policy_set_match(policies, decision->route_key, decision->role, &decision->subjects);
    }
    if (decision->policy == NULL)
        return false;
    if (decision->policy->candidate != NULL)
        decision->trial = ARENA_NEW(arena, struct trial);
    return true;
}

const char *decision_no_policy(const struct decision *decision, struct arena *arena)
{
    return no_policy_detail("No policy of this app applies to", decision->route_key, decision->role,
                            &decision->subjects, arena);
}

const char *decision_problem(const struct decision *decision, struct arena *arena)
{
    return decision->end == DECISION_NO_ZONE ? no_zone(decision->unknown, arena)
                                             : problems[decision->end];
}

void decision_write(const struct decision *decision, struct writer *writer)
{
    const struct trial *trial = decision->trial;
    const struct verdict *tried = trial != NULL && trial->is_decided ? &trial->verdict : NULL;

    verdict_write(&decision->verdict, decision->route_key, decision->role, &decision->subjects,
                  writer);
    if (decision->explain)
        explain_write(decision->explain, &decision->verdict, tried, &decision->costs,
                      &decision->terms, writer);
}

static const char *no_zone(const struct limit *limit, struct arena *arena)
{
    struct buffer detail;

    buffer_init(&detail, arena, 256);
    buffer_printf(&detail,
                  "The charge has not been made: the limit \"%s\" has the zone \"%.*s\", which is "
                  "not known here. Asking again does not help until this machine has the zone.",
                  limit->name, TEXT_PRINTF(limit->period->zone));
    return buffer_string(&detail);
}
