/* SPDX-License-Identifier: MIT
 *
 * The address that a request comes from. */
#ifndef API_CALLER_H
#define API_CALLER_H

#include "api/api.h"
#include "base/ip_address.h"
#include "http/request.h"

/* The site of the caller's IP address, seen through trusted proxies. IP limits count by it. */
struct ip_address caller_site(struct request *request, const struct api *api);

#endif
