/* SPDX-License-Identifier: MIT
 *
 * From X-API-Key to an app. */
#ifndef API_AUTHENTICATE_H
#define API_AUTHENTICATE_H

#include "api/api.h"
#include "http/request.h"

/* Goes on with a request whose app is known. Its return value is authenticate()'s. */
typedef enum handled authenticated_fn(struct request *request, void *context);

/* A key that was not found is not looked up again for this long. */
#define AUTHENTICATE_ABSENT_S 10

/* Whether X-API-Key has a key of the right form. This can be checked before the body is read.
 * Otherwise answers 401. Puts the key's digest into request->credentials. If this process knows the
 * key, puts the app into request->principal until the request ends. */
MUST_USE bool authenticate_begin(struct request *request, struct api *api);

/* To be called after authenticate_begin() returned true and the body has been read. Puts the newest
 * value of the key's app into request->principal, and goes on with `next`. If the index knows the
 * key, this happens at once. Otherwise the key is looked up in the catalogue, so a key that one
 * instance has registered works at all others at once. Answers 401 if there is no such key, 403 if
 * the app is suspended, and 503 if the catalogue cannot say. */
enum handled authenticate(struct request *request, struct api *api, authenticated_fn *next);

/* To be called after authenticate(), when the index may have changed: puts the newest value of the
 * key's app into request->principal, if it is another one that may go on. The old one stays valid
 * as long as the request. */
void authenticate_renew(struct request *request, struct api *api);

#endif
