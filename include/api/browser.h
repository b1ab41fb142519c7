/* SPDX-License-Identifier: MIT
 *
 * What browsers and caches are told of an answer. Worker's thread. */
#ifndef API_BROWSER_H
#define API_BROWSER_H

#include "http/request.h"

/* Adds the fields that keep an answer from being stored, handed to somebody else, or taken for
 * something else than it is. All get them but the files of the docs page, which say themselves how
 * long they may be kept. Once, when the answer is there. */
void browser_seal(struct request *request);

#endif
