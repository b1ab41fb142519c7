/* SPDX-License-Identifier: MIT
 *
 * A turn is one step of one job, and what is due for the tails. A job that needs a flush is set
 * aside until the flusher has answered, and keeps its place in the inbox: so the inbox bounds how
 * many wait. A flush belongs to the flusher until it is answered, also when nobody waits for it
 * any more. */
#include "reader.h"

#include "base/clock.h"
#include "base/duration.h"
#include "base/memory.h"
#include "journal_answer.h"

#define NEVER INT64_MAX

/* A flush that was asked for, or one that is spare. */
struct asked {
    struct flush flush;
    struct reader *reader;
    struct journal_job *job; /* NULL: none waits for it */
    int64_t late_us;         /* the job waits no longer */
    TAILQ_ENTRY(asked) in_list;
    SLIST_ENTRY(asked) in_all;
};

TAILQ_HEAD(asked_list, asked);

struct reader {
    struct journal_apps *apps;
    struct flusher *flusher;
    struct feed *feed;
    struct usage_file *usage_file; /* NULL: none */
    struct inbox *jobs;
    struct tails *tails;
    struct queue *flushed;     /* what the flusher has answered */
    struct asked_list waiting; /* with jobs, the oldest first */
    struct asked_list spare;
    SLIST_HEAD(, asked) all;
    size_t count; /* of all */
};

static bool wait_for_work(const struct reader *reader, struct journal_thread *thread);
static void give_up_late(struct reader *reader, int64_t now_us);
static void take_job(struct reader *reader);
static void ask_flusher(struct reader *reader, struct journal_job *job, struct journal_app *app);
static struct asked *asked_find_spare(struct reader *reader);
static void on_flushed(struct flush *flush);
static void resume(struct reader *reader, struct asked *asked, bool succeeded);
static void end(struct reader *reader);
static void refuse(struct journal_job *job);
static void reply(struct journal_job *job, bool available);
static void on_answered(struct queue_item *item);

struct reader *reader_new(struct journal_apps *apps, struct flusher *flusher, struct feed *feed)
{
    struct reader *reader = MEMORY_NEW(struct reader);

    reader->apps = apps;
    reader->flusher = flusher;
    reader->feed = feed;
    reader->jobs = inbox_new(JOURNAL_JOBS_MAX);
    reader->tails = tails_new(feed);
    reader->flushed = queue_new(0);
    TAILQ_INIT(&reader->waiting);
    TAILQ_INIT(&reader->spare);
    SLIST_INIT(&reader->all);
    return reader;
}

void reader_keep_usage(struct reader *reader, struct usage_file *file)
{
    reader->usage_file = file;
}

void reader_free(struct reader *reader)
{
    struct asked *asked;

    while ((asked = SLIST_FIRST(&reader->all)) != NULL) {
        SLIST_REMOVE_HEAD(&reader->all, in_all);
        free(asked);
    }
    queue_free(reader->flushed);
    inbox_free(reader->jobs);
    tails_free(reader->tails);
    free(reader);
}

bool reader_submit(struct reader *reader, struct journal_job *job)
{
    job->item.run = on_answered;
    job->progress = NULL;
    job->expires_us = clock_monotonic_us() + JOURNAL_JOB_TIMEOUT_US;
    return inbox_post(reader->jobs, &job->turn, job->tenant);
}

struct tails *reader_tails(struct reader *reader)
{
    return reader->tails;
}

void reader_work(void *context, struct journal_thread *thread)
{
    struct reader *reader = context;

    while (wait_for_work(reader, thread)) {
        queue_drain(reader->flushed);
        give_up_late(reader, clock_monotonic_us());
        take_job(reader);
        tails_turn(reader->tails);
    }
    end(reader);
}

static bool wait_for_work(const struct reader *reader, struct journal_thread *thread)
{
    const struct asked *oldest = TAILQ_FIRST(&reader->waiting);
    struct pollfd inputs[] = {
        {.fd = -1},
        {.fd = inbox_fd(reader->jobs), .events = POLLIN},
        {.fd = queue_fd(reader->flushed), .events = POLLIN},
        {.fd = tails_fd(reader->tails), .events = POLLIN},
    };
    int64_t until_us = tails_due_us(reader->tails);

    if (oldest != NULL && oldest->late_us < until_us)
        until_us = oldest->late_us;
    return journal_thread_wait(thread, inputs, ARRAY_COUNT(inputs), until_us);
}

static void give_up_late(struct reader *reader, int64_t now_us)
{
    struct asked *oldest;

    while ((oldest = TAILQ_FIRST(&reader->waiting)) != NULL && oldest->late_us <= now_us)
        resume(reader, oldest, false);
}

static void take_job(struct reader *reader)
{
    struct fair_item *turn = inbox_take(reader->jobs);

    if (turn == NULL)
        return;

    struct journal_job *job = CONTAINER_OF(turn, struct journal_job, turn);
    struct journal_app *app = journal_apps_find(reader->apps, job->app_id);

    if (job->progress == NULL && clock_monotonic_us() >= job->expires_us) {
        refuse(job);
        return;
    }
    switch (journal_answer(job, reader->feed, reader->usage_file, app)) {
    case JOURNAL_ANSWERED:
        reply(job, true);
        break;
    case JOURNAL_GOES_ON:
        inbox_put_back(reader->jobs, turn);
        break;
    case JOURNAL_NEEDS_FLUSH:
        ask_flusher(reader, job, app);
        break;
    }
}

/* Without a feed the flusher never hangs, and only it can tell how much was counted. */
static void ask_flusher(struct reader *reader, struct journal_job *job, struct journal_app *app)
{
    struct asked *asked = asked_find_spare(reader);

    inbox_set_aside(reader->jobs, &job->turn);
    if (asked == NULL) {
        journal_answer_note_flush(job, false);
        inbox_resume(reader->jobs, &job->turn);
        return;
    }
    TAILQ_REMOVE(&reader->spare, asked, in_list);
    TAILQ_INSERT_TAIL(&reader->waiting, asked, in_list);
    asked->job = job;
    asked->late_us = reader->feed == NULL ? NEVER : clock_monotonic_us() + READER_PATIENCE_US;
    journal_answer_ask(job, app, &asked->flush);
    flusher_ask(reader->flusher, &asked->flush);
}

/* NULL when so many are out that the flusher hangs. */
static struct asked *asked_find_spare(struct reader *reader)
{
    struct asked *asked = TAILQ_FIRST(&reader->spare);

    if (asked != NULL || reader->count == JOURNAL_JOBS_MAX)
        return asked;
    asked = MEMORY_NEW(struct asked);
    asked->reader = reader;
    asked->flush.reply_to = reader->flushed;
    asked->flush.done = on_flushed;
    TAILQ_INSERT_HEAD(&reader->spare, asked, in_list);
    SLIST_INSERT_HEAD(&reader->all, asked, in_all);
    reader->count++;
    return asked;
}

static void on_flushed(struct flush *flush)
{
    struct asked *asked = CONTAINER_OF(flush, struct asked, flush);
    struct reader *reader = asked->reader;

    if (asked->job != NULL && flush->has_lost)
        journal_answer_note_lost(asked->job);
    if (asked->job != NULL)
        resume(reader, asked, flush->succeeded);
    TAILQ_INSERT_HEAD(&reader->spare, asked, in_list);
}

/* The flush is in no list afterwards. */
static void resume(struct reader *reader, struct asked *asked, bool succeeded)
{
    TAILQ_REMOVE(&reader->waiting, asked, in_list);
    journal_answer_note_flush(asked->job, succeeded);
    inbox_resume(reader->jobs, &asked->job->turn);
    asked->job = NULL;
}

static void end(struct reader *reader)
{
    struct fair_item *turn;

    give_up_late(reader, NEVER);
    while ((turn = inbox_take(reader->jobs)) != NULL)
        refuse(CONTAINER_OF(turn, struct journal_job, turn));
    tails_end(reader->tails);
}

static void refuse(struct journal_job *job)
{
    journal_answer_abandon(job);
    reply(job, false);
}

static void reply(struct journal_job *job, bool available)
{
    job->available = available;
    const bool posted = queue_post(job->reply_to, &job->item);
    ASSERT(posted);
}

static void on_answered(struct queue_item *item)
{
    struct journal_job *job = CONTAINER_OF(item, struct journal_job, item);

    job->done(job);
}
