/* SPDX-License-Identifier: MIT
 *
 * A second look for a policy. The one that applies may have been saved at another instance a moment
 * ago. So before a request is answered that no policy applies, the catalogue is asked once whether
 * the app has changed. Requests of an app that ask at the same time share one question.
 *
 * Questions cost the catalogue little, but routes can be made up. So an app may ask in vain only so
 * often a second, and apps take turns, one question each. Beyond that, and while the catalogue
 * cannot be written, nothing is asked, and the first look holds. It also holds when no question has
 * begun within CATALOGUE_RENEW_TIMEOUT_US.
 *
 * A request that finds no policy, also a batch, counts once in sluice_second_looks_total:
 * - changed: this instance has a newer value of the app, or knows that the app is gone;
 * - same: the catalogue has nothing newer;
 * - failed: it did not answer in time, or the app cannot be read;
 * - refused: it was not asked. */
#ifndef API_SECOND_LOOK_H
#define API_SECOND_LOOK_H

#include "api/decision.h"
#include "http/request.h"

#define SECOND_LOOK_PER_APP 25

typedef void second_look_fn(void *context);

/* Goes on with a decision whose policy is set, and says whether it has answered the request. */
typedef enum handled second_look_found_fn(struct decision *decision);

/* False: nothing is asked. True: then(context) runs once, in a later turn of this worker. If the
 * app has changed, request_app() is then its new value. The old one stays valid, too. */
MUST_USE bool second_look_begin(struct request *request, struct api *api, void *context,
                                second_look_fn *then);

/* Finds the policy of the request's only decision, at the second look if not at the first, and then
 * goes on by found(decision). If there is none, the request is answered so. */
MUST_USE enum handled second_look_match(struct decision *decision, struct request *request,
                                        second_look_found_fn *found);

#endif
