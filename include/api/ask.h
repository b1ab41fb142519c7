/* SPDX-License-Identifier: MIT
 *
 * Hands a request's job to the catalogue's thread, or to the journal's. */
#ifndef API_ASK_H
#define API_ASK_H

#include "api/api.h"
#include "catalogue/catalogue.h"
#include "http/request.h"
#include "journal/journal.h"

/* Submits `job`. It must lie in the request's arena, with kind and input set. HANDLED_LATER:
 * done(job) runs once on this worker, with job->context as given. HANDLED_NOW: the catalogue takes
 * no more jobs, and the request has been answered 503. */
enum handled ask_catalogue(struct request *request, struct api *api, struct catalogue_job *job,
                           void *context, catalogue_done_fn *done);

/* The same to the journal, about the app of the request: `asks` must be set, and what belongs to
 * it. The answer is made in the request's arena. */
enum handled ask_journal(struct request *request, struct api *api, struct journal_job *job,
                         void *context, journal_done_fn *done);

#endif
