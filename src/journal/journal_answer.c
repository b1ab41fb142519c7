/* SPDX-License-Identifier: MIT */
#include "journal_answer.h"

#include "base/clock.h"
#include "base/duration.h"
#include "journal/usage_feed.h"

#include <inttypes.h>

#define ARRAY_BYTES_MIN 256
#define RING_ID_BYTES   48

/* A report that is being read. */
struct usage_progress {
    struct usage_report report;
    struct usage_cursor cursor;
    bool has_sent; /* what is counted here */
};

static bool can_ask(const struct feed *feed);
static bool log_from_feed(struct journal_job *job, struct feed *feed, struct journal_app *app);
static void log_from_ring(struct journal_job *job, struct journal_app *app);
static bool answer_usage(struct journal_job *job, struct feed *feed, struct journal_app *app);
static void usage_begin(struct journal_job *job);
static void usage_finish(struct journal_job *job);
static enum usage_read usage_from_feed(struct journal_job *job, struct feed *feed,
                                       struct journal_app *app);
static void usage_from_app(const struct usage_app *usage, struct usage_report *report);
static void on_usage(void *context, const struct usage_view *view);

bool journal_answer(struct journal_job *job, struct feed *feed, struct journal_app *app)
{
    switch (job->asks) {
    case JOURNAL_LOG:
        if (!can_ask(feed) || !log_from_feed(job, feed, app))
            log_from_ring(job, app);
        break;
    case JOURNAL_USAGE:
        return answer_usage(job, feed, app);
    }
    return true;
}

void journal_answer_abandon(struct journal_job *job)
{
    if (job->progress != NULL)
        usage_report_close(&job->progress->report);
    job->progress = NULL;
}

static bool can_ask(const struct feed *feed)
{
    return feed != NULL && clock_monotonic_us() >= feed_rests_until_us(feed);
}

/* What this instance has not flushed yet goes first, so that an asker always sees its own
 * decisions. */
static bool log_from_feed(struct journal_job *job, struct feed *feed, struct journal_app *app)
{
    if (app != NULL && !feed_send(feed, app->id, &app->ring, &app->sent))
        return false;
    const enum feed_reading reading =
        feed_read(feed, job->app_id, &job->filter, job->arena, &job->answer);
    if (reading == FEED_REPLACED && app != NULL)
        app->sent = feed_sent_nothing(&app->ring);
    return reading == FEED_READ;
}

static void log_from_ring(struct journal_job *job, struct journal_app *app)
{
    uint64_t sequence = app == NULL ? 0 : ring_newest(&app->ring);
    int64_t left = job->filter.limit;
    struct arena scratch = {0};
    struct record record;
    struct buffer buffer;
    struct writer writer;

    buffer_init(&buffer, job->arena, ARRAY_BYTES_MIN);
    writer_init(&writer, &buffer);
    writer_begin_array(&writer, NULL);
    for (; left > 0 && sequence > 0 && ring_read(&app->ring, sequence, &scratch, &record);
         sequence--) {
        char id[RING_ID_BYTES];

        if (!record_filter_takes(&job->filter, &record))
            continue;
        (void)snprintf(id, sizeof id, "%" PRId64 "-%" PRIu64, record.time_us / MILLISECOND_US,
                       sequence);
        record_write(&record, text_of(id), &writer);
        left--;
    }
    writer_end_array(&writer);
    job->answer = buffer_text(&buffer);
    arena_close(&scratch);
}

static bool answer_usage(struct journal_job *job, struct feed *feed, struct journal_app *app)
{
    if (job->progress == NULL)
        usage_begin(job);
    if (can_ask(feed)) {
        switch (usage_from_feed(job, feed, app)) {
        case USAGE_READ_SOME:
            return false;
        case USAGE_READ_ALL:
            usage_finish(job);
            return true;
        case USAGE_NOT_READ:
            break;
        }
    }
    journal_answer_abandon(job); /* part of it may have come */
    usage_begin(job);
    job->progress->report.degraded = feed != NULL;
    if (app != NULL && app->usage != NULL)
        usage_from_app(app->usage, &job->progress->report);
    usage_finish(job);
    return true;
}

static void usage_begin(struct journal_job *job)
{
    struct usage_progress *progress = ARENA_NEW(job->arena, struct usage_progress);

    usage_report_init(&progress->report, &job->query, clock_wall_us() / MINUTE_US, job->arena);
    progress->cursor = usage_feed_start(&progress->report);
    job->progress = progress;
}

static void usage_finish(struct journal_job *job)
{
    job->answer = usage_report_write(&job->progress->report, job->arena);
    journal_answer_abandon(job);
}

/* First what is counted here goes to Redis, then all that is there is read. */
static enum usage_read usage_from_feed(struct journal_job *job, struct feed *feed,
                                       struct journal_app *app)
{
    struct usage_progress *progress = job->progress;

    if (!progress->has_sent && app != NULL && app->usage != NULL) {
        switch (usage_feed_send(feed, app->id, app->usage)) {
        case USAGE_SENT_ALL:
            break;
        case USAGE_SENT_SOME:
            return USAGE_READ_SOME;
        case USAGE_NOT_SENT:
            return USAGE_NOT_READ;
        }
    }
    progress->has_sent = true;
    return usage_feed_read(feed, job->app_id, &progress->report, &progress->cursor);
}

static void usage_from_app(const struct usage_app *usage, struct usage_report *report)
{
    if (report->hourly_before < usage_minutes_from(usage))
        report->hourly_before = usage_minutes_from(usage);
    usage_visit(usage, report, on_usage);
}

static void on_usage(void *context, const struct usage_view *view)
{
    usage_report_add(context, view);
}
