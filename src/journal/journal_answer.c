/* SPDX-License-Identifier: MIT */
#include "journal_answer.h"

#include "base/clock.h"
#include "base/duration.h"
#include "journal/usage_feed.h"

#include <inttypes.h>

#define ARRAY_BYTES_MIN 256
#define RING_ID_BYTES   48

static bool can_ask(const struct feed *feed);
static bool log_from_feed(struct journal_job *job, struct feed *feed, struct journal_app *app);
static void log_from_ring(struct journal_job *job, struct journal_app *app);
static void answer_usage(struct journal_job *job, struct feed *feed, struct journal_app *app);
static bool usage_from_feed(const struct journal_job *job, struct feed *feed,
                            struct journal_app *app, struct usage_report *report);
static void usage_from_app(const struct usage_app *usage, struct usage_report *report);
static void on_usage(void *context, const struct usage_view *view);

void journal_answer(struct journal_job *job, struct feed *feed, struct journal_app *app)
{
    switch (job->asks) {
    case JOURNAL_LOG:
        if (!can_ask(feed) || !log_from_feed(job, feed, app))
            log_from_ring(job, app);
        break;
    case JOURNAL_USAGE:
        answer_usage(job, feed, app);
        break;
    }
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

static void answer_usage(struct journal_job *job, struct feed *feed, struct journal_app *app)
{
    const int64_t now = clock_wall_us() / MINUTE_US;
    struct usage_report report;

    usage_report_init(&report, &job->query, now, job->arena);
    if (!can_ask(feed) || !usage_from_feed(job, feed, app, &report)) {
        usage_report_close(&report); /* part of it may have come */
        usage_report_init(&report, &job->query, now, job->arena);
        report.degraded = feed != NULL;
        if (app != NULL && app->usage != NULL)
            usage_from_app(app->usage, &report);
    }
    job->answer = usage_report_write(&report, job->arena);
    usage_report_close(&report);
}

static bool usage_from_feed(const struct journal_job *job, struct feed *feed,
                            struct journal_app *app, struct usage_report *report)
{
    enum usage_sent sent = USAGE_SENT_ALL;

    do {
        if (app != NULL && app->usage != NULL)
            sent = usage_feed_send(feed, app->id, app->usage);
    } while (sent == USAGE_SENT_SOME);
    if (sent != USAGE_SENT_ALL)
        return false;
    return usage_feed_read(feed, job->app_id, report);
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
