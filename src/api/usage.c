/* SPDX-License-Identifier: MIT
 *
 * GET /usage: totals of the app's decisions, as JSON or, for spreadsheets, as CSV. */
#include "api/ask.h"
#include "api/handlers.h"
#include "api/reading.h"
#include "api/span.h"
#include "http/accept.h"
#include "http/problem.h"
#include "limit/policy.h"

#define CSV_MEDIA_TYPE "text/csv; charset=utf-8; header=present"

struct usage {
    struct journal_job job;
    struct request *request;
};

static bool read_query(struct request *request, struct usage_query *query);
static bool prefers_csv(struct request *request);
static void on_read(struct journal_job *job);

enum handled usage_get(struct request *request, void *context)
{
    struct usage *usage = ARENA_NEW(&request->arena, struct usage);
    struct journal_job *job = &usage->job;

    if (!read_query(request, &job->query))
        return HANDLED_NOW;
    job->query.as_csv = prefers_csv(request);
    usage->request = request;
    job->asks = JOURNAL_USAGE;
    return ask_journal(request, context, job, usage, on_read);
}

static bool read_query(struct request *request, struct usage_query *query)
{
    struct reading reading;
    struct form *form = &reading.form;

    if (!reading_open_query(&reading, request))
        return false;
    query->window_minutes = HOUR_MINUTES;
    query->step_minutes = 1;
    span_read(form, "window", USAGE_DAYS_MAX, &query->window_minutes);
    span_read(form, "step", USAGE_DAYS_MAX, &query->step_minutes);
    form_text(form, "route_key", FORM_OPTIONAL, 1, POLICY_ROUTE_BYTES_MAX, &query->route_key);
    form_text(form, "role", FORM_OPTIONAL, 1, POLICY_ROLE_BYTES_MAX, &query->role);
    if (query->step_minutes > query->window_minutes)
        form_fault(form, "step", "must not be longer than the window");
    if (query->window_minutes > USAGE_POINTS_MAX * query->step_minutes) {
        form_fault(form, "step", "must be at least %dm in this window: %d steps at most",
                   (int)((query->window_minutes + USAGE_POINTS_MAX - 1) / USAGE_POINTS_MAX),
                   USAGE_POINTS_MAX);
    }
    return reading_close(&reading);
}

/* JSON if both are equally welcome, or neither is. */
static bool prefers_csv(struct request *request)
{
    const struct text accept = request_header(request, "Accept");

    return accept_weight(accept, TEXT("text/csv")) >
           accept_weight(accept, TEXT("application/json"));
}

static void on_read(struct journal_job *job)
{
    struct usage *usage = job->context;
    struct request *request = usage->request;

    if (!job->available) {
        problem_answer(request, PROBLEM_UNAVAILABLE, "The usage cannot be read at present.");
        return;
    }
    request_add_field(request, "Vary", "Accept");
    if (job->query.as_csv)
        request_answer(request, 200, CSV_MEDIA_TYPE, job->answer);
    else
        request_answer_json(request, 200, job->answer);
}
