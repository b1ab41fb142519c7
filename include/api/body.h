/* SPDX-License-Identifier: MIT
 *
 * A request's body as JSON. */
#ifndef API_BODY_H
#define API_BODY_H

#include "http/request.h"

/* The parsed body, released with the request; NULL when it is not JSON: then the request has
 * been answered. */
MUST_USE const json_t *body_parse(struct request *request);

#endif
