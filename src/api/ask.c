/* SPDX-License-Identifier: MIT */
#include "api/ask.h"

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
