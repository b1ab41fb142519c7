/* SPDX-License-Identifier: MIT
 *
 * In which order the catalogue thread does the jobs that wait for it. Private to catalogue.c. */
#ifndef CATALOGUE_JOB_TURNS_H
#define CATALOGUE_JOB_TURNS_H

#include "catalogue/catalogue.h"

#include <poll.h>

#define JOB_TURNS_QUEUES 3

typedef void job_turns_run_fn(void *context, struct catalogue_job *job);

struct job_turns {
    struct inbox *jobs;
    struct inbox *finds;  /* look-ups, which anybody can cause, so one at a time between jobs */
    struct inbox *renews; /* one at a time between jobs and between look-ups */
    void *context;
    job_turns_run_fn *run;
};

void job_turns_init(struct job_turns *turns, void *context, job_turns_run_fn *run);
void job_turns_close(struct job_turns *turns);

/* False when the job was not taken. Any thread. */
MUST_USE bool job_turns_post(struct job_turns *turns, struct catalogue_job *job);

/* What to poll to hear of new jobs. */
void job_turns_watch(const struct job_turns *turns, struct pollfd queues[static JOB_TURNS_QUEUES]);

/* Runs the renewals that are too late, which only answers them. Those below do so before each
 * job. */
void job_turns_answer_late(struct job_turns *turns);
/* Runs some of the jobs, so that the thread can look after other things in between. */
void job_turns_take(struct job_turns *turns);
void job_turns_take_all(struct job_turns *turns);

#endif
