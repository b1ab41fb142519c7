/* SPDX-License-Identifier: MIT
 *
 * GET /logs/latest: the newest decisions of the app. */
#include "api/handlers.h"
#include "api/log_filter.h"
#include "api/reading.h"
#include "catalogue/app.h"
#include "http/problem.h"
#include "journal/journal.h"
#include "metrics/metrics.h"

#define LOGS_LIMIT_DEFAULT 50

struct logs {
    struct journal_job job;
    struct request *request;
};

static bool read_filter(struct request *request, struct record_filter *filter);
static void on_read(struct journal_job *job);

enum handled logs_latest_get(struct request *request, void *context)
{
    struct logs *logs = ARENA_NEW(&request->arena, struct logs);
    struct journal_job *job = &logs->job;
    struct api *api = context;

    if (!read_filter(request, &job->filter))
        return HANDLED_NOW;
    logs->request = request;
    job->tenant = request_app(request)->tenant;
    memcpy(job->app_id, request_app(request)->id, sizeof job->app_id);
    job->arena = &request->arena;
    job->reply_to = api->queue;
    job->done = on_read;
    job->context = logs;
    if (journal_submit(api->journal, job))
        return HANDLED_LATER;
    metrics_count(api->metrics, METRIC_JOBS_REFUSED_JOURNAL);
    problem_answer(request, PROBLEM_OVERLOADED, "The log has too many readers.");
    return HANDLED_NOW;
}

static bool read_filter(struct request *request, struct record_filter *filter)
{
    struct reading reading;
    struct form *form = &reading.form;

    filter->limit = LOGS_LIMIT_DEFAULT;
    if (!reading_open_query(&reading, request))
        return false;
    form_integer(form, "limit", FORM_OPTIONAL, 1, JOURNAL_RECORDS, &filter->limit);
    const bool is_whole = log_filter_read(form, &request->arena, filter);
    return reading_close(&reading) && is_whole;
}

static void on_read(struct journal_job *job)
{
    struct logs *logs = job->context;

    if (job->available)
        request_answer_json(logs->request, 200, job->answer);
    else
        problem_answer(logs->request, PROBLEM_UNAVAILABLE, "The log cannot be read at present.");
}
