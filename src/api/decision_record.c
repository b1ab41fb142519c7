/* SPDX-License-Identifier: MIT */
#include "api/decision_record.h"

#include "base/clock.h"
#include "journal/journal.h"
#include "metrics/metrics.h"
#include "metrics/metrics_apps.h"

static struct journal_app *journal_of(const struct decision *decision);
static void count(const struct decision *decision);

void decision_record(const struct decision *decision)
{
    const struct verdict *verdict = &decision->verdict;
    WRITTEN_FIRST struct text deniers[LIMITS_MAX];

    if (decision->has_no_room)
        return;

    struct record record = {
        .time_us = clock_wall_us(),
        .subjects = decision->subjects,
        .route = decision->route_key,
        .role = decision->role,
        .costs = decision->costs,
        .allowed = verdict->allowed,
        .would_deny = verdict->would_deny,
        .reason = verdict->reason,
        .remaining = verdict->decided ? verdict->remaining : -1,
        .policy_version = decision->policy->version,
        .mode = policy_mode_words[decision->policy->mode],
        .degraded = verdict->degraded,
        .denied_by = {verdict_deniers(verdict, deniers), deniers},
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
