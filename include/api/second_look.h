/* SPDX-License-Identifier: MIT
 *
 * A second look for a policy. The one that applies may have been saved at another instance a moment
 * ago. So before a request is answered that no policy applies, the catalogue is asked once whether
 * the app has changed. Requests of an app that ask at the same time share one question.
 *
 * Questions cost the catalogue little, but routes can be made up. So questions in vain are limited
 * per second, for one app and for this process. Beyond that, and while the catalogue does not
 * answer, nothing is asked, and the first look holds. */
#ifndef API_SECOND_LOOK_H
#define API_SECOND_LOOK_H

#include "api/api.h"
#include "http/request.h"

#define SECOND_LOOK_PER_APP    25
#define SECOND_LOOK_PER_SECOND 1000

typedef void second_look_fn(void *context);

/* False: nothing is asked. True: then(context) runs once, in a later turn of this worker. If the
 * app has changed, request_app() is then its new value. The old one stays valid, too. */
MUST_USE bool second_look_begin(struct request *request, struct api *api, void *context,
                                second_look_fn *then);

#endif
