/* SPDX-License-Identifier: MIT */
#include "api/browser.h"

#include "api/handlers.h"
#include "auth/page_origin.h"
#include "http/problem.h"
#include "http/router.h"

static bool changes_without_key(const struct route *route);
static bool is_file(const struct request *request);
static const char *depends_on(const struct route *route);

bool browser_admits(struct request *request, const struct host_list *hosts)
{
    struct page_origin page;

    if (!changes_without_key(request->route))
        return true;
    page = (struct page_origin){
        .sec_fetch_site = request_header(request, "Sec-Fetch-Site"),
        .origin = request_header(request, "Origin"),
        .host = request_header(request, "Host"),
    };
    if (page_origin_is_ours(&page, hosts))
        return true;
    problem_answer(request, PROBLEM_FOREIGN_PAGE,
                   "A browser may do this for this service's own pages only.");
    return false;
}

/* Only constants, and only those that help, because each costs time in a check. */
void browser_seal(struct request *request)
{
    const char *vary = depends_on(request->route);

    if (is_file(request))
        return;
    request_add_field(request, "Cache-Control", "no-store");
    request_add_field(request, "X-Content-Type-Options", "nosniff");
    if (vary)
        request_add_field(request, "Vary", vary);
}

/* A key is in a header field of our own. For a foreign page a browser asks by OPTIONS before it
 * sends such a field, and we never say yes. */
static bool changes_without_key(const struct route *route)
{
    return route->access != ROUTE_APP && strcmp(route->method, "GET") != 0;
}

static bool is_file(const struct request *request)
{
    return request->route && request->route->handle == asset_get && request->response.status < 400;
}

/* The header fields that the answer depends on; NULL if everybody gets the same. */
static const char *depends_on(const struct route *route)
{
    if (!route)
        return NULL;
    if (route->access == ROUTE_APP)
        return "X-API-Key";
    return changes_without_key(route) ? "X-Admin-Token, Origin, Sec-Fetch-Site" : NULL;
}
