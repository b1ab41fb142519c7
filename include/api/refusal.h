/* SPDX-License-Identifier: MIT
 *
 * The debug log line of each request that is answered with a problem. */
#ifndef API_REFUSAL_H
#define API_REFUSAL_H

#include "api/api.h"
#include "http/request.h"

/* Logs status, problem, method, path and the site of the caller's address. The path is cut before a
 * part that may be a key. At other levels this costs one comparison. If libmicrohttpd itself
 * refuses a request, it writes its own debug line. */
void refusal_log(const struct api *api, struct request *request);

#endif
