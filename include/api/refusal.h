/* SPDX-License-Identifier: MIT
 *
 * What the log tells at debug of each request that is answered with a problem. */
#ifndef API_REFUSAL_H
#define API_REFUSAL_H

#include "api/api.h"
#include "http/request.h"

/* Status, problem, method, path and the site of the caller's address. The path ends before a part
 * that may be a key. At other levels this costs a comparison. What libmicrohttpd refuses by itself
 * it tells by itself, at debug, too. */
void refusal_log(const struct api *api, struct request *request);

#endif
