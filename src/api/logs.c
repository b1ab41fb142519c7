/* SPDX-License-Identifier: MIT
 *
 * GET /logs/latest: the newest decisions of the app. */
#include "api/ask.h"
#include "api/handlers.h"
#include "api/log_filter.h"
#include "api/reading.h"
#include "http/problem.h"

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

    if (!read_filter(request, &logs->job.filter))
        return HANDLED_NOW;
    logs->request = request;
    logs->job.asks = JOURNAL_LOG;
    return ask_journal(request, context, &logs->job, logs, on_read);
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
