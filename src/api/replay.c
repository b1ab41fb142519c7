/* SPDX-License-Identifier: MIT */
#include "api/replay.h"

#include "api/binding.h"
#include "store/store_memory.h"

/* So many that none is ever dropped: 1,000 entries by eight limits make at most 8,000 counters, or
 * as many charges of logs. Memory grows only as counters come. */
#define COUNTERS ((size_t)512 * 1024)

static bool decides(const struct replay *replay, const struct record *record);
static bool decides_before(const struct replay *replay, const struct policy *other,
                           const struct record *record);
static bool has_time(const struct record *record);
static enum replay_end ask(struct replay *replay, const struct record *record,
                           struct replay_outcome *outcome);
static void ask_counters(struct replay *replay, const struct decision *decision,
                         const struct rule *rule, struct replay_outcome *outcome);

void replay_init(struct replay *replay, const struct api *api, struct app *app,
                 const struct policy *policy)
{
    *replay = (struct replay){
        .api = {.index = api->index},
        .app = app,
        .policy = policy,
        .saved = policy_set_find(app->policies, &policy->identity),
        .counters = memory_table_new(COUNTERS),
        /* Where the memory is the store, there is nothing to hand back. Redis decides by Unix
         * time. */
        .ahead_us = api->handback == NULL ? api->wall_ahead_us : 0,
    };
}

void replay_close(struct replay *replay)
{
    memory_table_free(replay->counters);
    replay->counters = NULL;
}

enum replay_end replay_entry(struct replay *replay, const struct record *record,
                             struct replay_outcome *outcome)
{
    *outcome = (struct replay_outcome){.allowed = true};
    if (!decides(replay, record))
        return REPLAY_OTHER_POLICY;
    if (record->degraded)
        return REPLAY_DEGRADED;
    if (!has_time(record))
        return REPLAY_NO_TIME;
    if (!replay->policy->is_active)
        return record->is_charge ? REPLAY_CHARGED : REPLAY_DECIDED;
    return ask(replay, record, outcome);
}

/* A policy of the same identity has the same place in the order of all. */
static bool decides(const struct replay *replay, const struct record *record)
{
    const struct policy *found =
        policy_set_match(replay->app->policies, record->route, record->role, &record->subjects);

    if (replay->saved != NULL)
        return found == replay->saved;
    return decides_before(replay, found, record);
}

/* In a set of both. `other` is NULL where the app has no policy for the entry. */
static bool decides_before(const struct replay *replay, const struct policy *other,
                           const struct record *record)
{
    struct policy *const both[] = {(struct policy *)(uintptr_t)replay->policy,
                                   (struct policy *)(uintptr_t)other};
    struct arena scratch = {0};
    const struct policy_set *set = policy_set_new(&scratch, both, other == NULL ? 1 : 2);
    const bool is_first =
        policy_set_match(set, record->route, record->role, &record->subjects) == replay->policy;

    arena_close(&scratch);
    return is_first;
}

/* The log in Redis is input. */
static bool has_time(const struct record *record)
{
    return !record->time_is_rounded && record->time_us >= 0 && record->time_us <= LIMIT_TIME_US_MAX;
}

static enum replay_end ask(struct replay *replay, const struct record *record,
                           struct replay_outcome *outcome)
{
    const struct decision decision = {
        .api = &replay->api,
        .app = replay->app,
        .subjects = record->subjects,
        .costs = record->costs,
        .terms = {.is_low = record->is_low,
                  .is_partial = record->is_partial,
                  .override_count = record->override_count,
                  .overrides = record->overrides},
        .is_charge = record->is_charge,
        .policy = replay->policy,
    };
    struct arena scratch = {0};
    const struct rule *rule =
        terms_apply(&decision.terms, &replay->policy->rule, "", NULL, &scratch);
    const bool fits = rule != NULL && binding_fits(&decision, rule, "", NULL);

    replay->api.now_us = record->time_us - replay->ahead_us;
    replay->api.wall_ahead_us = replay->ahead_us;
    if (fits)
        ask_counters(replay, &decision, rule, outcome);
    arena_close(&scratch);
    if (!fits)
        return REPLAY_UNFIT;
    return record->is_charge ? REPLAY_CHARGED : REPLAY_DECIDED;
}

/* By a zone that is not known here a period goes by UTC. */
static void ask_counters(struct replay *replay, const struct decision *decision,
                         const struct rule *rule, struct replay_outcome *outcome)
{
    WRITTEN_FIRST struct binding binding;
    WRITTEN_FIRST struct outcome decided;

    (void)!binding_make(decision, rule, binding_kind(decision), &binding);
    memory_table_ask(replay->counters, &binding.operation, &decided);
    ASSERT(decided.status == TAKE_DONE);
    outcome->allowed = decided.allowed;
    for (size_t i = 0; i < decided.count && !decided.allowed; i++)
        outcome->denied_by[i] = !decided.at[i].allowed;
}
