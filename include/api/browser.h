/* SPDX-License-Identifier: MIT
 *
 * What browsers may ask for the pages they show, and what they and caches may do with answers.
 * Worker's thread. */
#ifndef API_BROWSER_H
#define API_BROWSER_H

#include "base/host.h"
#include "http/request.h"

/* Refuses a request that changes something and needs no key when a foreign page has a browser send
 * it: answers, and returns false. After its route is known. `hosts` is the setting. */
MUST_USE bool browser_admits(struct request *request, const struct host_list *hosts);

/* Adds the fields that keep an answer from being stored, handed to somebody else, or taken for
 * something else than it is. All get them but the files of the docs page, which say themselves how
 * long they may be kept. Once, when the answer is there. */
void browser_seal(struct request *request);

#endif
