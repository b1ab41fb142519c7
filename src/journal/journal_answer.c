/* SPDX-License-Identifier: MIT */
#include "journal_answer.h"

#include "base/clock.h"
#include "base/duration.h"
#include "journal/entry_id.h"
#include "journal/usage_feed.h"

#define ARRAY_BYTES_MIN 256

/* What Redis has answered so far. */
struct journal_progress {
    bool has_sent;               /* Redis has what this instance knew at the beginning */
    uint64_t newest;             /* of JOURNAL_LOG: the newest record of that */
    struct feed_entries entries; /* of JOURNAL_LOG */
    struct usage_report report;  /* of JOURNAL_USAGE */
    struct usage_cursor cursor;
};

static void log_begin(struct journal_job *job, struct journal_app *app);
static enum feed_reading log_read(struct journal_job *job, struct feed *feed,
                                  struct journal_app *app);
static void log_finish(struct journal_job *job);
static void log_close(struct journal_progress *progress);
static void log_from_ring(struct journal_job *job, bool has_feed, struct journal_app *app);
static void usage_begin(struct journal_job *job, struct journal_app *app);
static enum feed_reading usage_read(struct journal_job *job, struct feed *feed,
                                    struct journal_app *app);
static void usage_finish(struct journal_job *job);
static void usage_close(struct journal_progress *progress);
static void usage_from_app(struct journal_job *job, bool has_feed, struct journal_app *app);
static void on_usage(void *context, const struct usage_view *view);
static bool can_ask(const struct feed *feed);

static const struct {
    void (*begin)(struct journal_job *job, struct journal_app *app);
    enum feed_reading (*read)(struct journal_job *job, struct feed *feed, struct journal_app *app);
    void (*finish)(struct journal_job *job);
    void (*close)(struct journal_progress *progress);
    void (*from_here)(struct journal_job *job, bool has_feed, struct journal_app *app);
} answers[] = {
    [JOURNAL_LOG] = {log_begin, log_read, log_finish, log_close, log_from_ring},
    [JOURNAL_USAGE] = {usage_begin, usage_read, usage_finish, usage_close, usage_from_app},
};

bool journal_answer(struct journal_job *job, struct feed *feed, struct journal_app *app)
{
    enum feed_reading reading = FEED_FAILED;

    if (job->progress == NULL) {
        job->progress = ARENA_NEW(job->arena, struct journal_progress);
        answers[job->asks].begin(job, app);
    }
    if (can_ask(feed))
        reading = answers[job->asks].read(job, feed, app);
    if (reading == FEED_READ_SOME)
        return false;
    if (reading == FEED_READ_ALL)
        answers[job->asks].finish(job);
    else
        answers[job->asks].from_here(job, feed != NULL, app);
    journal_answer_abandon(job);
    return true;
}

void journal_answer_abandon(struct journal_job *job)
{
    if (job->progress != NULL)
        answers[job->asks].close(job->progress);
    job->progress = NULL;
}

static bool can_ask(const struct feed *feed)
{
    return feed != NULL && clock_monotonic_us() >= feed_rests_until_us(feed);
}

static void log_begin(struct journal_job *job, struct journal_app *app)
{
    job->progress->newest = app == NULL ? 0 : ring_newest(&app->ring);
    feed_entries_init(&job->progress->entries, &job->filter);
}

/* First sends what this instance has not flushed yet, so that a caller always sees its own
 * decisions. */
static enum feed_reading log_read(struct journal_job *job, struct feed *feed,
                                  struct journal_app *app)
{
    struct journal_progress *progress = job->progress;

    if (!progress->has_sent && app != NULL) {
        if (feed_send(feed, app->id, &app->ring, &app->sent) == FEED_NOT_SENT)
            return FEED_FAILED;
        if (app->sent < progress->newest)
            return FEED_READ_SOME;
    }
    progress->has_sent = true;
    const enum feed_reading reading = feed_read(feed, job->app_id, &progress->entries);
    if (reading == FEED_REPLACED && app != NULL)
        app->sent = feed_sent_nothing(&app->ring);
    return reading;
}

static void log_finish(struct journal_job *job)
{
    job->answer = feed_entries_write(&job->progress->entries, job->arena);
}

static void log_close(struct journal_progress *progress)
{
    feed_entries_close(&progress->entries);
}

static void log_from_ring(struct journal_job *job, bool has_feed, struct journal_app *app)
{
    uint64_t sequence = app == NULL ? 0 : ring_newest(&app->ring);
    int64_t left = job->filter.limit;
    struct arena scratch = {0};
    struct record record;
    struct buffer buffer;
    struct writer writer;

    (void)has_feed;
    buffer_init(&buffer, job->arena, ARRAY_BYTES_MIN);
    writer_init(&writer, &buffer);
    writer_begin_array(&writer, NULL);
    for (; left > 0 && sequence > 0 && ring_read(&app->ring, sequence, &scratch, &record);
         sequence--) {
        const struct entry_id id = {app->instance, sequence};
        char space[ENTRY_ID_BYTES];

        if (!record_filter_takes(&job->filter, &record))
            continue;
        record_write(&record, entry_id_write(&id, space), &writer);
        left--;
    }
    writer_end_array(&writer);
    job->answer = writer_document(&writer);
    arena_close(&scratch);
}

static void usage_begin(struct journal_job *job, struct journal_app *app)
{
    struct journal_progress *progress = job->progress;

    (void)app;
    usage_report_init(&progress->report, &job->query, clock_wall_us() / MINUTE_US, job->arena);
    progress->cursor = usage_feed_start(&progress->report);
}

/* First sends what is counted here to Redis, then reads all that is there. */
static enum feed_reading usage_read(struct journal_job *job, struct feed *feed,
                                    struct journal_app *app)
{
    struct journal_progress *progress = job->progress;

    if (!progress->has_sent && app != NULL && app->usage != NULL) {
        switch (usage_feed_send(feed, app->id, app->usage)) {
        case FEED_SENT_ALL:
            break;
        case FEED_SENT_SOME:
            return FEED_READ_SOME;
        case FEED_NOT_SENT:
            return FEED_FAILED;
        }
    }
    progress->has_sent = true;
    return usage_feed_read(feed, job->app_id, &progress->report, &progress->cursor);
}

static void usage_finish(struct journal_job *job)
{
    job->answer = usage_report_write(&job->progress->report, job->arena);
}

static void usage_close(struct journal_progress *progress)
{
    usage_report_close(&progress->report);
}

/* Part of it may have come from Redis. */
static void usage_from_app(struct journal_job *job, bool has_feed, struct journal_app *app)
{
    struct usage_report *report = &job->progress->report;

    usage_close(job->progress);
    usage_begin(job, app);
    report->degraded = has_feed;
    if (app != NULL && app->usage != NULL) {
        if (report->hourly_before < usage_minutes_from(app->usage))
            report->hourly_before = usage_minutes_from(app->usage);
        usage_visit(app->usage, report, on_usage);
    }
    usage_finish(job);
}

static void on_usage(void *context, const struct usage_view *view)
{
    usage_report_add(context, view);
}
