/* SPDX-License-Identifier: MIT
 *
 * Two sides. Recording threads find the app, copy the record into its ring and, when there is a
 * feed, mark the app dirty: the first mark posts the app to the journal's thread. That thread
 * sleeps until an app or a job is posted; JOURNAL_FLUSH_US after the first dirty app it sends what
 * all of them have. So a process without decisions never wakes.
 *
 * Apps are only ever added, each at the head of its bucket's list, so looking one up needs no lock.
 */
#include "journal/journal.h"

#include "base/clock.h"
#include "base/memory.h"
#include "journal/feed.h"

#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

#define BUCKETS         4096
#define ARRAY_BYTES_MIN 256
#define RING_ID_BYTES   48

struct journal_app {
    char id[JOURNAL_APP_ID_BYTES + 1];
    struct journal *journal;
    struct ring *ring;
    struct journal_app *next; /* in its bucket */
    atomic_bool dirty;        /* posted, or in the journal's list of dirty apps */
    struct queue_item item;   /* posted when `dirty` becomes true */
    /* The journal's thread only: */
    struct journal_app *next_dirty;
    uint64_t sent; /* number of the newest record that the feed has */
};

struct journal {
    _Atomic(struct journal_app *) buckets[BUCKETS];
    pthread_mutex_t adding; /* held to add an app */
    struct queue *jobs;
    struct queue *dirty; /* apps, and at the end `stop` */
    struct queue_item stop;
    pthread_t thread;
    /* The journal's thread only: */
    struct feed *feed; /* NULL: the rings are the log */
    struct journal_app *first_dirty;
    struct journal_app **last_dirty;
    int64_t flush_at_us;
    bool stopping;
};

static struct journal_app *find_app(struct journal *journal, const char *app_id);
static struct journal_app *find_or_add_app(struct journal *journal, const char *app_id);
static void free_apps(struct journal_app *app);
static void mark_dirty(struct journal_app *app);
static void *run(void *context);
static void wait_for_work(struct journal *journal);
static int64_t flush_due_us(const struct journal *journal);
static void on_dirty(struct queue_item *item);
static void on_stop(struct queue_item *item);
static void flush(struct journal *journal);
static void on_job(struct queue_item *item);
static bool answer_from_feed(struct journal_job *job, struct journal_app *app);
static void answer_from_ring(struct journal_job *job, struct journal_app *app);
static void on_answered(struct queue_item *item);

struct journal *journal_new(const struct redis_url *url)
{
    struct journal *journal = MEMORY_NEW(struct journal);

    pthread_mutex_init(&journal->adding, NULL);
    journal->jobs = queue_new(JOURNAL_JOBS_MAX);
    journal->dirty = queue_new(0);
    journal->stop.run = on_stop;
    journal->last_dirty = &journal->first_dirty;
    if (url != NULL)
        journal->feed = feed_new(url);
    const int failure = pthread_create(&journal->thread, NULL, run, journal);
    ASSERT(failure == 0);
    return journal;
}

void journal_free(struct journal *journal)
{
    if (journal == NULL)
        return;
    const bool posted = queue_post(journal->dirty, &journal->stop);
    ASSERT(posted);
    pthread_join(journal->thread, NULL);
    for (size_t i = 0; i < BUCKETS; i++)
        free_apps(journal->buckets[i]);
    feed_free(journal->feed);
    queue_free(journal->dirty);
    queue_free(journal->jobs);
    pthread_mutex_destroy(&journal->adding);
    free(journal);
}

void journal_record(struct journal *journal, const char *app_id, const struct record *record)
{
    struct journal_app *app = find_app(journal, app_id);

    if (app == NULL)
        app = find_or_add_app(journal, app_id);
    ring_add(app->ring, record);
    if (journal->feed != NULL)
        mark_dirty(app);
}

bool journal_submit(struct journal *journal, struct journal_job *job)
{
    job->item.run = on_job;
    job->journal = journal;
    job->expires_us = clock_monotonic_us() + JOURNAL_JOB_TIMEOUT_US;
    return queue_post(journal->jobs, &job->item);
}

/* Any thread */

/* FNV-1a. App ids are random and ours, so nobody chooses their buckets. */
static size_t bucket_of(const char *app_id)
{
    uint32_t hash = 2166136261U;

    for (const char *at = app_id; *at != '\0'; at++)
        hash = (hash ^ (uint8_t)*at) * 16777619U;
    return hash % BUCKETS;
}

static struct journal_app *find_app(struct journal *journal, const char *app_id)
{
    struct journal_app *app =
        atomic_load_explicit(&journal->buckets[bucket_of(app_id)], memory_order_acquire);

    while (app != NULL && strcmp(app->id, app_id) != 0)
        app = app->next;
    return app;
}

static struct journal_app *find_or_add_app(struct journal *journal, const char *app_id)
{
    const size_t length = strlen(app_id);
    _Atomic(struct journal_app *) *bucket = &journal->buckets[bucket_of(app_id)];

    ASSERT(length <= JOURNAL_APP_ID_BYTES);
    pthread_mutex_lock(&journal->adding);
    struct journal_app *app = find_app(journal, app_id);
    if (app == NULL) {
        app = MEMORY_NEW(struct journal_app);
        memcpy(app->id, app_id, length + 1);
        app->journal = journal;
        app->ring = ring_new();
        app->item.run = on_dirty;
        app->next = atomic_load_explicit(bucket, memory_order_relaxed);
        atomic_store_explicit(bucket, app, memory_order_release);
    }
    pthread_mutex_unlock(&journal->adding);
    return app;
}

static void free_apps(struct journal_app *app)
{
    while (app != NULL) {
        struct journal_app *next = app->next;

        ring_free(app->ring);
        free(app);
        app = next;
    }
}

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

static void *run(void *context)
{
    struct journal *journal = context;

    while (!journal->stopping) {
        wait_for_work(journal);
        queue_drain(journal->dirty);
        queue_drain(journal->jobs);
        if (journal->first_dirty != NULL && clock_monotonic_us() >= flush_due_us(journal))
            flush(journal);
    }
    queue_drain(journal->jobs);
    flush(journal);
    return NULL;
}

static void wait_for_work(struct journal *journal)
{
    struct pollfd inputs[] = {
        {.fd = queue_fd(journal->dirty), .events = POLLIN},
        {.fd = queue_fd(journal->jobs), .events = POLLIN},
    };
    int timeout_ms = -1;

    if (journal->first_dirty != NULL) {
        const int64_t wait_us = flush_due_us(journal) - clock_monotonic_us();

        timeout_ms = wait_us > 0 ? (int)(wait_us / 1000) + 1 : 0;
    }
    (void)poll(inputs, ARRAY_COUNT(inputs), timeout_ms);
}

static int64_t flush_due_us(const struct journal *journal)
{
    const int64_t rests_until_us = feed_rests_until_us(journal->feed);

    return journal->flush_at_us > rests_until_us ? journal->flush_at_us : rests_until_us;
}

static void on_dirty(struct queue_item *item)
{
    struct journal_app *app = CONTAINER_OF(item, struct journal_app, item);
    struct journal *journal = app->journal;

    if (journal->first_dirty == NULL)
        journal->flush_at_us = clock_monotonic_us() + JOURNAL_FLUSH_US;
    app->next_dirty = NULL;
    *journal->last_dirty = app;
    journal->last_dirty = &app->next_dirty;
}

static void on_stop(struct queue_item *item)
{
    CONTAINER_OF(item, struct journal, stop)->stopping = true;
}

/* Ends at the first failure. The app that failed goes to the end of the list: should it be the
 * trouble, it does not stop the others. */
static void flush(struct journal *journal)
{
    while (journal->first_dirty != NULL) {
        struct journal_app *app = journal->first_dirty;

        journal->first_dirty = app->next_dirty;
        if (journal->first_dirty == NULL)
            journal->last_dirty = &journal->first_dirty;
        atomic_store(&app->dirty, false);
        if (!feed_send(journal->feed, app->id, app->ring, &app->sent)) {
            mark_dirty(app);
            return;
        }
    }
}

static void on_job(struct queue_item *item)
{
    struct journal_job *job = CONTAINER_OF(item, struct journal_job, item);
    struct journal *journal = job->journal;
    struct journal_app *app = find_app(journal, job->app_id);

    job->available = !journal->stopping && clock_monotonic_us() < job->expires_us;
    if (job->available && !answer_from_feed(job, app))
        answer_from_ring(job, app);
    job->item.run = on_answered;
    const bool posted = queue_post(job->reply_to, &job->item);
    ASSERT(posted);
}

/* What this instance has not flushed yet goes first, so that an asker always sees its own
 * decisions. */
static bool answer_from_feed(struct journal_job *job, struct journal_app *app)
{
    struct feed *feed = job->journal->feed;

    if (feed == NULL || clock_monotonic_us() < feed_rests_until_us(feed))
        return false;
    if (app != NULL && !feed_send(feed, app->id, app->ring, &app->sent))
        return false;
    return feed_read(feed, job->app_id, &job->filter, job->arena, &job->entries);
}

static void answer_from_ring(struct journal_job *job, struct journal_app *app)
{
    uint64_t sequence = app == NULL ? 0 : ring_newest(app->ring);
    int64_t left = job->filter.limit;
    struct arena scratch = {0};
    struct record record;
    struct buffer buffer;
    struct writer writer;

    buffer_init(&buffer, job->arena, ARRAY_BYTES_MIN);
    writer_init(&writer, &buffer);
    writer_begin_array(&writer, NULL);
    for (; left > 0 && sequence > 0 && ring_read(app->ring, sequence, &scratch, &record);
         sequence--) {
        char id[RING_ID_BYTES];

        if (!record_filter_takes(&job->filter, &record))
            continue;
        (void)snprintf(id, sizeof id, "%" PRId64 "-%" PRIu64, record.time_us / 1000, sequence);
        record_write(&record, text_of(id), &writer);
        left--;
    }
    writer_end_array(&writer);
    job->entries = buffer_text(&buffer);
    arena_close(&scratch);
}

static void on_answered(struct queue_item *item)
{
    struct journal_job *job = CONTAINER_OF(item, struct journal_job, item);

    job->done(job);
}
