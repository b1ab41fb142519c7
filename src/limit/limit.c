/* SPDX-License-Identifier: MIT
 *
 * One limit: reads JSON into a validated value, and writes it back. */
#include "limit/limit.h"

#include "base/arena.h"
#include "base/duration.h"
#include "base/form.h"
#include "base/writer.h"
#include "limit/algorithm.h"
#include "limit/by.h"
#include "limit/costs.h"
#include "limit/headroom.h"
#include "limit/period.h"
#include "limit/rate.h"
#include "limit/word.h"

#define RATE_LENGTH 64

static void name_read(struct form *form, const char *default_name, struct limit *limit);
static void measure_read(struct form *form, struct arena *arena, struct limit *limit);
static void quota_read(struct form *form, struct arena *arena, struct limit *limit);
static void period_quota_read(struct form *form, struct limit *limit);
static void rate_read(struct form *form, struct limit *limit);
static void burst_read(struct form *form, struct limit *limit);
static bool is_name_char(char c);

const char *const limit_members[] = {
    "name", "by",     "counts", "algorithm", "limit", "window_seconds", "rate", "period",
    "zone", "anchor", "burst",  "headroom",  NULL,
};

bool limit_read(struct form *form, const char *default_name, struct arena *arena,
                struct limit *limit)
{
    size_t faults_before = form->faults->count;
    int algorithm = ALGORITHM_FIXED_WINDOW;

    *limit = (struct limit){0};
    form_choice(form, "algorithm", FORM_OPTIONAL, algorithm_names, &algorithm);
    limit->algorithm = (enum algorithm_id)algorithm;
    bool is_known = form->faults->count == faults_before;

    name_read(form, default_name, limit);
    limit->by = by_read(form, arena);
    measure_read(form, arena, limit);
    quota_read(form, arena, limit);
    if (is_known)
        burst_read(form, limit);
    else
        form_ignore(form, "burst"); /* its range depends on the algorithm */
    if (form->faults->count == faults_before)
        headroom_read(form, limit);
    else
        form_ignore(form, "headroom"); /* its range depends on all of them */
    return form->faults->count == faults_before;
}

bool limit_name_is(struct text name)
{
    bool is_name = name.length >= 1 && name.length <= LIMIT_NAME_BYTES_MAX;

    for (size_t i = 0; is_name && i < name.length; i++)
        is_name = is_name_char(name.at[i]);
    return is_name;
}

const char *limit_measure(const struct limit *limit)
{
    return limit->counts == NULL ? MEASURE_REQUESTS : limit->counts;
}

void limit_write(const struct limit *limit, struct writer *writer)
{
    const struct algorithm *algorithm = algorithm_of(limit->algorithm);

    writer_string(writer, "name", limit->name);
    by_write(limit->by, writer);
    if (limit->counts != NULL)
        writer_string(writer, "counts", limit->counts);
    writer_string(writer, "algorithm", algorithm->name);
    writer_integer(writer, "limit", limit->quota);
    if (limit->period != NULL)
        period_write(limit->period, writer);
    else
        writer_integer(writer, "window_seconds", limit->window_us / SECOND_US);
    if (algorithm->has_burst)
        writer_integer(writer, "burst", limit->burst);
    headroom_write(limit, writer);
}

static void name_read(struct form *form, const char *default_name, struct limit *limit)
{
    struct text name = text_of(default_name);

    form_text(form, "name", FORM_OPTIONAL, 1, LIMIT_NAME_BYTES_MAX, &name);
    if (limit_name_is(name))
        memcpy(limit->name, name.at, name.length);
    else
        form_fault(form, "name", "must consist of letters, digits and _ . : / -");
}

static void measure_read(struct form *form, struct arena *arena, struct limit *limit)
{
    struct text measure = TEXT(MEASURE_REQUESTS);

    form_text(form, "counts", FORM_OPTIONAL, 1, WORD_BYTES_MAX, &measure);
    if (!word_is(measure))
        form_fault(form, "counts", "names a measure: it " WORD_FAULT);
    else if (!text_equal(measure, TEXT(MEASURE_REQUESTS)))
        limit->counts = text_copy(arena, measure).at;
}

static void quota_read(struct form *form, struct arena *arena, struct limit *limit)
{
    int64_t quota_max = algorithm_quota_max(limit->algorithm);
    int64_t window_s = 0;

    limit->period = period_read(form, arena);
    if (form_has(form, "period")) {
        period_quota_read(form, limit);
        return;
    }
    if (form_has(form, "rate")) {
        rate_read(form, limit);
        return;
    }
    form_integer(form, "limit", FORM_REQUIRED, 0, quota_max, &limit->quota);
    form_integer(form, "window_seconds", FORM_REQUIRED, 1, LIMIT_WINDOW_S_MAX, &window_s);
    limit->window_us = window_s * SECOND_US;
}

/* A period also says how long a window lasts. */
static void period_quota_read(struct form *form, struct limit *limit)
{
    static const char *const others[] = {"window_seconds", "rate"};

    if (limit->algorithm != ALGORITHM_FIXED_WINDOW)
        form_fault(form, "period", "must be absent: %s has none",
                   algorithm_of(limit->algorithm)->name);
    for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
        if (form_has(form, others[i]))
            form_fault(form, others[i], "must be absent beside `period`");
    }
    form_integer(form, "limit", FORM_REQUIRED, 0, algorithm_quota_max(limit->algorithm),
                 &limit->quota);
    if (limit->period != NULL)
        limit->window_us = period_longest_us(limit->period->unit);
}

static void rate_read(struct form *form, struct limit *limit)
{
    struct text text;
    struct rate rate;
    struct error error = {0};

    if (form_has(form, "limit"))
        form_fault(form, "limit", "must be absent beside `rate`");
    if (form_has(form, "window_seconds"))
        form_fault(form, "window_seconds", "must be absent beside `rate`");
    if (!form_text(form, "rate", FORM_REQUIRED, 1, RATE_LENGTH, &text))
        return;
    if (!rate_parse(text, algorithm_quota_max(limit->algorithm), &rate, &error)) {
        form_fault(form, "rate", "%s", error.message);
        return;
    }
    limit->quota = rate.quota;
    limit->window_us = rate.window_s * SECOND_US;
}

static void burst_read(struct form *form, struct limit *limit)
{
    const struct algorithm *algorithm = algorithm_of(limit->algorithm);

    limit->burst = limit->quota;
    if (algorithm->has_burst)
        form_integer(form, "burst", FORM_OPTIONAL, 0, LIMIT_QUOTA_MAX, &limit->burst);
    else if (form_has(form, "burst"))
        form_fault(form, "burst", "must be absent: %s has none", algorithm->name);
}

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("_.:/-", c) != NULL);
}
