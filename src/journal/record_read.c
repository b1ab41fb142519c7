/* SPDX-License-Identifier: MIT
 *
 * Reads a log entry that Redis has, which anyone may have written there. */
#include "base/arena.h"
#include "base/clock.h"
#include "base/duration.h"
#include "base/faults.h"
#include "base/form.h"
#include "base/named_integers.h"
#include "journal/record.h"
#include "limit/word.h"

#define TEXT_BYTES_MAX 1024

/* "2026-11-21T14:12:15.042Z" */
#define MILLISECONDS_AT     20
#define MILLISECONDS_DIGITS 3

static void read_subjects(struct form *form, struct arena *arena, struct subjects *subjects);
static size_t read_short(struct form *form, struct subject at[]);
static size_t read_all(struct form *form, const json_t *object, struct subject at[]);
static void read_costs(struct form *form, struct arena *arena, struct record *record);
static void read_overrides(struct form *form, struct arena *arena, struct record *record);
static const char *measure_fault(struct text name);
static const char *limit_fault(struct text name);
static void read_denied_by(struct form *form, struct arena *arena, struct record_limits *limits);
static void read_candidate(struct form *form, struct arena *arena,
                           struct record_candidate *candidate);
static bool read_time(struct form *form, struct record *record);

bool record_read(const json_t *entry, struct arena *arena, struct record *record)
{
    struct faults faults = {0};
    struct form form;
    struct text priority = {0};
    struct text reason = {0};
    struct text mode = {0};

    *record = (struct record){.remaining = -1};
    if (!form_open(&form, entry, "", &faults))
        return false;
    read_subjects(&form, arena, &record->subjects);
    form_text(&form, "route", FORM_REQUIRED, 0, TEXT_BYTES_MAX, &record->route);
    form_text(&form, "role", FORM_OPTIONAL, 0, TEXT_BYTES_MAX, &record->role);
    form_bool(&form, "charge", FORM_OPTIONAL, &record->is_charge);
    read_costs(&form, arena, record);
    read_overrides(&form, arena, record);
    form_text(&form, "priority", FORM_OPTIONAL, 0, TEXT_BYTES_MAX, &priority);
    form_bool(&form, "allowed", FORM_REQUIRED, &record->allowed);
    record->is_partial =
        form_integer(&form, "granted", FORM_OPTIONAL, 0, LIMIT_COST_MAX, &record->granted);
    form_text(&form, "reason", FORM_OPTIONAL, 0, TEXT_BYTES_MAX, &reason);
    read_denied_by(&form, arena, &record->denied_by);
    form_integer(&form, "remaining", FORM_OPTIONAL, 0, INT64_MAX, &record->remaining);
    form_integer(&form, "policy_version", FORM_REQUIRED, 0, INT64_MAX, &record->policy_version);
    form_text(&form, "mode", FORM_REQUIRED, 0, TEXT_BYTES_MAX, &mode);
    form_bool(&form, "degraded", FORM_REQUIRED, &record->degraded);
    read_candidate(&form, arena, &record->candidate);
    if (!read_time(&form, record) || faults.count > 0)
        return false;
    record->is_low = text_equal(priority, text_of(priority_words[true]));
    record->route = text_copy(arena, record->route);
    record->role = text_copy(arena, record->role);
    record->reason = text_copy(arena, reason).at;
    record->mode = text_copy(arena, mode).at;
    return true;
}

/* Each is read into an array of SUBJECTS_MAX, in the order of the names. */
static void read_subjects(struct form *form, struct arena *arena, struct subjects *subjects)
{
    struct subject *at = ARENA_ARRAY(arena, struct subject, SUBJECTS_MAX);
    const json_t *object;

    subjects->count = form_object(form, "subjects", FORM_OPTIONAL, &object)
                          ? read_all(form, object, at)
                          : read_short(form, at);
    for (size_t i = 0; i < subjects->count; i++) {
        at[i].name = text_copy(arena, at[i].name);
        at[i].value = text_copy(arena, at[i].value);
    }
    subjects->at = at;
}

static size_t read_short(struct form *form, struct subject at[])
{
    size_t count = 0;

    at[count].name = TEXT(SUBJECT_IP);
    count += form_text(form, "ip", FORM_OPTIONAL, 0, TEXT_BYTES_MAX, &at[count].value);
    at[count].name = TEXT(SUBJECT_USER);
    count += form_text(form, "user_id", count == 0 ? FORM_REQUIRED : FORM_OPTIONAL, 0,
                       TEXT_BYTES_MAX, &at[count].value);
    return count;
}

static size_t read_all(struct form *form, const json_t *object, struct subject at[])
{
    struct form members;
    size_t count = 0;
    const char *name;
    json_t *value;

    if (json_object_size(object) < 1 || json_object_size(object) > SUBJECTS_MAX) {
        form_fault(form, "subjects", "must have 1 to %d subjects", SUBJECTS_MAX);
        return 0;
    }
    if (!form_open(&members, object, "/subjects", form->faults))
        return 0;
    /* jansson iterates over const objects only through a cast. */
    json_object_foreach ((json_t *)(uintptr_t)object, name, value) {
        struct subject subject = {.name = text_of(name)};

        if (!word_is(subject.name))
            form_fault(&members, name, "must have another name: it " WORD_FAULT);
        if (form_text(&members, name, FORM_REQUIRED, 0, TEXT_BYTES_MAX, &subject.value))
            subjects_put(at, count++, subject);
    }
    return count;
}

static void read_costs(struct form *form, struct arena *arena, struct record *record)
{
    const int64_t min = record->is_charge ? -LIMIT_COST_MAX : 0;
    const struct named_integers rules = {
        .member = "costs",
        .called = "measures",
        .count_max = COSTS_MAX,
        .min = min,
        .max = LIMIT_COST_MAX,
        .name_fault = measure_fault,
    };
    struct measured *at = ARENA_ARRAY(arena, struct measured, COSTS_MAX);
    struct named_integer read[COSTS_MAX];

    form_integer(form, "cost", FORM_REQUIRED, min, LIMIT_COST_MAX, &record->costs.requests);
    record->costs.count = named_integers_read(form, &rules, read);
    for (size_t i = 0; i < record->costs.count; i++)
        at[i] = (struct measured){text_copy(arena, read[i].name), read[i].value};
    record->costs.at = at;
}

static void read_overrides(struct form *form, struct arena *arena, struct record *record)
{
    static const struct named_integers rules = {
        .member = "limit_overrides",
        .called = "limits",
        .count_max = LIMITS_MAX,
        .max = LIMIT_COST_MAX,
        .name_fault = limit_fault,
    };
    struct limit_override *at = ARENA_ARRAY(arena, struct limit_override, LIMITS_MAX);
    struct named_integer read[LIMITS_MAX];

    record->override_count = named_integers_read(form, &rules, read);
    for (size_t i = 0; i < record->override_count; i++)
        at[i] = (struct limit_override){text_copy(arena, read[i].name), read[i].value};
    record->overrides = at;
}

static const char *measure_fault(struct text name)
{
    const bool is_measure = word_is(name) && !text_equal(name, TEXT(MEASURE_REQUESTS));

    return is_measure ? NULL : "is no measure";
}

static const char *limit_fault(struct text name)
{
    return limit_name_is(name) ? NULL : "is no name of a limit";
}

static void read_denied_by(struct form *form, struct arena *arena, struct record_limits *limits)
{
    struct text *at = ARENA_ARRAY(arena, struct text, LIMITS_MAX);
    const json_t *names;
    const json_t *name;
    size_t i;

    if (!form_array(form, "denied_by", FORM_OPTIONAL, 0, LIMITS_MAX, &names))
        return;
    json_array_foreach ((json_t *)(uintptr_t)names, i, name) {
        if (!json_is_string(name) || json_string_length(name) > LIMIT_NAME_BYTES_MAX)
            form_fault(form, "denied_by", "must be names of limits");
        at[i] = text_copy(arena, (struct text){json_string_value(name), json_string_length(name)});
    }
    *limits = (struct record_limits){.count = json_array_size(names), .at = at};
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

/* The seconds of `timestamp` with the milliseconds of `time`, and time_us if it is of the same
 * millisecond. Both tell one time, which a store can have told. */
static bool read_time(struct form *form, struct record *record)
{
    struct text time = {0};
    char written[CLOCK_RFC3339_BYTES];
    int64_t seconds = 0;
    int64_t milliseconds = 0;
    int64_t exact_us = 0;

    form_integer(form, "timestamp", FORM_REQUIRED, 0, LIMIT_TIME_US_MAX / SECOND_US, &seconds);
    if (!form_text(form, "time", FORM_REQUIRED, CLOCK_RFC3339_BYTES - 1, CLOCK_RFC3339_BYTES - 1,
                   &time))
        return false;
    if (!text_parse_integer((struct text){time.at + MILLISECONDS_AT, MILLISECONDS_DIGITS},
                            &milliseconds))
        return false;
    record->time_us = seconds * SECOND_US + milliseconds * MILLISECOND_US;
    clock_write_rfc3339(record->time_us, written);
    form_integer(form, "time_us", FORM_OPTIONAL, INT64_MIN, INT64_MAX, &exact_us);
    record->time_is_rounded =
        exact_us < record->time_us || exact_us - record->time_us >= MILLISECOND_US;
    if (!record->time_is_rounded)
        record->time_us = exact_us;
    return text_equal(time, text_of(written));
}
