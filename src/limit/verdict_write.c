/* SPDX-License-Identifier: MIT
 *
 * A verdict as the members of an answer. */
#include "limit/algorithm.h"
#include "limit/subjects.h"
#include "limit/verdict.h"

static void integer_or_null(struct writer *writer, const char *key, bool known, int64_t value);
static void limit_list_write(const struct verdict *verdict, const struct subjects *subjects,
                             struct writer *writer);
static void deniers_write(const struct verdict *verdict, struct writer *writer);

void verdict_write(const struct verdict *verdict, struct text route_key, struct text role,
                   const struct subjects *subjects, struct writer *writer)
{
    const struct policy *policy = verdict->policy;
    const struct limit *limit = &verdict->rule->limits[verdict->tightest];
    const struct text asked = text_is_absent(role) ? TEXT(POLICY_ROLE_DEFAULT) : role;
    const bool is_plain = verdict->rule->is_plain;

    writer_bool(writer, "allowed", verdict->allowed);
    if (verdict->is_partial)
        writer_integer(writer, "granted", verdict->granted);
    integer_or_null(writer, "limit", verdict->decided, verdict->limit);
    integer_or_null(writer, "remaining", verdict->decided, verdict->remaining);
    integer_or_null(writer, "reset_in", verdict->decided, verdict->reset_s);
    integer_or_null(writer, "retry_after", verdict->can_retry, verdict->retry_s);
    writer_string(writer, "reason", verdict->reason);
    writer_text(writer, "route_key", route_key);
    writer_text(writer, "role", asked);
    if (!text_equal(policy->identity.role, asked))
        writer_text(writer, "role_matched", policy->identity.role);
    writer_string(writer, "algorithm", algorithm_of(limit->algorithm)->name);
    writer_integer(writer, "policy_version", policy->version);
    integer_or_null(writer, "retry_after_ms", verdict->can_retry, verdict->retry_ms);
    if (verdict->delay_ms > 0)
        writer_integer(writer, "delay_ms", verdict->delay_ms);
    if (verdict->decided && (verdict->rule->limit_count > 1 || !is_plain))
        limit_list_write(verdict, subjects, writer);
    deniers_write(verdict, writer);
    if (policy->mode == POLICY_SHADOW)
        writer_bool(writer, "shadow", true);
    if (verdict->degraded)
        writer_bool(writer, "degraded", true);
}

static void integer_or_null(struct writer *writer, const char *key, bool known, int64_t value)
{
    if (known)
        writer_integer(writer, key, value);
    else
        writer_null(writer, key);
}

static void limit_list_write(const struct verdict *verdict, const struct subjects *subjects,
                             struct writer *writer)
{
    const struct rule *rule = verdict->rule;

    writer_begin_array(writer, "limits");
    for (size_t i = 0; i < verdict->outcome.count; i++) {
        const struct limit *limit = &rule->limits[i];
        const struct limit_outcome *outcome = &verdict->outcome.at[i];
        bool can_retry = !outcome->allowed && !outcome->never;

        writer_begin_object(writer, NULL);
        writer_string(writer, "name", limit->name);
        if (!rule->is_plain) {
            subjects_write_by(subjects, rule->sets[limit->set], writer);
            writer_string(writer, "counts", limit_measure(limit));
        }
        writer_bool(writer, "allowed", outcome->allowed);
        writer_integer(writer, "limit", limit_capacity(limit));
        writer_integer(writer, "remaining", outcome->remaining);
        writer_integer(writer, "reset_in", verdict_seconds(outcome->reset_us));
        integer_or_null(writer, "retry_after", can_retry, verdict_seconds(outcome->retry_us));
        writer_string(writer, "algorithm", algorithm_of(limit->algorithm)->name);
        writer_end_object(writer);
    }
    writer_end_array(writer);
}

static void deniers_write(const struct verdict *verdict, struct writer *writer)
{
    WRITTEN_FIRST struct text names[LIMITS_MAX];
    const size_t count = verdict_deniers(verdict, names);

    if (count == 0)
        return;
    writer_begin_array(writer, "denied_by");
    for (size_t i = 0; i < count; i++)
        writer_text(writer, NULL, names[i]);
    writer_end_array(writer);
}
