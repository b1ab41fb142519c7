/* SPDX-License-Identifier: MIT */
#include "api/caller.h"

#include "api/api_settings.h"

struct ip_address caller_site(struct request *request, const struct api *api)
{
    struct ip_address address = client_ip_find(&api->settings->trusted_proxies, request->peer,
                                               request_header(request, "X-Forwarded-For"));

    return ip_address_site(&address);
}
