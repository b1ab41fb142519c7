/* SPDX-License-Identifier: MIT
 *
 * The steps of a decision that have text in them: read, match, and at the end write. */
#include "api/decision.h"

#include "api/no_policy.h"
#include "http/problem.h"

const char decision_no_room[] =
    "This app has as many counters as it may have. A new one must wait until another expires.";

static struct subject subject_of(const struct decision *decision);

bool decision_read_subject(struct decision *decision, struct form *form, struct arena *arena)
{
    struct policy_identity identity = {.role = TEXT(POLICY_ROLE_DEFAULT)};
    size_t faults_before = form->faults->count;

    subject_read(form, arena, &decision->subject);
    form_text(form, "route_key", FORM_REQUIRED, 1, POLICY_ROUTE_BYTES_MAX, &identity.route_key);
    form_text(form, "role", FORM_OPTIONAL, 1, POLICY_ROLE_BYTES_MAX, &identity.role);
    decision->route_key = identity.route_key;
    decision->role = identity.role;
    return form->faults->count == faults_before;
}

bool decision_read(struct decision *decision, struct form *form, struct arena *arena)
{
    size_t faults_before = form->faults->count;

    decision_read_subject(decision, form, arena);
    decision->cost = 1;
    form_integer(form, "cost", FORM_OPTIONAL, 0, LIMIT_COST_MAX, &decision->cost);
    return form->faults->count == faults_before;
}

bool decision_match(struct decision *decision, struct arena *arena)
{
    const struct policy_set *policies = decision->app->policies;
    const struct subject subject = subject_of(decision);
    const struct subjects subjects = {.count = 1, .at = &subject};

    if (decision->wants_explanation) {
        decision->explain = explain_match(policies, decision->route_key, decision->role, &subjects,
                                          arena, &decision->policy);
    } else {
        decision->policy =
            policy_set_match(policies, decision->route_key, decision->role, &subjects);
    }
    if (decision->policy == NULL)
        return false;
    if (decision->policy->candidate != NULL)
        decision->trial = ARENA_NEW(arena, struct trial);
    return true;
}

const char *decision_no_policy(const struct decision *decision, struct arena *arena)
{
    const struct subject subject = subject_of(decision);
    const struct subjects subjects = {.count = 1, .at = &subject};

    return no_policy_detail("No policy of this app applies to", decision->route_key, decision->role,
                            &subjects, arena);
}

void decision_answer_no_policy(const struct decision *decision, struct request *request)
{
    struct buffer body;
    struct writer writer;

    problem_begin(request, &body, &writer);
    problem_write(PROBLEM_NO_POLICY, decision_no_policy(decision, &request->arena), &writer);
    if (decision->explain)
        explain_write_none(decision->explain, &writer);
    problem_end(request, PROBLEM_NO_POLICY, &writer);
}

void decision_write(const struct decision *decision, struct writer *writer)
{
    const struct trial *trial = decision->trial;
    const struct verdict *tried = trial != NULL && trial->is_decided ? &trial->verdict : NULL;

    verdict_write(&decision->verdict, decision->route_key, decision->role, NULL, writer);
    if (decision->explain)
        explain_write(decision->explain, &decision->verdict, tried, decision->cost, writer);
}

static struct subject subject_of(const struct decision *decision)
{
    return (struct subject){
        .name = decision->subject.kind == SUBJECT_USER ? TEXT("user") : TEXT("ip"),
        .value = decision->subject.name,
    };
}
