/* SPDX-License-Identifier: MIT
 *
 * POST /reset: forgets what has been used under the policy that a check would use, or under that of
 * an id, by the limits whose subjects are given. Others may count more callers than those that are
 * meant. */
#include "api/audit.h"
#include "api/binding.h"
#include "api/decision.h"
#include "api/handlers.h"
#include "api/reading.h"
#include "api/second_look.h"
#include "http/problem.h"
#include "limit/rule_part.h"
#include "limit/subjects_read.h"
#include "metrics/metrics.h"
#include "store/handback.h"
#include "store/store.h"
#include "store/store_memory.h"

#define POLICY_ID_MEMBER "policy_id"

struct reset {
    struct decision decision;
    struct request *request;
    bool is_by_id;
    uint64_t policy_id; /* if is_by_id */
    bool shared;        /* also the counters that all callers share */
    size_t count;       /* limits that had counters */
    bool failed;
    int awaited; /* rules that the store has not forgotten yet */
};

static bool reset_read(struct reset *reset, struct request *request);
static bool reset_read_by_id(struct reset *reset, struct form *form);
static enum handled reset_find(struct reset *reset);
static bool reset_has_policy(struct reset *reset);
static void reset_find_again(void *context);
static void reset_answer_no_policy(const struct reset *reset);
static second_look_found_fn reset_begin;
static void reset_forget(struct reset *reset, const struct rule *rule);
static rule_part_takes_fn reset_takes;
static store_done_fn reset_on_forgotten;
static void reset_note(struct reset *reset, const struct outcome *outcome);
static void reset_answer(struct reset *reset);
static void reset_write_others(const struct reset *reset, struct writer *writer);

enum handled reset_post(struct request *request, void *context)
{
    struct reset *reset = ARENA_NEW(&request->arena, struct reset);
    struct decision *decision = &reset->decision;

    reset->request = request;
    decision->api = context;
    decision->app = request_app(request);
    decision->context = reset;
    if (!reset_read(reset, request))
        return HANDLED_NOW;
    if (reset->is_by_id)
        return reset_find(reset);
    return second_look_match(decision, request, reset_begin);
}

static bool reset_read(struct reset *reset, struct request *request)
{
    struct reading reading;
    struct form *form = &reading.form;

    if (!reading_open_body(&reading, request))
        return false;
    reset->is_by_id = form_has(form, POLICY_ID_MEMBER);
    const bool is_read = reset->is_by_id
                             ? reset_read_by_id(reset, form)
                             : decision_read_subjects(&reset->decision, form, &request->arena);
    form_bool(form, "shared", FORM_OPTIONAL, &reset->shared);
    return reading_close(&reading) && is_read;
}

static bool reset_read_by_id(struct reset *reset, struct form *form)
{
    static const char *const others[] = {"route_key", "role"};
    const bool is_about_some =
        subjects_read(form, &reset->request->arena, &reset->decision.subjects);

    for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
        if (form_has(form, others[i]))
            form_fault(form, others[i], "must be absent beside `" POLICY_ID_MEMBER "`");
    }
    return policy_id_read(form, POLICY_ID_MEMBER, &reset->policy_id) && is_about_some;
}

/* The policy may have been saved at another instance a moment ago. */
static enum handled reset_find(struct reset *reset)
{
    if (reset_has_policy(reset))
        return reset_begin(&reset->decision);
    if (second_look_begin(reset->request, reset->decision.api, reset, reset_find_again))
        return HANDLED_LATER;
    reset_answer_no_policy(reset);
    return HANDLED_NOW;
}

static bool reset_has_policy(struct reset *reset)
{
    struct decision *decision = &reset->decision;
    const struct policy_set *policies = decision->app->policies;
    const size_t place = policy_set_place(policies, reset->policy_id);

    if (place == policy_set_count(policies))
        return false;
    decision->policy = policy_set_at(policies, place);
    decision->route_key = decision->policy->identity.route_key;
    decision->role = decision->policy->identity.role;
    return true;
}

static void reset_find_again(void *context)
{
    struct reset *reset = context;

    reset->decision.app = request_app(reset->request);
    if (reset_has_policy(reset))
        (void)reset_begin(&reset->decision);
    else
        reset_answer_no_policy(reset);
}

static void reset_answer_no_policy(const struct reset *reset)
{
    problem_answer(reset->request, PROBLEM_NO_POLICY,
                   "This app has no policy with the id \"%016llx\".",
                   (unsigned long long)reset->policy_id);
}

static enum handled reset_begin(struct decision *decision)
{
    struct reset *reset = decision->context;
    const struct policy *policy = decision->policy;

    reset_forget(reset, &policy->rule);
    if (policy->candidate != NULL)
        reset_forget(reset, policy->candidate);
    if (reset->awaited > 0)
        return HANDLED_LATER;
    reset_answer(reset);
    return HANDLED_NOW;
}

/* Also forgets what the fallback has counted, and what was noted to be handed back. */
static void reset_forget(struct reset *reset, const struct rule *rule)
{
    struct api *api = reset->decision.api;
    struct rule_part part;
    WRITTEN_FIRST struct binding binding;
    struct outcome outcome;

    rule_part_choose(&part, rule, reset, reset_takes);
    if (part.rule.limit_count == 0)
        return;
    const bool is_exact = binding_make(&reset->decision, &part.rule, OPERATION_FORGET, &binding);
    ASSERT(is_exact);
    memory_table_ask(api->local, &binding.operation, &outcome);
    reset_note(reset, &outcome);
    metrics_add(api->metrics, METRIC_HANDED_BACK_OVER,
                (uint64_t)handbacks_forget(api->handbacks, &binding.operation));
    if (store_ask(api->store, &binding.operation, &outcome, reset, reset_on_forgotten) ==
        STORE_LATER)
        reset->awaited++;
    else
        reset_note(reset, &outcome);
}

static bool reset_takes(const void *context, const struct by *set)
{
    const struct reset *reset = context;
    const bool is_shared = set != NULL && set->count == 0;

    return is_shared ? reset->shared : binding_has_set(&reset->decision, set);
}

static void reset_on_forgotten(void *context, const struct outcome *outcome)
{
    struct reset *reset = context;

    reset_note(reset, outcome);
    if (--reset->awaited == 0)
        reset_answer(reset);
}

/* Keeps the largest count among live rule and candidate, fallback and store. */
static void reset_note(struct reset *reset, const struct outcome *outcome)
{
    reset->failed = reset->failed || outcome->status != TAKE_DONE;
    if (outcome->status == TAKE_DONE && outcome->count > reset->count)
        reset->count = outcome->count;
}

static void reset_answer(struct reset *reset)
{
    struct buffer body;
    struct writer writer;

    if (reset->failed) {
        problem_answer(reset->request, PROBLEM_UNAVAILABLE, "The counters cannot be reached.");
        return;
    }
    audit_reset(reset->decision.api, reset->request, reset->decision.route_key,
                reset->decision.role);
    buffer_init(&body, &reset->request->arena, 64);
    writer_init(&writer, &body);
    writer_begin_object(&writer, NULL);
    writer_string(&writer, "message", "Counters reset");
    writer_integer(&writer, "reset", (int64_t)reset->count);
    reset_write_others(reset, &writer);
    writer_end_object(&writer);
    request_answer_json(reset->request, 200, writer_document(&writer));
}

/* Only if there are some. Candidates are not listed. */
static void reset_write_others(const struct reset *reset, struct writer *writer)
{
    const struct rule *rule = &reset->decision.policy->rule;
    bool is_open = false;

    for (size_t i = 0; i < rule->limit_count; i++) {
        if (reset_takes(reset, rule->sets[rule->limits[i].set]))
            continue;
        if (!is_open)
            writer_begin_array(writer, "not_reset");
        is_open = true;
        writer_string(writer, NULL, rule->limits[i].name);
    }
    if (is_open)
        writer_end_array(writer);
}
