/* SPDX-License-Identifier: MIT
 *
 * What the catalogue thread does for each kind of job. Private to catalogue.c. */
#ifndef CATALOGUE_JOBS_H
#define CATALOGUE_JOBS_H

#include "catalogue/catalogue.h"

/* Runs the job, and publishes what it has changed. */
enum catalogue_status jobs_run(struct catalogue_job *job, struct catalogue_backend *backend,
                               struct app_index *index, struct error *error);

#endif
