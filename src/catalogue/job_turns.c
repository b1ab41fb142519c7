/* SPDX-License-Identifier: MIT */
#include "job_turns.h"

#include "base/clock.h"
#include "base/inbox.h"

#define JOBS_IN_A_ROW 16 /* jobs before a look-up or a renewal gets its turn */

static void jobs_take(struct job_turns *turns, struct inbox *from, size_t count);
static void renewal_take(struct job_turns *turns);
static void turn_run(struct job_turns *turns, struct catalogue_job *job);
static void on_find(struct queue_item *item);

void job_turns_init(struct job_turns *turns, void *context, job_turns_run_fn *run)
{
    *turns = (struct job_turns){.jobs = inbox_new(CATALOGUE_JOBS_MAX),
                                .finds = queue_new(CATALOGUE_FINDS_MAX),
                                .renews = inbox_new(CATALOGUE_RENEWS_MAX),
                                .context = context,
                                .run = run};
}

void job_turns_close(struct job_turns *turns)
{
    inbox_free(turns->jobs);
    queue_free(turns->finds);
    inbox_free(turns->renews);
}

bool job_turns_post(struct job_turns *turns, struct catalogue_job *job)
{
    job->turns = turns;
    job->item.run = on_find;
    if (job->kind == CATALOGUE_APP_FIND)
        return queue_post(turns->finds, &job->item);
    return inbox_post(job->kind == CATALOGUE_APP_RENEW ? turns->renews : turns->jobs, &job->turn,
                      job->tenant);
}

void job_turns_watch(const struct job_turns *turns, struct pollfd queues[static JOB_TURNS_QUEUES])
{
    queues[0] = (struct pollfd){.fd = inbox_fd(turns->jobs), .events = POLLIN};
    queues[1] = (struct pollfd){.fd = queue_fd(turns->finds), .events = POLLIN};
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

void job_turns_take(struct job_turns *turns)
{
    if (queue_drain(turns->finds) == 0)
        renewal_take(turns);
}

void job_turns_take_all(struct job_turns *turns)
{
    jobs_take(turns, turns->jobs, SIZE_MAX);
    (void)queue_drain(turns->finds);
    jobs_take(turns, turns->renews, SIZE_MAX);
}

static void jobs_take(struct job_turns *turns, struct inbox *from, size_t count)
{
    struct fair_item *turn;

    while (count-- > 0 && (turn = inbox_take(from)) != NULL)
        turn_run(turns, CONTAINER_OF(turn, struct catalogue_job, turn));
}

static void renewal_take(struct job_turns *turns)
{
    jobs_take(turns, turns->jobs, JOBS_IN_A_ROW);
    jobs_take(turns, turns->renews, 1);
}

static void turn_run(struct job_turns *turns, struct catalogue_job *job)
{
    job_turns_answer_late(turns);
    turns->run(turns->context, job);
}

/* Anybody can cause look-ups, so jobs of apps and one renewal run between two of them. */
static void on_find(struct queue_item *item)
{
    struct catalogue_job *find = CONTAINER_OF(item, struct catalogue_job, item);
    struct job_turns *turns = find->turns;

    jobs_take(turns, turns->jobs, JOBS_IN_A_ROW);
    turn_run(turns, find);
    renewal_take(turns);
}
