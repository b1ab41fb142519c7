/* SPDX-License-Identifier: MIT
 *
 * A decision in the order of its steps: read -> match -> take -> verdict -> journal. */
#include "api/decision.h"

#include "api/audit.h"
#include "api/no_policy.h"
#include "base/clock.h"
#include "catalogue/app_index.h"
#include "http/problem.h"
#include "journal/journal.h"
#include "metrics/metrics.h"
#include "metrics/metrics_apps.h"
#include "store/handback.h"
#include "store/store.h"
#include "store/store_memory.h"

const char decision_no_room[] =
    "This app has as many counters as it may have. A new one must wait until another expires.";

typedef void conclude_fn(struct decision *decision, const struct outcome *outcome);

static struct text user_of(const struct decision *decision);
static void take(struct decision *decision, const struct rule *rule, store_done_fn *done,
                 conclude_fn *conclude_now);
static store_done_fn on_taken;
static store_done_fn on_candidate_taken;
static conclude_fn conclude;
static conclude_fn conclude_candidate;
static void decide_locally(struct decision *decision, enum take_status status);
static void refuse(struct decision *decision, const struct outcome *outcome);
static void answered(struct decision *decision);
static void record(const struct decision *decision);
static struct journal_app *journal_of(const struct decision *decision);
static void count(const struct decision *decision);

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
    const struct text user_id = user_of(decision);

    if (decision->wants_explanation) {
        decision->explain = explain_match(policies, decision->route_key, decision->role, user_id,
                                          arena, &decision->policy);
    } else {
        decision->policy = policy_set_match(policies, decision->route_key, decision->role, user_id);
    }
    if (decision->policy == NULL)
        return false;
    if (decision->policy->candidate != NULL)
        decision->trial = ARENA_NEW(arena, struct trial);
    return true;
}

const char *decision_no_policy(const struct decision *decision, struct arena *arena)
{
    const struct policy_identity asked = {
        .route_key = decision->route_key, .role = decision->role, .user_id = user_of(decision)};

    return no_policy_detail("No policy of this app applies to", &asked, arena);
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

struct take decision_counters(const struct decision *decision, const struct rule *rule)
{
    const struct digest_key *key = app_index_subject_key(decision->api->index);

    return (struct take){
        .key = {.subject = subject_digest(key, text_of(decision->app->id), &decision->subject),
                .policy_id = decision->policy->id,
                .layout = rule->layout,
                .tenant = decision->app->tenant},
        .limits = rule->limits,
        .limit_count = rule->limit_count,
        .cost = decision->cost,
        .now_us = decision->api->now_us,
    };
}

enum handled decision_take(struct decision *decision, decision_done_fn *done)
{
    decision->done = done;
    decision->asked_us = decision->api->now_us;
    if (decision->policy->is_active) {
        take(decision, &decision->policy->rule, on_taken, conclude);
        if (decision->trial != NULL)
            take(decision, decision->policy->candidate, on_candidate_taken, conclude_candidate);
    } else {
        verdict_from_inactive(decision->policy, &decision->verdict);
    }
    if (decision->awaited > 0)
        return HANDLED_LATER;
    record(decision);
    return HANDLED_NOW;
}

void decision_write(const struct decision *decision, struct writer *writer)
{
    const struct trial *trial = decision->trial;
    const struct verdict *tried = trial != NULL && trial->is_decided ? &trial->verdict : NULL;

    verdict_write(&decision->verdict, decision->route_key, decision->role, writer);
    if (decision->explain)
        explain_write(decision->explain, &decision->verdict, tried, decision->cost, writer);
}

/* Absent if the subject is an IP address. */
static struct text user_of(const struct decision *decision)
{
    return decision->subject.kind == SUBJECT_USER ? decision->subject.name : (struct text){0};
}

static void take(struct decision *decision, const struct rule *rule, store_done_fn *done,
                 conclude_fn *conclude_now)
{
    struct take take = decision_counters(decision, rule);
    struct outcome outcome;

    if (store_take(decision->api->store, &take, &outcome, decision, done) == STORE_LATER)
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
    if (outcome->status == TAKE_QUOTA)
        refuse(decision, outcome);
    else if (outcome->status == TAKE_DONE)
        verdict_from_outcome(decision->policy, outcome, false, &decision->verdict);
    else if (decision->policy->on_store_error == ON_STORE_ERROR_LOCAL)
        decide_locally(decision, outcome->status);
    else
        verdict_from_failure(decision->policy, outcome->status, &decision->verdict);
}

static void conclude_candidate(struct decision *decision, const struct outcome *outcome)
{
    if (outcome->status != TAKE_DONE)
        return;
    decision->trial->is_decided = true;
    verdict_from_candidate(decision->policy, outcome, &decision->trial->verdict);
}

/* Only a take that the store has surely not charged is handed back. If the answer was late, or was
 * not a decision, the store may have charged the take, or may yet charge it. */
static void decide_locally(struct decision *decision, enum take_status status)
{
    struct take take = decision_counters(decision, &decision->policy->rule);
    struct outcome outcome;

    take.now_us = clock_monotonic_us(); /* the turn that asked the store may be long ago */
    memory_table_take(decision->api->local, &take, &outcome);
    const bool is_charged_nowhere = status == TAKE_DOWN || status == TAKE_REFUSED;
    if (decision->api->handback != NULL && is_charged_nowhere && outcome.allowed && take.cost > 0)
        handback_note(decision->api->handback, &take);
    verdict_from_outcome(decision->policy, &outcome, true, &decision->verdict);
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
    record(decision);
    decision->done(decision);
}

static void record(const struct decision *decision)
{
    const struct verdict *verdict = &decision->verdict;

    if (decision->has_no_room)
        return;

    struct record record = {
        .time_us = clock_wall_us(),
        .subject = decision->subject.name,
        .subject_is_ip = decision->subject.kind == SUBJECT_IP,
        .route = decision->route_key,
        .role = decision->role,
        .cost = decision->cost,
        .allowed = verdict->allowed,
        .would_deny = verdict->would_deny,
        .reason = verdict->reason,
        .remaining = verdict->decided ? verdict->remaining : -1,
        .policy_version = decision->policy->version,
        .mode = policy_mode_words[decision->policy->mode],
        .degraded = verdict->degraded,
    };
    const struct trial *trial = decision->trial;

    if (trial != NULL && trial->is_decided) {
        record.candidate = (struct record_candidate){
            .is_there = true,
            .allowed = trial->verdict.allowed,
            .reason = trial->verdict.reason,
            .remaining = trial->verdict.remaining,
        };
    }

    journal_record(journal_of(decision), &record);
    count(decision);
}

static struct journal_app *journal_of(const struct decision *decision)
{
    struct app *app = decision->app;
    struct journal_app *journal = atomic_load_explicit(&app->journal, memory_order_acquire);

    if (journal == NULL) {
        journal = journal_app(decision->api->journal, app->id);
        atomic_store_explicit(&app->journal, journal, memory_order_release);
        atomic_store_explicit(&app->has_decided, true, memory_order_relaxed);
    }
    return journal;
}

static void count(const struct decision *decision)
{
    static const enum metric degraded[] = {
        [ON_STORE_ERROR_LOCAL] = METRIC_DEGRADED_LOCAL,
        [ON_STORE_ERROR_ALLOW] = METRIC_DEGRADED_ALLOW,
        [ON_STORE_ERROR_DENY] = METRIC_DEGRADED_DENY,
    };
    const struct verdict *verdict = &decision->verdict;
    struct metrics *metrics = decision->api->metrics;
    struct metrics_apps *apps = decision->api->apps;

    metrics_observe(metrics, METRIC_DECISION_DURATION, clock_monotonic_us() - decision->asked_us);
    metrics_count(metrics, verdict->allowed ? METRIC_DECISIONS_ALLOWED : METRIC_DECISIONS_DENIED);
    if (verdict->would_deny)
        metrics_count(metrics, METRIC_SHADOW_DENIALS);
    if (verdict->degraded)
        metrics_count(metrics, degraded[decision->policy->on_store_error]);
    if (apps != NULL) {
        metrics_count_app(metrics, metrics_apps_slot(apps, decision->app->id),
                          verdict->allowed ? METRICS_ALLOWED : METRICS_DENIED);
    }
}
