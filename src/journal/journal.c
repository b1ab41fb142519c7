/* SPDX-License-Identifier: MIT
 *
 * Two sides. Recording threads find the app, copy the record into its ring, which counts it, and
 * mark the app dirty: the first mark posts the app to the journal's thread. That thread sleeps
 * until an app or a job is posted. Some time after the first dirty app it rolls up what all of them
 * have counted, and with a feed sends what is new; until then it does not wake for further ones. So
 * a process without decisions never wakes, and a busy one only a few times per second. */
#include "journal/journal.h"

#include "base/clock.h"
#include "base/duration.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/thread_end.h"
#include "journal/feed.h"
#include "journal/usage_feed.h"
#include "journal_answer.h"
#include "journal_apps.h"

#include <poll.h>

#define NEVER INT64_MAX

struct journal {
    struct journal_apps apps;
    struct queue *jobs;
    struct queue *dirty; /* apps; they may wait for the next flush */
    struct queue *stops; /* `stop`, which may not */
    struct queue_item stop;
    pthread_t thread;
    struct thread_end ended;
    bool is_started;
    bool has_ended;
    _Atomic int64_t give_up_us; /* nothing is sent from here on; NEVER until the end */
    /* The journal's thread only: */
    struct feed *feed; /* NULL: the rings are the log, and usage is this process' own */
    struct usage *usage;
    struct ring_counts counts; /* what is being rolled up */
    STAILQ_HEAD(, journal_app) dirty_apps;
    STAILQ_HEAD(, journal_app) unsent_apps; /* with usage that the feed has not */
    int64_t flush_at_us;                    /* while there are dirty apps */
    int64_t send_usage_at_us;               /* while there are unsent ones */
    bool stopping;
};

static void ask_to_stop(struct journal *journal, int64_t give_up_us);
static void end(struct journal *journal);
static void mark_dirty(struct journal_app *app);
static void *thread_run(void *context);
static void run(struct journal *journal);
static void wait_for_work(struct journal *journal);
static int64_t flush_due_us(const struct journal *journal);
static void on_dirty(struct queue_item *item);
static void on_stop(struct queue_item *item);
static void flush(struct journal *journal);
static void roll_up(struct journal_app *app);
static void note_unsent(struct journal_app *app);
static void send_usage(struct journal *journal);
static bool gives_up(const struct journal *journal);
static void flush_last(struct journal *journal);
static void tell_unsent(struct journal *journal);
static void on_job(struct queue_item *item);
static void on_answered(struct queue_item *item);

struct journal *journal_new(const struct redis_url *url)
{
    struct journal *journal = MEMORY_NEW(struct journal);

    journal_apps_init(&journal->apps);
    journal->jobs = queue_new(JOURNAL_JOBS_MAX);
    journal->dirty = queue_new(0);
    journal->stops = queue_new(0);
    journal->stop.run = on_stop;
    journal->usage = usage_new(USAGE_BYTES_MAX);
    atomic_init(&journal->give_up_us, NEVER);
    thread_end_init(&journal->ended);
    STAILQ_INIT(&journal->dirty_apps);
    STAILQ_INIT(&journal->unsent_apps);
    if (url != NULL)
        journal->feed = feed_new(url);
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
    usage_free(journal->usage);
    ring_counts_close(&journal->counts);
    feed_free(journal->feed);
    queue_free(journal->stops);
    queue_free(journal->dirty);
    queue_free(journal->jobs);
    free(journal);
}

struct journal_app *journal_app(struct journal *journal, const char *app_id)
{
    return journal_apps_find_or_add(&journal->apps, app_id, journal, on_dirty);
}

void journal_prefetch(const struct journal_app *app)
{
    memory_prefetch(app, offsetof(struct journal_app, journal));
}

void journal_record(struct journal_app *app, const struct record *record)
{
    ring_add(&app->ring, record);
    mark_dirty(app);
}

struct journal_counts journal_counts(const struct journal *journal)
{
    if (journal->feed == NULL)
        return (struct journal_counts){0};
    return (struct journal_counts){
        .flush_failures = feed_failures(journal->feed),
        .dropped = feed_dropped(journal->feed),
        .replaced = feed_replaced(journal->feed),
    };
}

bool journal_submit(struct journal *journal, struct journal_job *job)
{
    job->item.run = on_job;
    job->journal = journal;
    job->expires_us = clock_monotonic_us() + JOURNAL_JOB_TIMEOUT_US;
    return queue_post(journal->jobs, &job->item);
}

static void ask_to_stop(struct journal *journal, int64_t give_up_us)
{
    atomic_store(&journal->give_up_us, give_up_us);
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

/* Any thread */

/* No record is missed: flush() clears the mark before it locks the ring to look. A record that it
 * does not see was added after that, by a thread that therefore sees the mark cleared. */
static void mark_dirty(struct journal_app *app)
{
    if (atomic_load_explicit(&app->dirty, memory_order_relaxed) ||
        atomic_exchange(&app->dirty, true))
        return;
    const bool posted = queue_post(app->journal->dirty, &app->item);
    ASSERT(posted);
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
        queue_drain(journal->jobs);
        const bool is_due = clock_monotonic_us() >= flush_due_us(journal);
        if (is_due || STAILQ_EMPTY(&journal->dirty_apps))
            queue_drain(journal->dirty);
        if (is_due)
            flush(journal);
    }
    queue_drain(journal->jobs);
    flush_last(journal);
}

static void wait_for_work(struct journal *journal)
{
    /* Once a flush is coming, poll() passes over a negative descriptor. */
    struct pollfd inputs[] = {
        {.fd = queue_fd(journal->stops), .events = POLLIN},
        {.fd = queue_fd(journal->jobs), .events = POLLIN},
        {.fd = STAILQ_EMPTY(&journal->dirty_apps) ? queue_fd(journal->dirty) : -1,
         .events = POLLIN},
    };
    const int64_t due_us = flush_due_us(journal);
    int timeout_ms = -1;

    if (due_us != NEVER) {
        timeout_ms = duration_poll_ms(due_us - clock_monotonic_us());
    }
    (void)poll(inputs, ARRAY_COUNT(inputs), timeout_ms);
}

static int64_t flush_due_us(const struct journal *journal)
{
    const int64_t rests_until_us = journal->feed == NULL ? 0 : feed_rests_until_us(journal->feed);
    int64_t due_us = NEVER;

    if (!STAILQ_EMPTY(&journal->dirty_apps))
        due_us = journal->flush_at_us;
    if (!STAILQ_EMPTY(&journal->unsent_apps) && journal->send_usage_at_us < due_us)
        due_us = journal->send_usage_at_us;
    return due_us > rests_until_us ? due_us : rests_until_us;
}

static void on_dirty(struct queue_item *item)
{
    struct journal_app *app = CONTAINER_OF(item, struct journal_app, item);
    struct journal *journal = app->journal;

    if (STAILQ_EMPTY(&journal->dirty_apps))
        journal->flush_at_us =
            clock_monotonic_us() + (journal->feed == NULL ? JOURNAL_ROLL_UP_US : JOURNAL_FLUSH_US);
    STAILQ_INSERT_TAIL(&journal->dirty_apps, app, in_dirty);
}

static void on_stop(struct queue_item *item)
{
    CONTAINER_OF(item, struct journal, stop)->stopping = true;
}

/* Rolls up all, and sends until Redis is away. The app that failed comes last the next time:
 * should it be the trouble, it does not stop the others. */
static void flush(struct journal *journal)
{
    struct journal_app *failed = NULL;
    struct journal_app *app;

    while ((app = STAILQ_FIRST(&journal->dirty_apps)) != NULL) {
        STAILQ_REMOVE_HEAD(&journal->dirty_apps, in_dirty);
        atomic_store(&app->dirty, false);
        roll_up(app);
        if (journal->feed == NULL)
            continue;
        if (failed == NULL && !gives_up(journal) &&
            feed_send(journal->feed, app->id, &app->ring, &app->sent))
            continue;
        if (failed == NULL && feed_is_away(journal->feed))
            failed = app;
        else
            mark_dirty(app);
    }
    if (clock_monotonic_us() >= journal->send_usage_at_us)
        send_usage(journal);
    if (failed != NULL)
        mark_dirty(failed);
}

/* From the ring's counts into the app's minutes and hours, the earlier minute first. */
static void roll_up(struct journal_app *app)
{
    struct journal *journal = app->journal;
    struct ring_counts *counts = &journal->counts;

    ring_take_counts(&app->ring, counts);
    if (counts->tallies[0].count + counts->tallies[1].count == 0)
        return;
    if (app->usage == NULL)
        app->usage = usage_app_new(journal->usage);
    const size_t earlier = counts->tallies[0].minute < counts->tallies[1].minute ? 0 : 1;
    const int64_t elapsed_minutes = clock_monotonic_us() / MINUTE_US;
    usage_add(app->usage, &counts->tallies[earlier], elapsed_minutes);
    usage_add(app->usage, &counts->tallies[1 - earlier], elapsed_minutes);
    if (counts->denied != NULL)
        usage_add_denied(app->usage, counts->denied);
    if (journal->feed != NULL)
        note_unsent(app);
}

static void note_unsent(struct journal_app *app)
{
    struct journal *journal = app->journal;

    if (app->unsent)
        return;
    if (STAILQ_EMPTY(&journal->unsent_apps))
        journal->send_usage_at_us = clock_monotonic_us() + JOURNAL_SEND_USAGE_US;
    STAILQ_INSERT_TAIL(&journal->unsent_apps, app, in_unsent);
    app->unsent = true;
}

/* Not while Redis is left alone; otherwise as flush() does. */
static void send_usage(struct journal *journal)
{
    STAILQ_HEAD(, journal_app) unsent = STAILQ_HEAD_INITIALIZER(unsent);
    struct journal_app *failed = NULL;
    struct journal_app *app;

    if (journal->feed == NULL || clock_monotonic_us() < feed_rests_until_us(journal->feed))
        return;
    STAILQ_CONCAT(&unsent, &journal->unsent_apps);
    while ((app = STAILQ_FIRST(&unsent)) != NULL) {
        STAILQ_REMOVE_HEAD(&unsent, in_unsent);
        app->unsent = false;
        if (failed == NULL && !gives_up(journal) &&
            usage_feed_send(journal->feed, app->id, app->usage))
            continue;
        if (failed == NULL && feed_is_away(journal->feed))
            failed = app;
        else
            note_unsent(app);
    }
    if (failed != NULL)
        note_unsent(failed);
}

static bool gives_up(const struct journal *journal)
{
    return clock_monotonic_us() >= atomic_load(&journal->give_up_us);
}

static void flush_last(struct journal *journal)
{
    queue_drain(journal->dirty);
    flush(journal);
    send_usage(journal);
    queue_drain(journal->dirty); /* those that were not sent */
    if (journal->feed != NULL)
        tell_unsent(journal);
}

static void tell_unsent(struct journal *journal)
{
    struct journal_app *app;
    uint64_t records = 0;
    int64_t usages = 0;

    STAILQ_FOREACH(app, &journal->dirty_apps, in_dirty)
    records += ring_newest(&app->ring) - app->sent;
    STAILQ_FOREACH(app, &journal->unsent_apps, in_unsent)
    usages++;
    if (records > 0 || usages > 0)
        log_write(LOG_WARN, "journal not all sent", LOG_INTEGER("count", (int64_t)records),
                  LOG_INTEGER("usage_apps", usages));
}

static void on_job(struct queue_item *item)
{
    struct journal_job *job = CONTAINER_OF(item, struct journal_job, item);
    struct journal *journal = job->journal;
    struct journal_app *app = journal_apps_find(&journal->apps, job->app_id);

    job->available = !journal->stopping && clock_monotonic_us() < job->expires_us;
    if (job->available) {
        if (app != NULL && job->asks == JOURNAL_USAGE)
            roll_up(app);
        journal_answer(job, journal->feed, app);
    }
    job->item.run = on_answered;
    const bool posted = queue_post(job->reply_to, &job->item);
    ASSERT(posted);
}

static void on_answered(struct queue_item *item)
{
    struct journal_job *job = CONTAINER_OF(item, struct journal_job, item);

    job->done(job);
}
