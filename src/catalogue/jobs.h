/* SPDX-License-Identifier: MIT
 *
 * What the catalogue thread does for each kind of job. Private to catalogue.c. */
#ifndef CATALOGUE_JOBS_H
#define CATALOGUE_JOBS_H

#include "catalogue/catalogue.h"

/* Two apps may have the same place. Then more is asked than need be. */
#define JOBS_QUESTIONS 256

/* The last one about an app that the backend has answered. */
struct jobs_question {
    uint32_t tenant;
    int64_t begun_us;
    enum catalogue_status status;
};

struct jobs {
    struct catalogue_backend *backend;
    struct app_index *index;
    struct jobs_question questions[JOBS_QUESTIONS];
};

/* Runs the job, and publishes what it has changed. */
enum catalogue_status jobs_run(struct jobs *jobs, struct catalogue_job *job, struct error *error);

#endif
