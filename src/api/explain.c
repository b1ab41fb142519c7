/* SPDX-License-Identifier: MIT */
#include "api/explain.h"

#include "base/arena.h"
#include "base/duration.h"
#include "limit/algorithm.h"
#include "limit/headroom.h"

/* A tenant with a prefix of every length could otherwise get a list of 3,600 per check. */
#define LISTED_MAX 32

static policy_set_tried_fn on_tried;
static void write_considered(const struct explain *explain, struct writer *writer);
static void write_why(const struct policy_identity *identity, struct writer *writer);
static void write_limits(const struct verdict *verdict, const struct costs *costs,
                         const struct terms *terms, struct writer *writer);
static int64_t charged_to(const struct limit *limit, const struct outcome *outcome,
                          const struct costs *costs, const struct terms *terms);
static void write_counts(const struct limit *limit, const struct limit_outcome *outcome,
                         int64_t charged, struct writer *writer);
static void write_terms(const struct verdict *verdict, size_t index, const struct terms *terms,
                        struct writer *writer);

struct explain *explain_match(const struct policy_set *set, struct text route_key, struct text role,
                              const struct subjects *subjects, struct arena *arena,
                              const struct policy **policy)
{
    struct explain *explain = ARENA_NEW(arena, struct explain);

    buffer_init(&explain->considered, arena, 512);
    writer_init(&explain->writer, &explain->considered);
    writer_begin_array(&explain->writer, NULL);
    *policy = policy_set_match_telling(set, route_key, role, subjects, explain, on_tried);
    writer_end_array(&explain->writer);
    return explain;
}

void explain_write(const struct explain *explain, const struct verdict *verdict,
                   const struct verdict *candidate, const struct costs *costs,
                   const struct terms *terms, struct writer *writer)
{
    const struct policy *policy = verdict->policy;

    writer_begin_object(writer, "explain");
    write_considered(explain, writer);
    writer_begin_object(writer, "chosen");
    writer_text(writer, "route_key", policy->identity.route_key);
    writer_text(writer, "role", policy->identity.role);
    policy_identity_write_subject(&policy->identity.subject, writer);
    write_why(&policy->identity, writer);
    writer_end_object(writer);
    write_limits(verdict, costs, terms, writer);
    if (candidate != NULL) {
        writer_begin_object(writer, "candidate");
        writer_bool(writer, "allowed", candidate->allowed);
        writer_string(writer, "reason", candidate->reason);
        write_limits(candidate, costs, terms, writer);
        writer_end_object(writer);
    }
    writer_end_object(writer);
}

void explain_write_none(const struct explain *explain, struct writer *writer)
{
    writer_begin_object(writer, "explain");
    write_considered(explain, writer);
    writer_end_object(writer);
}

static void on_tried(void *context, const struct policy_tried *tried)
{
    struct explain *explain = context;
    struct writer *writer = &explain->writer;
    char route_key[POLICY_ROUTE_BYTES_MAX + 2];

    if (explain->listed >= LISTED_MAX && !tried->found) {
        explain->omitted++;
        return;
    }
    explain->listed++;
    snprintf(route_key, sizeof route_key, "%.*s%s", TEXT_PRINTF(tried->route),
             tried->is_prefix ? "*" : "");
    writer_begin_object(writer, NULL);
    writer_string(writer, "route_key", route_key);
    writer_text(writer, "role", tried->role);
    policy_identity_write_subject(&tried->subject, writer);
    writer_bool(writer, "found", tried->found);
    writer_end_object(writer);
}

static void write_considered(const struct explain *explain, struct writer *writer)
{
    writer_raw(writer, "considered", buffer_text(&explain->considered));
    writer_integer(writer, "considered_omitted", explain->omitted);
}

static void write_why(const struct policy_identity *identity, struct writer *writer)
{
    struct text route = identity->route_key;
    bool is_prefix = route.at[route.length - 1] == '*';
    bool is_default_role = text_equal(identity->role, TEXT(POLICY_ROLE_DEFAULT));
    const struct subject *subject = &identity->subject;
    char why[128];

    snprintf(why, sizeof why, "the first that exists: %s, %s%.*s, %s",
             !is_prefix         ? "the route itself"
             : route.length > 1 ? "the longest prefix"
                                : "any route",
             subject_is_absent(subject) ? "everybody" : "this ", TEXT_PRINTF(subject->name),
             is_default_role ? "the default role" : "this role");
    writer_string(writer, "why", why);
}

static void write_limits(const struct verdict *verdict, const struct costs *costs,
                         const struct terms *terms, struct writer *writer)
{
    const struct outcome *outcome = &verdict->outcome;

    writer_begin_array(writer, "limits");
    for (size_t i = 0; verdict->decided && i < outcome->count; i++) {
        const struct limit *limit = &verdict->rule->limits[i];

        writer_begin_object(writer, NULL);
        write_counts(limit, &outcome->at[i], charged_to(limit, outcome, costs, terms), writer);
        write_terms(verdict, i, terms, writer);
        writer_end_object(writer);
    }
    writer_end_array(writer);
}

static int64_t charged_to(const struct limit *limit, const struct outcome *outcome,
                          const struct costs *costs, const struct terms *terms)
{
    int64_t cost;
    const bool has_cost = costs_find_of(costs, limit, &cost);

    ASSERT(has_cost);
    if (!outcome->allowed)
        return 0;
    return terms->is_partial ? outcome->granted : cost;
}

/* What is left is rounded down, and the cost is a whole number. So before and after differ by the
 * cost. */
static void write_counts(const struct limit *limit, const struct limit_outcome *outcome,
                         int64_t charged, struct writer *writer)
{
    writer_string(writer, "name", limit->name);
    writer_string(writer, "algorithm", algorithm_of(limit->algorithm)->name);
    writer_bool(writer, "allowed", outcome->allowed);
    writer_integer(writer, "remaining_before", outcome->remaining + charged);
    writer_integer(writer, "remaining_after", outcome->remaining);
    writer_integer(writer, "reset_ms_after",
                   duration_rounded_up(outcome->reset_us, MILLISECOND_US));
}

/* Only what they have changed. */
static void write_terms(const struct verdict *verdict, size_t index, const struct terms *terms,
                        struct writer *writer)
{
    const struct policy *policy = verdict->policy;
    const struct rule *saved =
        verdict->rule->use == RULE_CANDIDATE ? policy->candidate : &policy->rule;
    const struct limit *limit = &verdict->rule->limits[index];
    const int64_t headroom = headroom_units(limit);

    if (limit->quota != saved->limits[index].quota) {
        writer_integer(writer, "limit", limit->quota);
        writer_integer(writer, "limit_of_policy", saved->limits[index].quota);
    }
    if (terms->is_low && headroom > 0)
        writer_integer(writer, "headroom", headroom);
}
