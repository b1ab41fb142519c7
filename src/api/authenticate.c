/* SPDX-License-Identifier: MIT
 *
 * The steps that check X-API-Key, in their order. */
#include "api/authenticate.h"

#include "api/ask.h"
#include "api/caller.h"
#include "api/guard.h"
#include "api/local_limit.h"
#include "auth/api_key.h"
#include "auth/key_cache.h"
#include "catalogue/app_index.h"
#include "http/problem.h"
#include "journal/journal.h"

struct lookup {
    struct catalogue_job job;
    struct request *request;
    struct api *api;
    authenticated_fn *next;
};

static enum handled admit(struct request *request, struct api *api, authenticated_fn *next);
static void ask_for_key(struct request *request);
static bool read_key(struct request *request, struct api *api, struct text key);
static void recognize(struct request *request, struct api *api);
static enum handled look_up(struct request *request, struct api *api, const struct key_digest *key,
                            authenticated_fn *next);
static void on_looked_up(struct catalogue_job *job);
static void adopt(struct request *request, struct app *app);
static void release_app(void *app);

static const struct rate absent_rate = {1, AUTHENTICATE_ABSENT_S};

bool authenticate_begin(struct request *request, struct api *api)
{
    struct text key = request_header(request, "X-API-Key");

    if (read_key(request, api, key)) {
        recognize(request, api);
        return true;
    }
    if (text_is_absent(key)) {
        ask_for_key(request);
    } else {
        problem_answer(request, PROBLEM_BAD_KEY,
                       "X-API-Key is not a key of this service: one begins with slk_ and has %d "
                       "characters, and this one has %zu.",
                       API_KEY_BYTES, key.length);
    }
    return false;
}

enum handled authenticate(struct request *request, struct api *api, authenticated_fn *next)
{
    const struct app *app = request->principal;

    if (!request->credentials) {
        problem_answer(request, PROBLEM_UNAVAILABLE, "The catalogue has not been reached yet.");
        return HANDLED_NOW;
    }
    if (!app || atomic_load(&app->is_replaced))
        recognize(request, api);
    if (!request->principal)
        return look_up(request, api, request->credentials, next);
    return admit(request, api, next);
}

/* If the app has been deleted or suspended meanwhile, or the key replaced, the request ends as it
 * began. */
void authenticate_renew(struct request *request, struct api *api)
{
    struct app *app = app_index_find(api->index, request->credentials);

    if (app && app != request->principal && app->state == APP_ACTIVE)
        adopt(request, app);
    else
        app_release(app);
}

static enum handled admit(struct request *request, struct api *api, authenticated_fn *next)
{
    const struct app *app = request->principal;

    if (app->state != APP_SUSPENDED)
        return next(request, api);
    problem_answer(request, PROBLEM_SUSPENDED,
                   "The operator of this service has suspended the app.");
    return HANDLED_NOW;
}

static void ask_for_key(struct request *request)
{
    const bool has_other = !text_is_absent(request_header(request, "Authorization"));

    problem_answer(request, PROBLEM_NO_KEY, "Send the app's key in the X-API-Key header%s.",
                   has_other ? ", not in Authorization" : "");
}

/* Without a pepper the key cannot be hashed, so only its form is checked. authenticate() then
 * answers 503. */
static bool read_key(struct request *request, struct api *api, struct text key)
{
    const struct pepper *pepper = app_index_pepper(api->index);
    struct key_digest *digest;

    if (!pepper)
        return api_key_is_well_formed(key);
    digest = ARENA_NEW(&request->arena, struct key_digest);
    request->credentials = digest;
    return key_cache_digest(api->key_cache, pepper, key, digest);
}

static void recognize(struct request *request, struct api *api)
{
    const struct key_digest *digest = request->credentials;
    struct app *app = digest ? app_index_find(api->index, digest) : NULL;

    request->principal = NULL;
    if (app)
        adopt(request, app);
}

static enum handled look_up(struct request *request, struct api *api, const struct key_digest *key,
                            authenticated_fn *next)
{
    struct text subject = {(const char *)key->bytes, sizeof key->bytes};
    const struct ip_address site = caller_site(request, api);
    struct lookup *lookup;

    if (!local_limit_take(api, LOCAL_LIMIT_ABSENT, subject, absent_rate, 0).remaining) {
        problem_answer(request, PROBLEM_BAD_KEY, "X-API-Key belongs to no app.");
        return HANDLED_NOW;
    }
    if (!guard_admits_lookup(request, api))
        return HANDLED_NOW;

    lookup = ARENA_NEW(&request->arena, struct lookup);
    lookup->request = request;
    lookup->api = api;
    lookup->next = next;
    lookup->job.kind = CATALOGUE_APP_FIND;
    lookup->job.key = *key;
    lookup->job.tenant = ip_address_number(&site);
    return ask_catalogue(request, api, &lookup->job, lookup, on_looked_up);
}

static void on_looked_up(struct catalogue_job *job)
{
    struct lookup *lookup = job->context;
    struct text subject = {(const char *)job->key.bytes, sizeof job->key.bytes};

    if (job->app) {
        adopt(lookup->request, job->app);
        (void)admit(lookup->request, lookup->api, lookup->next);
    } else if (job->status == CATALOGUE_ABSENT || job->status == CATALOGUE_DAMAGED) {
        /* If the app cannot be read, nobody knows whether the key is still valid. */
        local_limit_take(lookup->api, LOCAL_LIMIT_ABSENT, subject, absent_rate, 1);
        problem_answer(lookup->request, PROBLEM_BAD_KEY, "X-API-Key belongs to no app.");
    } else {
        problem_answer(lookup->request, PROBLEM_UNAVAILABLE, "The catalogue cannot be reached.");
    }
}

/* With thousands of apps in turn, none is in the processor's caches. So the data that a decision
 * needs is prefetched here, early. */
static void adopt(struct request *request, struct app *app)
{
    request->principal = app;
    request_on_close(request, app, release_app);
    request_belong(request, app->tenant);
    policy_set_prefetch(app->policies);
    journal_prefetch(atomic_load_explicit(&app->journal, memory_order_relaxed));
}

static void release_app(void *app)
{
    app_release(app);
}
