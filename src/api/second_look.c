/* SPDX-License-Identifier: MIT */
#include "api/second_look.h"

#include "api/authenticate.h"
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

static bool may_ask(struct api *api, uint32_t tenant);
static void charge(struct api *api, uint32_t tenant);
static void on_asked(struct catalogue_job *job);

static const struct rate of_app = {SECOND_LOOK_PER_APP, 1};

bool second_look_begin(struct request *request, struct api *api, void *context,
                       second_look_fn *then)
{
    const struct app *app = request_app(request);

    if (may_ask(api, app->tenant)) {
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

/* A catalogue that cannot be written may be locked. Then each save may hold the thread for as long
 * as it waits for the lock. */
static bool may_ask(struct api *api, uint32_t tenant)
{
    const struct text subject = {(const char *)&tenant, sizeof tenant};

    return catalogue_is_writable(api->catalogue) &&
           local_limit_take(api, LOCAL_LIMIT_SECOND_LOOK, subject, of_app, 0).remaining > 0;
}

/* Only what was in vain, because a change costs the one who makes it more than the question. */
static void charge(struct api *api, uint32_t tenant)
{
    const struct text subject = {(const char *)&tenant, sizeof tenant};

    (void)local_limit_take(api, LOCAL_LIMIT_SECOND_LOOK, subject, of_app, 1);
}

static void on_asked(struct catalogue_job *job)
{
    struct second_look *look = job->context;
    struct metrics *metrics = look->api->metrics;
    const struct app *known = request_app(look->request);

    if (job->is_in_vain)
        charge(look->api, job->tenant);
    if (atomic_load(&known->is_replaced))
        metrics_count(metrics, METRIC_SECOND_LOOKS_CHANGED);
    else if (job->status == CATALOGUE_OK)
        metrics_count(metrics, METRIC_SECOND_LOOKS_SAME);
    else
        metrics_count(metrics, METRIC_SECOND_LOOKS_FAILED);
    authenticate_renew(look->request, look->api);
    look->then(look->context);
}
