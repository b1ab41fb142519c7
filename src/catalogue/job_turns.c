/* SPDX-License-Identifier: MIT */
#include "job_turns.h"

#include "base/clock.h"
#include "base/inbox.h"

#define JOBS_IN_A_ROW 16 /* jobs before a look-up or a renewal gets its turn */

static struct inbox *inbox_of(const struct job_turns *turns, enum catalogue_job_kind kind);
static void jobs_take(struct job_turns *turns, struct inbox *from, size_t count);
static void turn_run(struct job_turns *turns, struct catalogue_job *job);

void job_turns_init(struct job_turns *turns, void *context, job_turns_run_fn *run)
{
    *turns = (struct job_turns){.jobs = inbox_new(CATALOGUE_JOBS_MAX),
                                .finds = inbox_new(CATALOGUE_FINDS_MAX),
                                .renews = inbox_new(CATALOGUE_RENEWS_MAX),
                                .context = context,
                                .run = run};
}

void job_turns_close(struct job_turns *turns)
{
    inbox_free(turns->jobs);
    inbox_free(turns->finds);
    inbox_free(turns->renews);
}

bool job_turns_post(struct job_turns *turns, struct catalogue_job *job)
{
    return inbox_post(inbox_of(turns, job->kind), &job->turn, job->tenant);
}

void job_turns_watch(const struct job_turns *turns, struct pollfd queues[static JOB_TURNS_QUEUES])
{
    queues[0] = (struct pollfd){.fd = inbox_fd(turns->jobs), .events = POLLIN};
    queues[1] = (struct pollfd){.fd = inbox_fd(turns->finds), .events = POLLIN};
    queues[2] = (struct pollfd){.fd = inbox_fd(turns->renews), .events = POLLIN};
}

/* The oldest is late first, no matter whose turn it is. */
void job_turns_answer_late(struct job_turns *turns)
{
    const int64_t now_us = clock_monotonic_us();
    struct fair_item *turn;

    while ((turn = inbox_oldest(turns->renews)) != NULL) {
        struct catalogue_job *renewal = CONTAINER_OF(turn, struct catalogue_job, turn);

        if (now_us < renewal->late_us)
            return;
        inbox_take_out(turns->renews, turn);
        turns->run(turns->context, renewal);
    }
}

/* Anybody can cause look-ups, so jobs of apps and one renewal run between two of them. */
void job_turns_take(struct job_turns *turns)
{
    jobs_take(turns, turns->jobs, JOBS_IN_A_ROW);
    jobs_take(turns, turns->finds, 1);
    jobs_take(turns, turns->jobs, JOBS_IN_A_ROW);
    jobs_take(turns, turns->renews, 1);
}

void job_turns_take_all(struct job_turns *turns)
{
    jobs_take(turns, turns->jobs, SIZE_MAX);
    jobs_take(turns, turns->finds, SIZE_MAX);
    jobs_take(turns, turns->renews, SIZE_MAX);
}

static struct inbox *inbox_of(const struct job_turns *turns, enum catalogue_job_kind kind)
{
    switch (kind) {
    case CATALOGUE_APP_FIND:
        return turns->finds;
    case CATALOGUE_APP_RENEW:
        return turns->renews;
    case CATALOGUE_APP_CREATE:
    case CATALOGUE_POLICY_SAVE:
    case CATALOGUE_POLICY_REMOVE:
        break;
    }
    return turns->jobs;
}

static void jobs_take(struct job_turns *turns, struct inbox *from, size_t count)
{
    struct fair_item *turn;

    while (count-- > 0 && (turn = inbox_take(from)) != NULL)
        turn_run(turns, CONTAINER_OF(turn, struct catalogue_job, turn));
}

static void turn_run(struct job_turns *turns, struct catalogue_job *job)
{
    job_turns_answer_late(turns);
    turns->run(turns->context, job);
}
