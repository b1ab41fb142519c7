/* SPDX-License-Identifier: MIT
 *
 * What http_server calls. `context` is a struct api. */
#ifndef API_ENTRY_H
#define API_ENTRY_H

#include "api/api.h"
#include "base/ip_address.h"
#include "http/request.h"

/* The steps before a handler, for http_server: find the route, check the media type; then the IP
 * limit, the API key, the handler. */
size_t entry_begin(struct request *request, void *context);
enum handled entry_finish(struct request *request, void *context);
/* Lets the store have its turn, and the time go on. */
void entry_between(void *context);
/* Counts the answer, and says that it is not to be kept. */
void entry_answered(struct request *request, void *context);

/* The machine itself, and the trusted proxies, through which many come. */
bool entry_trusts(const struct ip_address *address, void *context);

/* In place of entry_begin(), for the listener that is the operator's alone: /metrics and health. */
size_t entry_begin_operation(struct request *request, void *context);

#endif
