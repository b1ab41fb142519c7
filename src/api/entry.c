/* SPDX-License-Identifier: MIT
 *
 * The checks of every request before its handler. Before the body is read: the route, the page that
 * sends the request, the form of the key, the media type. After it: the limits of the app or
 * address, the app of the key, a query that nobody reads. */
#include "api/entry.h"

#include "api/api_settings.h"
#include "api/audit.h"
#include "api/authenticate.h"
#include "api/browser.h"
#include "api/guard.h"
#include "api/handlers.h"
#include "api/nearest_route.h"
#include "api/reading.h"
#include "api/refusal.h"
#include "api/routes.h"
#include "base/clock.h"
#include "http/assets.h"
#include "http/problem.h"
#include "metrics/metrics.h"
#include "store/store.h"
#include "web/web_assets.h"

/* For a request that is refused anyway, or whose key this process does not know. So a request with
 * a made-up key takes no more room than this. */
#define UNTRUSTED_BODY_BYTES_MAX ((size_t)16 * 1024)

/* For "%.*s": an answer repeats at most this much of a field. */
#define SHOWN_BYTES_MAX 100
#define SHOWN(text)                                                                                \
    (int)((text).length < SHOWN_BYTES_MAX ? (text).length : SHOWN_BYTES_MAX), (text).at

static size_t begin(struct request *request, struct api *api, const struct route *route);
static void refuse_route(struct request *request, const struct route_table *table,
                         const char *allow);
static void lead_to_docs(struct request *request);
static bool media_type_is_taken(struct request *request);
static bool is_json(struct text media_type);
static enum handled handle(struct request *request, void *context);
static bool query_is_known(struct request *request);

/* The files that pages load are the only paths that are not in the table. */
static const struct route asset_route = {
    .method = "GET",
    .path = "(file)",
    .access = ROUTE_PUBLIC,
    .guard = ROUTE_UNLIMITED,
    .body = BODY_NONE,
    .query = QUERY_NONE,
    .body_bytes_max = UNTRUSTED_BODY_BYTES_MAX,
    .handle = asset_get,
    .summary = "A file of a page",
};

size_t entry_begin(struct request *request, void *context)
{
    struct api *api = context;
    const struct route *route = router_find(api->routes, request->method, request->path);
    const char *allow;

    if (!route && router_serves(&asset_route, request->method) &&
        assets_find(web_assets, request->path))
        route = &asset_route;
    if (route)
        return begin(request, api, route);
    allow = router_allow(api->routes, request->path, &request->arena);
    if (!allow && assets_find(web_assets, request->path))
        allow = "GET, HEAD";
    if (strcmp(request->path, "/") == 0 && router_reads(request->method))
        lead_to_docs(request);
    else
        refuse_route(request, api->routes, allow);
    return UNTRUSTED_BODY_BYTES_MAX;
}

size_t entry_begin_operation(struct request *request, void *context)
{
    const struct route_table *table = routes_of_operation();
    const struct route *route = router_find(table, request->method, request->path);

    if (route)
        return begin(request, context, route);
    refuse_route(request, table, router_allow(table, request->path, &request->arena));
    return UNTRUSTED_BODY_BYTES_MAX;
}

enum handled entry_finish(struct request *request, void *context)
{
    struct api *api = context;
    const struct route *route = request->route;

    if (!guard_admits(request, api))
        return HANDLED_NOW;
    if (route->access == ROUTE_APP)
        return authenticate(request, api, handle);
    return handle(request, api);
}

void entry_answered(struct request *request, void *context)
{
    const struct api *api = context;
    size_t number = METRICS_ROUTES_MAX;

    if (request->route && request->route != &asset_route)
        number = (size_t)(request->route - routes()->rows);
    metrics_count_request(api->metrics, number, request->response.status);
    audit_answered(api, request);
    refusal_log(api, request);
    browser_seal(request);
}

void entry_between(void *context)
{
    struct api *api = context;

    api->now_us = clock_monotonic_us();
    store_serve(api->store);
}

bool entry_trusts(const struct ip_address *address, void *context)
{
    const struct api *api = context;

    return ip_address_is_loopback(address) || ip_address_is_none(address) ||
           trusted_proxies_contain(&api->settings->trusted_proxies, address);
}

struct app *request_app(const struct request *request)
{
    ASSERT(request->principal);
    return request->principal;
}

static size_t begin(struct request *request, struct api *api, const struct route *route)
{
    request->route = route;
    if (!browser_admits(request, &api->settings->browser_hosts))
        return UNTRUSTED_BODY_BYTES_MAX;
    if (route->access == ROUTE_APP && !authenticate_begin(request, api))
        return UNTRUSTED_BODY_BYTES_MAX;
    if (route->body != BODY_NONE && !media_type_is_taken(request))
        return UNTRUSTED_BODY_BYTES_MAX;
    if (route->body_bytes_max > UNTRUSTED_BODY_BYTES_MAX && !request->principal)
        return UNTRUSTED_BODY_BYTES_MAX;
    return route->body_bytes_max;
}

/* `allow` is NULL if the path has no method. */
static void refuse_route(struct request *request, const struct route_table *table,
                         const char *allow)
{
    const char *nearest;

    if (allow) {
        request_add_field(request, "Allow", allow);
        problem_answer(request, PROBLEM_METHOD, "This path takes %s.", allow);
        return;
    }
    nearest = nearest_route(table, request->path);
    if (nearest) {
        problem_answer(request, PROBLEM_NO_ROUTE,
                       "There is nothing at this path; did you mean %s, which takes %s? See /docs.",
                       nearest, router_allow(table, nearest, &request->arena));
    } else {
        problem_answer(request, PROBLEM_NO_ROUTE, "There is nothing at this path; see /docs.");
    }
}

/* Relative, because a proxy may serve all of this under a prefix. */
static void lead_to_docs(struct request *request)
{
    request_add_field(request, "Location", "docs");
    request_answer(request, 303, "text/plain", TEXT("The reference is at /docs.\n"));
}

/* Takes no type, JSON, or the type that curl -d sends by default. False: the request has been
 * answered. */
static bool media_type_is_taken(struct request *request)
{
    struct text encoding = request_header(request, "Content-Encoding");
    struct text type = request_header(request, "Content-Type");
    struct text media_type = text_trim(text_cut(&type, ';'));

    if (!text_is_absent(encoding) &&
        !text_equal_ignoring_case(text_trim(encoding), TEXT("identity"))) {
        problem_answer(request, PROBLEM_MEDIA_TYPE,
                       "Content-Encoding is %.*s, and the body must not be encoded.",
                       SHOWN(encoding));
        return false;
    }
    if (media_type.length == 0 || is_json(media_type) ||
        text_equal_ignoring_case(media_type, TEXT("application/x-www-form-urlencoded")))
        return true;
    problem_answer(request, PROBLEM_MEDIA_TYPE,
                   "Content-Type is %.*s, and the body must be application/json.",
                   SHOWN(media_type));
    return false;
}

static bool is_json(struct text media_type)
{
    static const struct text suffix = {"+json", 5};

    if (text_equal_ignoring_case(media_type, TEXT("application/json")))
        return true;
    if (media_type.length <= suffix.length || !memchr(media_type.at, '/', media_type.length))
        return false;
    return text_equal_ignoring_case(
        (struct text){media_type.at + media_type.length - suffix.length, suffix.length}, suffix);
}

static enum handled handle(struct request *request, void *context)
{
    if (!query_is_known(request))
        return HANDLED_NOW;
    return request->route->handle(request, context);
}

/* A handler that reads the query refuses unknown arguments. If the handler does not read it, all
 * arguments are unknown. */
static bool query_is_known(struct request *request)
{
    enum route_query query = request->route->query;
    bool is_read = query == QUERY_READ || (query == QUERY_OR_BODY && request->body.length == 0);
    struct reading reading;

    if (is_read || !request_has_query(request))
        return true;
    return reading_open_query(&reading, request) && reading_close(&reading);
}
