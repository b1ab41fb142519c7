/* SPDX-License-Identifier: MIT */
#include "api/ask.h"

#include "api/handlers.h"
#include "catalogue/app.h"
#include "http/problem.h"
#include "metrics/metrics.h"

enum handled ask_catalogue(struct request *request, struct api *api, struct catalogue_job *job,
                           void *context, catalogue_done_fn *done)
{
    job->reply_to = api->queue;
    job->context = context;
    job->done = done;
    if (catalogue_submit(api->catalogue, job))
        return HANDLED_LATER;
    metrics_count(api->metrics, METRIC_JOBS_REFUSED_CATALOGUE);
    problem_answer(request, PROBLEM_OVERLOADED, "The catalogue has too much to do.");
    return HANDLED_NOW;
}

enum handled ask_journal(struct request *request, struct api *api, struct journal_job *job,
                         void *context, journal_done_fn *done)
{
    const struct app *app = request_app(request);

    job->tenant = app->tenant;
    memcpy(job->app_id, app->id, sizeof(job->app_id));
    job->arena = &request->arena;
    job->reply_to = api->queue;
    job->context = context;
    job->done = done;
    if (journal_submit(api->journal, job))
        return HANDLED_LATER;
    metrics_count(api->metrics, METRIC_JOBS_REFUSED_JOURNAL);
    problem_answer(request, PROBLEM_OVERLOADED, "The %s has too many readers.",
                   job->asks == JOURNAL_USAGE ? "usage" : "log");
    return HANDLED_NOW;
}
