/* SPDX-License-Identifier: MIT
 *
 * From X-API-Key to an app. */
#ifndef API_AUTHENTICATE_H
#define API_AUTHENTICATE_H

#include "api/api.h"
#include "http/request.h"

/* Goes on with a request whose app is known; its return value counts as authenticate()'s. */
typedef enum handled authenticated_fn(struct request *request, void *context);

/* A key that was not found is not looked up again for this long. */
#define AUTHENTICATE_ABSENT_S 10

/* Whether there is a key of the right form in X-API-Key: what can be said before the body is read.
 * Otherwise answers 401. Leaves the key's digest in request->credentials and, when this process
 * knows it, the app in request->principal, until the request ends. */
MUST_USE bool authenticate_begin(struct request *request, struct api *api);

/* After authenticate_begin() said yes, and the body is here. Makes the app of the request's key
 * request->principal, in its newest value, and goes on with `next`, at once when the index knows
 * the key. A well-formed key that it does not know is looked up in the catalogue, so that a key
 * registered at one instance works at the next at once. Otherwise answers 401, 403 when the app is
 * suspended, or 503 when the catalogue cannot say. */
enum handled authenticate(struct request *request, struct api *api, authenticated_fn *next);

#endif
