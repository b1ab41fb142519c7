/* SPDX-License-Identifier: MIT
 *
 * The functions that http_server calls. `context` is a struct api. */
#ifndef API_ENTRY_H
#define API_ENTRY_H

#include "api/api.h"
#include "base/ip_address.h"
#include "http/request.h"

/* The steps up to the handler: the first finds the route and checks the media type, the second
 * checks the limits and the API key and runs the handler. */
size_t entry_begin(struct request *request, void *context);
enum handled entry_finish(struct request *request, void *context);
/* Gives the store its turn, and reads the clock. */
void entry_between(void *context);
/* Counts the answer, and forbids caches to keep it. */
void entry_answered(struct request *request, void *context);

/* True for the machine itself, and for trusted proxies, which send the requests of many. */
bool entry_trusts(const struct ip_address *address, void *context);

/* Replaces entry_begin() on the operator's own listener, which serves only /metrics and health. */
size_t entry_begin_operation(struct request *request, void *context);

#endif
