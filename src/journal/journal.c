/* SPDX-License-Identifier: MIT
 *
 * Two sides. Recording threads find the app, copy the record into its ring, which counts it, and
 * mark the app dirty: the first mark posts the app to the journal's thread. That thread sleeps
 * until an app or a job is posted, and flushes some time after the first dirty app. So a process
 * without decisions never wakes, and a busy one only a few times per second. */
#include "journal/journal.h"

#include "base/clock.h"
#include "base/duration.h"
#include "base/memory.h"
#include "base/thread_end.h"
#include "flusher.h"
#include "journal/entry_id.h"
#include "journal/feed.h"
#include "journal_answer.h"
#include "journal_apps.h"
#include "silence.h"

#include <poll.h>

#define NEVER       INT64_MAX
#define JOBS_US_MAX (5 * MILLISECOND_US) /* of jobs in a row, before the flush goes on */

struct journal {
    struct journal_apps apps;
    struct inbox *jobs;
    struct queue *stops; /* `stop`, which is never refused */
    struct queue_item stop;
    pthread_t thread;
    struct thread_end ended;
    bool is_started;
    bool has_ended;
    struct feed *feed; /* NULL: the rings are the log, and usage is not shared */
    /* The journal's thread only: */
    struct flusher *flusher;
    bool stopping;
};

static void ask_to_stop(struct journal *journal, int64_t give_up_us);
static void end(struct journal *journal);
static void *thread_run(void *context);
static void run(struct journal *journal);
static void wait_for_work(struct journal *journal);
static void on_stop(struct queue_item *item);
static void take_jobs(struct journal *journal, int64_t until_us);
static bool answer(struct journal *journal, struct journal_job *job);
static void on_answered(struct queue_item *item);

struct journal *journal_new(struct redis_topology *topology)
{
    struct journal *journal = MEMORY_NEW(struct journal);

    const uint64_t instance = entry_id_new_instance();

    journal_apps_init(&journal->apps, instance);
    journal->jobs = inbox_new(JOURNAL_JOBS_MAX);
    journal->stops = queue_new(0);
    journal->stop.run = on_stop;
    thread_end_init(&journal->ended);
    if (topology != NULL)
        journal->feed = feed_new(topology, instance);
    journal->flusher = flusher_new(journal->feed);
    return journal;
}

void journal_start(struct journal *journal)
{
    const int failure = pthread_create(&journal->thread, NULL, thread_run, journal);

    ASSERT(failure == 0);
    journal->is_started = true;
}

bool journal_stop(struct journal *journal, int64_t give_up_us, int64_t deadline_us)
{
    ASSERT(journal->is_started);
    ask_to_stop(journal, give_up_us);
    journal->has_ended = thread_end_join(&journal->ended, journal->thread, deadline_us);
    return journal->has_ended;
}

void journal_free(struct journal *journal)
{
    if (journal == NULL)
        return;
    if (!journal->has_ended)
        end(journal);
    thread_end_close(&journal->ended);
    journal_apps_close(&journal->apps);
    flusher_free(journal->flusher);
    feed_free(journal->feed);
    queue_free(journal->stops);
    inbox_free(journal->jobs);
    free(journal);
}

struct journal_app *journal_app(struct journal *journal, const char *app_id)
{
    return journal_apps_find_or_add(&journal->apps, app_id, journal->flusher);
}

void journal_prefetch(const struct journal_app *app)
{
    memory_prefetch(app, offsetof(struct journal_app, flusher));
}

void journal_record(struct journal_app *app, const struct record *record)
{
    ring_add(&app->ring, record);
    flusher_mark(app);
}

struct journal_counts journal_counts(const struct journal *journal)
{
    const struct silence *silence = flusher_silence(journal->flusher);
    struct journal_counts counts = {
        .bytes = figure_get(&silence->bytes),
        .gave_way = figure_get(&silence->gave_way),
    };

    if (journal->feed != NULL) {
        counts.flush_failures = feed_failures(journal->feed);
        counts.dropped = feed_dropped(journal->feed);
        counts.replaced = feed_replaced(journal->feed);
    }
    return counts;
}

bool journal_submit(struct journal *journal, struct journal_job *job)
{
    job->item.run = on_answered;
    job->progress = NULL;
    job->expires_us = clock_monotonic_us() + JOURNAL_JOB_TIMEOUT_US;
    return inbox_post(journal->jobs, &job->turn, job->tenant);
}

static void ask_to_stop(struct journal *journal, int64_t give_up_us)
{
    flusher_give_up_at(journal->flusher, give_up_us);
    const bool posted = queue_post(journal->stops, &journal->stop);
    ASSERT(posted);
}

static void end(struct journal *journal)
{
    ask_to_stop(journal, NEVER);
    if (journal->is_started)
        pthread_join(journal->thread, NULL);
    else
        run(journal);
}

/* The journal's thread */

static void *thread_run(void *context)
{
    struct journal *journal = context;

    (void)pthread_setname_np(pthread_self(), "journal");
    run(journal);
    thread_end_tell(&journal->ended);
    return NULL;
}

static void run(struct journal *journal)
{
    while (!journal->stopping) {
        wait_for_work(journal);
        queue_drain(journal->stops);
        take_jobs(journal, clock_monotonic_us() + JOBS_US_MAX);
        flusher_turn(journal->flusher);
    }
    take_jobs(journal, NEVER);
    flusher_end(journal->flusher);
}

/* poll() skips a negative descriptor. */
static void wait_for_work(struct journal *journal)
{
    struct pollfd inputs[] = {
        {.fd = queue_fd(journal->stops), .events = POLLIN},
        {.fd = inbox_fd(journal->jobs), .events = POLLIN},
        {.fd = flusher_fd(journal->flusher), .events = POLLIN},
    };
    const int64_t due_us = flusher_due_us(journal->flusher);
    int timeout_ms = -1;

    if (due_us != NEVER)
        timeout_ms = duration_poll_ms(due_us - clock_monotonic_us());
    (void)poll(inputs, ARRAY_COUNT(inputs), timeout_ms);
}

static void on_stop(struct queue_item *item)
{
    CONTAINER_OF(item, struct journal, stop)->stopping = true;
}

/* Begins none from `until_us` on. */
static void take_jobs(struct journal *journal, int64_t until_us)
{
    struct fair_item *turn;

    while (clock_monotonic_us() < until_us && (turn = inbox_take(journal->jobs)) != NULL) {
        struct journal_job *job = CONTAINER_OF(turn, struct journal_job, turn);

        if (!answer(journal, job)) {
            inbox_put_back(journal->jobs, turn);
            continue;
        }
        const bool posted = queue_post(job->reply_to, &job->item);
        ASSERT(posted);
    }
}

/* False when there is more to do. */
static bool answer(struct journal *journal, struct journal_job *job)
{
    struct journal_app *app = journal_apps_find(&journal->apps, job->app_id);
    const bool is_new = job->progress == NULL;

    job->available = !journal->stopping && (!is_new || clock_monotonic_us() < job->expires_us);
    if (!job->available) {
        journal_answer_abandon(job);
        return true;
    }
    if (is_new && app != NULL && job->asks == JOURNAL_USAGE)
        flusher_roll_up(journal->flusher, app);
    return journal_answer(job, journal->feed, app);
}

static void on_answered(struct queue_item *item)
{
    struct journal_job *job = CONTAINER_OF(item, struct journal_job, item);

    job->done(job);
}
