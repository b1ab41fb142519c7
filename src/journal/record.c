/* SPDX-License-Identifier: MIT */
#include "journal/record.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/duration.h"
#include "base/faults.h"
#include "base/form.h"
#include "limit/limit.h"

#define TEXT_BYTES_MAX 1024

/* "2026-11-21T14:12:15.042Z" */
#define MILLISECONDS_AT     20
#define MILLISECONDS_DIGITS 3

static void write_candidate(const struct record_candidate *candidate, struct writer *writer);
static void read_candidate(struct form *form, struct arena *arena,
                           struct record_candidate *candidate);
static bool read_time(struct form *form, int64_t *time_us);

bool record_filter_takes(const struct record_filter *filter, const struct record *record)
{
    if (filter->allowed != RECORD_ANY && record->allowed != (filter->allowed == RECORD_ALLOWED))
        return false;
    if (!text_is_absent(filter->route_key) && !text_equal(filter->route_key, record->route))
        return false;
    if (text_is_absent(filter->user_id))
        return true;
    return !record->subject_is_ip && text_equal(filter->user_id, record->subject);
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
    writer_text(writer, record->subject_is_ip ? "ip" : "user_id", record->subject);
    writer_text(writer, "route", record->route);
    if (is_answered)
        writer_text(writer, "route_key", record->route);
    writer_text(writer, "role", record->role);
    writer_integer(writer, "cost", record->cost);
    writer_bool(writer, "allowed", record->allowed);
    writer_string(writer, "reason", record->reason);
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

bool record_read(const json_t *entry, struct arena *arena, struct record *record)
{
    struct faults faults = {0};
    struct form form;
    struct text reason = {0};
    struct text mode = {0};

    *record = (struct record){.remaining = -1};
    if (!form_open(&form, entry, "", &faults))
        return false;
    record->subject_is_ip = form_has(&form, "ip");
    form_text(&form, record->subject_is_ip ? "ip" : "user_id", FORM_REQUIRED, 0, TEXT_BYTES_MAX,
              &record->subject);
    form_text(&form, "route", FORM_REQUIRED, 0, TEXT_BYTES_MAX, &record->route);
    form_text(&form, "role", FORM_OPTIONAL, 0, TEXT_BYTES_MAX, &record->role);
    form_integer(&form, "cost", FORM_REQUIRED, 0, LIMIT_COST_MAX, &record->cost);
    form_bool(&form, "allowed", FORM_REQUIRED, &record->allowed);
    form_text(&form, "reason", FORM_OPTIONAL, 0, TEXT_BYTES_MAX, &reason);
    form_integer(&form, "remaining", FORM_OPTIONAL, 0, INT64_MAX, &record->remaining);
    form_integer(&form, "policy_version", FORM_REQUIRED, 0, INT64_MAX, &record->policy_version);
    form_text(&form, "mode", FORM_REQUIRED, 0, TEXT_BYTES_MAX, &mode);
    form_bool(&form, "degraded", FORM_REQUIRED, &record->degraded);
    read_candidate(&form, arena, &record->candidate);
    if (!read_time(&form, &record->time_us) || faults.count > 0)
        return false;
    record->subject = text_copy(arena, record->subject);
    record->route = text_copy(arena, record->route);
    record->role = text_copy(arena, record->role);
    record->reason = text_copy(arena, reason).at;
    record->mode = text_copy(arena, mode).at;
    return true;
}

static void write_candidate(const struct record_candidate *candidate, struct writer *writer)
{
    writer_begin_object(writer, "candidate");
    writer_bool(writer, "allowed", candidate->allowed);
    writer_string(writer, "reason", candidate->reason);
    writer_integer(writer, "remaining", candidate->remaining);
    writer_end_object(writer);
}

static void read_candidate(struct form *form, struct arena *arena,
                           struct record_candidate *candidate)
{
    const json_t *value;
    struct text reason = {0};
    struct form members;

    if (!form_object(form, "candidate", FORM_OPTIONAL, &value) ||
        !form_open(&members, value, "/candidate", form->faults))
        return;
    form_bool(&members, "allowed", FORM_REQUIRED, &candidate->allowed);
    form_text(&members, "reason", FORM_OPTIONAL, 0, TEXT_BYTES_MAX, &reason);
    form_integer(&members, "remaining", FORM_REQUIRED, 0, INT64_MAX, &candidate->remaining);
    candidate->reason = text_copy(arena, reason).at;
    candidate->is_there = true;
}

/* The seconds of `timestamp` with the milliseconds of `time`. */
static bool read_time(struct form *form, int64_t *time_us)
{
    struct text time = {0};
    int64_t seconds = 0;
    int64_t milliseconds = 0;

    form_integer(form, "timestamp", FORM_REQUIRED, 0, INT64_MAX / SECOND_US - 1, &seconds);
    if (!form_text(form, "time", FORM_REQUIRED, CLOCK_RFC3339_BYTES - 1, CLOCK_RFC3339_BYTES - 1,
                   &time))
        return false;
    if (!text_parse_integer((struct text){time.at + MILLISECONDS_AT, MILLISECONDS_DIGITS},
                            &milliseconds))
        return false;
    *time_us = seconds * SECOND_US + milliseconds * MILLISECOND_US;
    return true;
}
