/* SPDX-License-Identifier: MIT */
#include "api/decision_record.h"

#include "base/clock.h"
#include "journal/journal.h"
#include "metrics/metrics.h"
#include "metrics/metrics_apps.h"

static struct journal_app *journal_of(const struct decision *decision);
static void count(const struct decision *decision, int64_t now_us);
static void count_charge(const struct decision *decision);

void decision_record(const struct decision *decision)
{
    const struct verdict *verdict = &decision->verdict;
    const bool is_active = decision->policy->is_active;
    /* Nobody has looked whether a policy that is switched off has these limits. */
    const size_t override_count = is_active ? decision->terms.override_count : 0;
    WRITTEN_FIRST struct text deniers[LIMITS_MAX];

    ASSERT(decision->end != DECISION_OPEN);
    if (decision->is_charge && is_active)
        count_charge(decision);
    if (decision->end != DECISION_MADE)
        return;

    const int64_t now_us = clock_monotonic_us();
    const int64_t wall_us = now_us + decision->api->wall_ahead_us;
    struct record record = {
        .time_us = verdict->decided ? verdict->outcome.time_us : wall_us,
        .counted_us = wall_us,
        .subjects = decision->subjects,
        .route = decision->route_key,
        .role = decision->role,
        .costs = decision->costs,
        .overrides = decision->terms.overrides,
        .override_count = override_count,
        .is_low = decision->terms.is_low,
        .is_partial = decision->terms.is_partial,
        .granted = verdict->granted,
        .is_charge = decision->is_charge,
        .allowed = verdict->allowed,
        .charged = verdict->decided && verdict->outcome.allowed ? verdict->rule : NULL,
        .would_deny = verdict->would_deny,
        .reason = verdict->reason,
        .remaining = verdict->decided ? verdict->remaining : -1,
        .policy_version = decision->policy->version,
        .mode = policy_mode_words[decision->policy->mode],
        .degraded = verdict->degraded,
        .denied_by = {verdict_deniers(verdict, deniers), deniers},
    };
    const struct trial *trial = decision->trial;

    if (record.is_partial)
        record.granted_of = text_of(limit_measure(&verdict->rule->limits[0]));

    if (trial != NULL && trial->is_decided) {
        record.candidate = (struct record_candidate){
            .is_there = true,
            .allowed = trial->verdict.allowed,
            .reason = trial->verdict.reason,
            .remaining = trial->verdict.remaining,
        };
    }

    journal_record(journal_of(decision), &record);
    metrics_add(decision->api->metrics, METRIC_LIMIT_OVERRIDES, override_count);
    if (!decision->is_charge)
        count(decision, now_us);
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

static void count(const struct decision *decision, int64_t now_us)
{
    static const enum metric degraded[] = {
        [ON_STORE_ERROR_LOCAL] = METRIC_DEGRADED_LOCAL,
        [ON_STORE_ERROR_ALLOW] = METRIC_DEGRADED_ALLOW,
        [ON_STORE_ERROR_DENY] = METRIC_DEGRADED_DENY,
    };
    const struct verdict *verdict = &decision->verdict;
    struct metrics *metrics = decision->api->metrics;
    struct metrics_apps *apps = decision->api->apps;

    metrics_observe(metrics, METRIC_DECISION_DURATION, now_us - decision->asked_us);
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

static void count_charge(const struct decision *decision)
{
    static const enum metric ends[] = {
        [DECISION_MADE] = METRIC_CHARGES_MADE,         [DECISION_NO_ROOM] = METRIC_CHARGES_REFUSED,
        [DECISION_UNCHARGED] = METRIC_CHARGES_REFUSED, [DECISION_NO_ZONE] = METRIC_CHARGES_REFUSED,
        [DECISION_UNKNOWN] = METRIC_CHARGES_UNKNOWN,
    };
    const bool is_noted = decision->end == DECISION_MADE && decision->verdict.degraded;

    metrics_count(decision->api->metrics, is_noted ? METRIC_CHARGES_NOTED : ends[decision->end]);
}
