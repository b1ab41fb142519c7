/* SPDX-License-Identifier: MIT
 *
 * What pages may ask through a browser, and what browsers and caches may do with answers. Worker's
 * thread. */
#ifndef API_BROWSER_H
#define API_BROWSER_H

#include "base/host.h"
#include "http/request.h"

/* Refuses a request of a foreign page that changes something and needs no key: answers it, and
 * returns false. To be called after the route is known. `hosts` is the setting. */
MUST_USE bool browser_admits(struct request *request, const struct host_list *hosts);

/* Adds header fields so that no cache stores the answer or gives it to somebody else, and no
 * browser guesses its type. Files of the docs page do not get them, because they say themselves how
 * long they may be kept. To be called once, when the answer is there. */
void browser_seal(struct request *request);

#endif
