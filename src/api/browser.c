/* SPDX-License-Identifier: MIT */
#include "api/browser.h"

#include "api/handlers.h"
#include "http/router.h"

static bool is_file(const struct request *request);
static const char *depends_on(const struct route *route);

/* Constants alone, and no more than serve: a check pays for each. */
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

static bool is_file(const struct request *request)
{
    return request->route && request->route->handle == asset_get && request->response.status < 400;
}

/* Header fields that decide who gets which answer; NULL where all get the same. */
static const char *depends_on(const struct route *route)
{
    if (!route)
        return NULL;
    if (route->access == ROUTE_APP)
        return "X-API-Key";
    return route->guard == ROUTE_REGISTERING ? "X-Admin-Token" : NULL;
}
