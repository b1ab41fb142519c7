/* SPDX-License-Identifier: MIT */
#include "api/second_look.h"

#include "api/authenticate.h"
#include "api/decision_answer.h"
#include "api/handlers.h"
#include "api/local_limit.h"
#include "catalogue/catalogue.h"
#include "metrics/metrics.h"

struct second_look {
    struct catalogue_job job;
    struct request *request;
    struct api *api;
    void *context;
    second_look_fn *then;
};

/* A decision without a policy so far. */
struct search {
    struct decision *decision;
    struct request *request;
    second_look_found_fn *found;
};

static int64_t take_from_app(struct api *api, uint32_t tenant, int64_t cost);
static void on_asked(struct catalogue_job *job);
static void search_again(void *context);

bool second_look_begin(struct request *request, struct api *api, void *context,
                       second_look_fn *then)
{
    const struct app *app = request_app(request);

    /* A catalogue that cannot be written may be locked. Then each save may hold the thread for as
     * long as it waits for the lock. */
    if (catalogue_is_writable(api->catalogue) && take_from_app(api, app->tenant, 0) > 0) {
        struct second_look *look = ARENA_NEW(&request->arena, struct second_look);

        *look = (struct second_look){.request = request, .api = api, .context = context};
        look->then = then;
        look->job.kind = CATALOGUE_APP_RENEW;
        memcpy(look->job.app_id, app->id, sizeof look->job.app_id);
        look->job.tenant = app->tenant;
        look->job.revision = app->revision;
        look->job.reply_to = api->queue;
        look->job.context = look;
        look->job.done = on_asked;
        if (catalogue_submit(api->catalogue, &look->job))
            return true;
    }
    metrics_count(api->metrics, METRIC_SECOND_LOOKS_REFUSED);
    return false;
}

enum handled second_look_match(struct decision *decision, struct request *request,
                               second_look_found_fn *found)
{
    if (decision_match(decision, &request->arena))
        return found(decision);

    struct search *search = ARENA_NEW(&request->arena, struct search);

    *search = (struct search){decision, request, found};
    if (second_look_begin(request, decision->api, search, search_again))
        return HANDLED_LATER;
    decision_answer_no_policy(decision, request);
    return HANDLED_NOW;
}

static void search_again(void *context)
{
    const struct search *search = context;
    struct decision *decision = search->decision;

    decision->app = request_app(search->request);
    if (decision_match(decision, &search->request->arena))
        (void)search->found(decision);
    else
        decision_answer_no_policy(decision, search->request);
}

/* Returns how often the app may still ask in vain. */
static int64_t take_from_app(struct api *api, uint32_t tenant, int64_t cost)
{
    static const struct rate rate = {SECOND_LOOK_PER_APP, 1};
    const struct text subject = {(const char *)&tenant, sizeof tenant};

    return local_limit_take(api, LOCAL_LIMIT_SECOND_LOOK, subject, rate, cost).remaining;
}

static void on_asked(struct catalogue_job *job)
{
    struct second_look *look = job->context;
    struct metrics *metrics = look->api->metrics;
    const struct app *known = request_app(look->request);

    /* A change costs the one who makes it more than the question, so it is not charged. */
    if (job->is_in_vain)
        (void)take_from_app(look->api, job->tenant, 1);
    if (atomic_load(&known->is_replaced))
        metrics_count(metrics, METRIC_SECOND_LOOKS_CHANGED);
    else if (job->status == CATALOGUE_OK)
        metrics_count(metrics, METRIC_SECOND_LOOKS_SAME);
    else
        metrics_count(metrics, METRIC_SECOND_LOOKS_FAILED);
    authenticate_renew(look->request, look->api);
    look->then(look->context);
}
