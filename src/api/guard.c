/* SPDX-License-Identifier: MIT */
#include "api/guard.h"

#include "api/api_settings.h"
#include "api/caller.h"
#include "api/local_limit.h"
#include "catalogue/app.h"
#include "http/problem.h"
#include "http/router.h"
#include "limit/verdict.h"
#include "metrics/metrics.h"

#define WIDE_BYTES 6 /* a /48 */

/* Who is counted, and the result. */
struct charge {
    const char *who;
    struct rate rate;
    struct limit_outcome outcome;
};

static struct charge charge_app(const struct app *app, struct api *api, struct rate rate);
static struct charge charge_address(struct request *request, struct api *api,
                                    enum local_limit limit, struct rate rate);
static void refuse(struct request *request, const struct charge *charge);

bool guard_admits(struct request *request, struct api *api)
{
    const bool registers = request->route->guard == ROUTE_REGISTERING;
    const struct rate rate =
        registers ? api->settings->register_limit : api->settings->manage_limit;
    const struct app *app = request->principal;
    struct charge charge;

    if (request->route->guard == ROUTE_UNLIMITED || rate.quota == 0)
        return true;
    if (app)
        charge = charge_app(app, api, rate);
    else
        charge = charge_address(request, api, registers ? LOCAL_LIMIT_REGISTER : LOCAL_LIMIT_MANAGE,
                                rate);
    if (!charge.outcome.allowed)
        refuse(request, &charge);
    return charge.outcome.allowed;
}

/* The address comes first, so that an address that is refused takes nothing from the others. */
bool guard_admits_lookup(struct request *request, struct api *api)
{
    static const struct rate of_address = {GUARD_LOOKUPS_PER_ADDRESS, 1};
    static const struct rate of_process = {GUARD_LOOKUPS_PER_SECOND, 1};

    if (charge_address(request, api, LOCAL_LIMIT_LOOKUP, of_address).outcome.allowed &&
        local_limit_take(api, LOCAL_LIMIT_LOOKUPS, TEXT(""), of_process, 1).allowed)
        return true;
    metrics_count(api->metrics, METRIC_JOBS_REFUSED_LOOKUPS);
    problem_answer(request, PROBLEM_OVERLOADED, "Too many unknown keys are being looked up.");
    return false;
}

static struct charge charge_app(const struct app *app, struct api *api, struct rate rate)
{
    const struct text subject = {(const char *)&app->tenant, sizeof app->tenant};

    return (struct charge){"app", rate,
                           local_limit_take(api, LOCAL_LIMIT_MANAGE, subject, rate, 1)};
}

/* Subjects of different lengths are never the same. */
static struct charge charge_address(struct request *request, struct api *api,
                                    enum local_limit limit, struct rate rate)
{
    const struct ip_address site = caller_site(request, api);
    const struct text narrow = {(const char *)site.bytes, sizeof site.bytes};
    const struct text wide = {(const char *)site.bytes, WIDE_BYTES};
    struct charge charge = {"address", rate, local_limit_take(api, limit, narrow, rate, 1)};

    if (!charge.outcome.allowed || ip_address_is_ipv4(&site))
        return charge;
    charge.who = "network, a /48,";
    charge.rate.quota = rate.quota < LIMIT_QUOTA_MAX / GUARD_WIDE_TIMES
                            ? rate.quota * GUARD_WIDE_TIMES
                            : LIMIT_QUOTA_MAX;
    charge.outcome = local_limit_take(api, limit, wide, charge.rate, 1);
    return charge;
}

static void refuse(struct request *request, const struct charge *charge)
{
    const long long retry_s = verdict_seconds(charge->outcome.retry_us);

    request_add_field(request, "Retry-After", request_printf(request, "%lld", retry_s));
    problem_answer(request, PROBLEM_TOO_MANY_REQUESTS,
                   "This %s may send %lld such requests in %lld s; try again in %lld s.",
                   charge->who, (long long)charge->rate.quota, (long long)charge->rate.window_s,
                   retry_s);
}
