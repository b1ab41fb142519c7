/* SPDX-License-Identifier: MIT */
#include "journal_answer.h"

#include "base/clock.h"
#include "base/duration.h"
#include "journal/entry_id.h"
#include "journal/usage_csv.h"
#include "journal/usage_feed.h"
#include "journal/usage_file.h"

#define ARRAY_BYTES_MIN 256

/* What Redis, or the file, has answered so far. */
struct journal_progress {
    enum { FLUSH_NEEDED, FLUSH_DONE, FLUSH_FAILED } flush; /* of what this instance knows */
    bool was_replaced;           /* what Redis, or the file, had is gone, or was not ours */
    bool has_begun;              /* with the members below */
    struct arena scratch;        /* of JOURNAL_LOG */
    struct feed_entries entries; /* of JOURNAL_LOG and JOURNAL_ENTRIES */
    struct usage_report report;  /* of JOURNAL_USAGE */
    struct usage_cursor cursor;
    struct usage_file *file; /* where usage is read, without a feed; NULL: none */
};

static enum journal_answered begin_again(struct journal_job *job);
static enum feed_reading read_some(struct journal_job *job, struct feed *feed,
                                   struct journal_app *app);
static bool can_ask(const struct feed *feed);
static void begin(struct journal_job *job);
static void close_begun(struct journal_job *job);
static bool log_is_behind(const struct feed *feed, struct journal_app *app);
static void log_begin(struct journal_job *job);
static enum feed_reading log_read(struct journal_job *job, struct feed *feed,
                                  struct journal_app *app);
static void log_finish(struct journal_job *job);
static void log_close(struct journal_progress *progress);
static void log_from_ring(struct journal_job *job, bool has_feed, struct journal_app *app);
static void entries_begin(struct journal_job *job);
static void entries_finish(struct journal_job *job);
static void entries_close(struct journal_progress *progress);
static void entries_from_ring(struct journal_job *job, bool has_feed, struct journal_app *app);
static bool usage_is_behind(const struct feed *feed, struct journal_app *app);
static void usage_begin(struct journal_job *job);
static enum feed_reading usage_read(struct journal_job *job, struct feed *feed,
                                    struct journal_app *app);
static void usage_finish(struct journal_job *job);
static void usage_close(struct journal_progress *progress);
static void usage_from_app(struct journal_job *job, bool has_feed, struct journal_app *app);

static const struct {
    enum cargo cargo;
    bool (*is_behind)(const struct feed *feed, struct journal_app *app);
    void (*begin)(struct journal_job *job);
    enum feed_reading (*read)(struct journal_job *job, struct feed *feed, struct journal_app *app);
    void (*finish)(struct journal_job *job);
    void (*close)(struct journal_progress *progress);
    void (*from_here)(struct journal_job *job, bool has_feed, struct journal_app *app);
} answers[] = {
    [JOURNAL_LOG] = {CARGO_LOG, log_is_behind, log_begin, log_read, log_finish, log_close,
                     log_from_ring},
    [JOURNAL_USAGE] = {CARGO_USAGE, usage_is_behind, usage_begin, usage_read, usage_finish,
                       usage_close, usage_from_app},
    [JOURNAL_ENTRIES] = {CARGO_LOG, log_is_behind, entries_begin, log_read, entries_finish,
                         entries_close, entries_from_ring},
};

/* First the app is flushed, so that a caller always sees its own decisions. */
enum journal_answered journal_answer(struct journal_job *job, struct feed *feed,
                                     struct usage_file *file, struct journal_app *app)
{
    if (job->progress == NULL)
        job->progress = ARENA_NEW(job->arena, struct journal_progress);
    job->progress->file = job->asks == JOURNAL_USAGE ? file : NULL;
    if (job->progress->flush == FLUSH_NEEDED) {
        if (app != NULL && answers[job->asks].is_behind(feed, app))
            return JOURNAL_NEEDS_FLUSH;
        job->progress->flush = FLUSH_DONE;
    }
    switch (read_some(job, feed, app)) {
    case FEED_READ_SOME:
        return JOURNAL_GOES_ON;
    case FEED_READ_ALL:
        answers[job->asks].finish(job);
        break;
    case FEED_REPLACED:
        if (app != NULL && !job->progress->was_replaced)
            return begin_again(job);
        answers[job->asks].from_here(job, feed != NULL, app);
        break;
    case FEED_FAILED:
        answers[job->asks].from_here(job, feed != NULL, app);
        break;
    }
    journal_answer_abandon(job);
    return JOURNAL_ANSWERED;
}

void journal_answer_ask(const struct journal_job *job, struct journal_app *app, struct flush *flush)
{
    flush->app = app;
    flush->cargo = answers[job->asks].cargo;
    flush->upto = ring_newest(&app->ring);
    flush->from_lost = job->progress->was_replaced;
    flush->has_lost = false;
}

void journal_answer_note_flush(struct journal_job *job, bool succeeded)
{
    job->progress->flush = succeeded ? FLUSH_DONE : FLUSH_FAILED;
}

void journal_answer_note_lost(struct journal_job *job)
{
    job->progress->was_replaced = true;
}

void journal_answer_abandon(struct journal_job *job)
{
    if (job->progress != NULL)
        close_begun(job);
    job->progress = NULL;
}

/* What is held here is sent again, and read then. */
static enum journal_answered begin_again(struct journal_job *job)
{
    close_begun(job);
    job->progress->was_replaced = true;
    job->progress->flush = FLUSH_NEEDED;
    return JOURNAL_NEEDS_FLUSH;
}

static enum feed_reading read_some(struct journal_job *job, struct feed *feed,
                                   struct journal_app *app)
{
    if (job->progress->flush == FLUSH_FAILED || (job->progress->file == NULL && !can_ask(feed)))
        return FEED_FAILED;
    begin(job);
    return answers[job->asks].read(job, feed, app);
}

static bool can_ask(const struct feed *feed)
{
    return feed != NULL && clock_monotonic_us() >= feed_rests_until_us(feed);
}

static void begin(struct journal_job *job)
{
    if (!job->progress->has_begun)
        answers[job->asks].begin(job);
    job->progress->has_begun = true;
}

static void close_begun(struct journal_job *job)
{
    if (job->progress->has_begun)
        answers[job->asks].close(job->progress);
    job->progress->has_begun = false;
}

static bool log_is_behind(const struct feed *feed, struct journal_app *app)
{
    return can_ask(feed) && app->sent < ring_newest(&app->ring);
}

static void log_begin(struct journal_job *job)
{
    arena_init(&job->progress->scratch);
    feed_entries_init(&job->progress->entries, &job->filter, &job->progress->scratch);
}

static enum feed_reading log_read(struct journal_job *job, struct feed *feed,
                                  struct journal_app *app)
{
    struct feed_entries *entries = &job->progress->entries;

    feed_entries_know(entries, feed_instance(feed), app == NULL ? NULL : &app->ring);
    return feed_read(feed, job->app_id, entries);
}

static void log_finish(struct journal_job *job)
{
    job->answer = feed_entries_write(&job->progress->entries, job->arena);
}

static void log_close(struct journal_progress *progress)
{
    arena_close(&progress->scratch);
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

/* What is read lies in the asker's arena, because the asker gets it. */
static void entries_begin(struct journal_job *job)
{
    job->filter = (struct record_filter){.limit = JOURNAL_RECORDS};
    feed_entries_init(&job->progress->entries, &job->filter, job->arena);
}

static void entries_finish(struct journal_job *job)
{
    job->entries = *feed_entries_list(&job->progress->entries, LOG_ORDER_AS_DECIDED);
}

static void entries_close(struct journal_progress *progress)
{
    (void)progress;
}

static void entries_from_ring(struct journal_job *job, bool has_feed, struct journal_app *app)
{
    uint64_t sequence = app == NULL ? 0 : ring_newest(&app->ring);
    struct record record;

    log_entries_init(&job->entries, job->arena);
    job->entries.degraded = has_feed;
    for (; sequence > 0 && ring_read(&app->ring, sequence, job->arena, &record); sequence--) {
        if (!log_entries_add(&job->entries, &(struct entry_id){app->instance, sequence}, &record))
            break;
    }
    log_entries_settle(&job->entries, LOG_ORDER_AS_DECIDED);
}

/* Only the flusher knows what is counted and not sent; without a feed it has to sum that up. */
static bool usage_is_behind(const struct feed *feed, struct journal_app *app)
{
    (void)feed;
    (void)app;
    return true;
}

static void usage_begin(struct journal_job *job)
{
    struct journal_progress *progress = job->progress;

    usage_report_init(&progress->report, &job->query, clock_wall_us() / MINUTE_US, job->arena);
    progress->cursor = usage_cursor_start(&progress->report);
}

static enum feed_reading usage_read(struct journal_job *job, struct feed *feed,
                                    struct journal_app *app)
{
    struct journal_progress *progress = job->progress;

    if (progress->file != NULL)
        return usage_file_read(progress->file, job->app_id, &progress->report, &progress->cursor);
    return usage_feed_read(feed, job->app_id, app == NULL ? NULL : app->usage, &progress->report,
                           &progress->cursor);
}

/* What was lost is there again as far as it is held here. */
static void usage_finish(struct journal_job *job)
{
    struct usage_report *report = &job->progress->report;

    report->degraded |= job->progress->was_replaced;
    job->answer = job->query.as_csv ? usage_csv_write(report, job->arena)
                                    : usage_report_write(report, job->arena);
}

static void usage_close(struct journal_progress *progress)
{
    usage_report_close(&progress->report);
}

/* Part of it may have come from Redis, or from the file. */
static void usage_from_app(struct journal_job *job, bool has_feed, struct journal_app *app)
{
    const struct usage_app *usage = app == NULL ? NULL : app->usage;

    close_begun(job);
    begin(job);
    job->progress->report.degraded = has_feed || job->progress->file != NULL;
    if (usage != NULL)
        usage_tell(usage, &job->progress->report);
    usage_finish(job);
}
