/* SPDX-License-Identifier: MIT */
#include "journal/record.h"

#include "base/clock.h"
#include "base/duration.h"
#include "limit/word.h"

static void write_subjects(const struct subjects *subjects, struct writer *writer);
static void write_all(const struct subjects *subjects, struct writer *writer);
static void write_costs(const struct costs *costs, struct writer *writer);
static void write_overrides(const struct record *record, struct writer *writer);
static void write_denied_by(const struct record_limits *limits, struct writer *writer);
static void write_candidate(const struct record_candidate *candidate, struct writer *writer);

bool record_filter_takes(const struct record_filter *filter, const struct record *record)
{
    if (filter->allowed != RECORD_ANY &&
        (record->is_charge || record->allowed != (filter->allowed == RECORD_ALLOWED)))
        return false;
    if (filter->kind != RECORD_ANY_KIND && record->is_charge != (filter->kind == RECORD_CHARGE))
        return false;
    if (!text_is_absent(filter->route_key) && !text_equal(filter->route_key, record->route))
        return false;
    if (!text_is_absent(filter->role) && !text_equal(filter->role, record->role))
        return false;
    for (size_t i = 0; i < filter->subjects.count; i++) {
        const struct subject *wanted = &filter->subjects.at[i];
        const struct subject *subject = subjects_find(&record->subjects, wanted->name);

        if (subject == NULL || !text_equal(subject->value, wanted->value))
            return false;
    }
    return true;
}

void record_write(const struct record *record, struct text id, struct writer *writer)
{
    const bool is_answered = !text_is_absent(id);
    char time[CLOCK_RFC3339_BYTES];

    clock_write_rfc3339(record->time_us, time);
    writer_begin_object(writer, NULL);
    if (is_answered)
        writer_text(writer, "id", id);
    writer_integer(writer, "timestamp", record->time_us / SECOND_US);
    writer_string(writer, "time", time);
    writer_integer(writer, "time_us", record->time_us);
    write_subjects(&record->subjects, writer);
    writer_text(writer, "route", record->route);
    if (is_answered)
        writer_text(writer, "route_key", record->route);
    writer_text(writer, "role", record->role);
    writer_integer(writer, "cost", record->costs.requests);
    write_costs(&record->costs, writer);
    write_overrides(record, writer);
    if (record->is_low)
        writer_string(writer, "priority", priority_words[true]);
    if (record->is_charge)
        writer_bool(writer, "charge", true);
    writer_bool(writer, "allowed", record->allowed);
    if (record->is_partial)
        writer_integer(writer, "granted", record->granted);
    writer_string(writer, "reason", record->reason);
    write_denied_by(&record->denied_by, writer);
    if (record->remaining < 0)
        writer_null(writer, "remaining");
    else
        writer_integer(writer, "remaining", record->remaining);
    writer_integer(writer, "policy_version", record->policy_version);
    writer_string(writer, "mode", record->mode);
    writer_bool(writer, "degraded", record->degraded);
    if (record->candidate.is_there)
        write_candidate(&record->candidate, writer);
    writer_end_object(writer);
}

static void write_subjects(const struct subjects *subjects, struct writer *writer)
{
    const struct text user = subjects_user(subjects);
    const struct text ip = subjects_ip(subjects);

    if (!text_is_absent(user))
        writer_text(writer, "user_id", user);
    if (!text_is_absent(ip))
        writer_text(writer, "ip", ip);
    if (subjects->count > (size_t)!text_is_absent(user) + !text_is_absent(ip))
        write_all(subjects, writer);
}

static void write_all(const struct subjects *subjects, struct writer *writer)
{
    char key[WORD_BYTES_MAX + 1];

    writer_begin_object(writer, "subjects");
    for (size_t i = 0; i < subjects->count; i++)
        writer_text(writer, word_string(subjects->at[i].name, key), subjects->at[i].value);
    writer_end_object(writer);
}

static void write_costs(const struct costs *costs, struct writer *writer)
{
    char key[WORD_BYTES_MAX + 1];

    if (costs->count == 0)
        return;
    writer_begin_object(writer, "costs");
    for (size_t i = 0; i < costs->count; i++)
        writer_integer(writer, word_string(costs->at[i].measure, key), costs->at[i].cost);
    writer_end_object(writer);
}

static void write_overrides(const struct record *record, struct writer *writer)
{
    if (record->override_count == 0)
        return;
    writer_begin_object(writer, "limit_overrides");
    for (size_t i = 0; i < record->override_count; i++)
        writer_integer(writer, record->overrides[i].limit.at, record->overrides[i].quota);
    writer_end_object(writer);
}

static void write_denied_by(const struct record_limits *limits, struct writer *writer)
{
    if (limits->count == 0)
        return;
    writer_begin_array(writer, "denied_by");
    for (size_t i = 0; i < limits->count; i++)
        writer_text(writer, NULL, limits->at[i]);
    writer_end_array(writer);
}

static void write_candidate(const struct record_candidate *candidate, struct writer *writer)
{
    writer_begin_object(writer, "candidate");
    writer_bool(writer, "allowed", candidate->allowed);
    writer_string(writer, "reason", candidate->reason);
    writer_integer(writer, "remaining", candidate->remaining);
    writer_end_object(writer);
}
