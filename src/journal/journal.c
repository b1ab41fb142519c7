/* SPDX-License-Identifier: MIT
 *
 * Three sides. Recording threads find the app, copy the record into its ring, which counts it, and
 * mark the app dirty: the first mark posts the app to the flusher's thread. That thread sleeps
 * until an app is posted or asked for, and flushes some time after the first dirty app. So a
 * process without decisions never wakes, and a busy one only a few times per second. The readers'
 * thread answers the jobs. */
#include "journal/journal.h"

#include "base/memory.h"
#include "flusher.h"
#include "journal/entry_id.h"
#include "journal/feed.h"
#include "journal/usage_file.h"
#include "journal_apps.h"
#include "journal_thread.h"
#include "reader.h"
#include "silence.h"

#define NEVER INT64_MAX

/* Without a feed the rings are the log, and usage is not shared, but kept in a file. */
struct journal {
    struct journal_apps apps;
    struct flusher *flusher;
    struct feed *feed_to_send; /* the flusher's thread only; NULL: none */
    struct journal_thread flushing;
    struct reader *reader;
    struct feed *feed_to_read; /* the readers' thread only; NULL: none */
    struct journal_thread reading;
    struct usage_file *usage_file; /* NULL: none */
    bool was_stopped;
};

static void ask_to_stop(struct journal *journal, int64_t give_up_us);
static void flusher_work(void *context, struct journal_thread *thread);
static bool wait_for_work(const struct flusher *flusher, struct journal_thread *thread);
static void counts_add(struct journal_counts *counts, const struct feed *feed);

struct journal *journal_new(struct redis_topology *topology)
{
    struct journal *journal = MEMORY_NEW(struct journal);
    const uint64_t instance = entry_id_new_instance();

    journal_apps_init(&journal->apps, instance);
    if (topology != NULL) {
        journal->feed_to_send = feed_new(topology, instance);
        journal->feed_to_read = feed_new(topology, instance);
    }
    journal->flusher = flusher_new(journal->feed_to_send);
    journal->reader = reader_new(&journal->apps, journal->flusher, journal->feed_to_read);
    journal_thread_init(&journal->flushing, "journal", flusher_work, journal->flusher);
    journal_thread_init(&journal->reading, "reader", reader_work, journal->reader);
    return journal;
}

void journal_keep_usage(struct journal *journal, const char *path)
{
    ASSERT(journal->feed_to_send == NULL && journal->usage_file == NULL);
    journal->usage_file = usage_file_new(path, journal->apps.instance, USAGE_FILE_BYTES_MAX);
    flusher_keep_usage(journal->flusher, journal->usage_file);
    reader_keep_usage(journal->reader, journal->usage_file);
}

void journal_start(struct journal *journal)
{
    journal_thread_start(&journal->flushing);
    journal_thread_start(&journal->reading);
}

/* Both end at the same time. */
bool journal_stop(struct journal *journal, int64_t give_up_us, int64_t deadline_us)
{
    ask_to_stop(journal, give_up_us);
    const bool reading_ended = journal_thread_join(&journal->reading, deadline_us);
    const bool flushing_ended = journal_thread_join(&journal->flushing, deadline_us);

    return reading_ended && flushing_ended;
}

void journal_free(struct journal *journal)
{
    if (journal == NULL)
        return;
    if (!journal->was_stopped)
        ask_to_stop(journal, NEVER);
    journal_thread_end(&journal->reading);
    journal_thread_end(&journal->flushing);
    journal_thread_close(&journal->reading);
    journal_thread_close(&journal->flushing);
    reader_free(journal->reader);
    journal_apps_close(&journal->apps);
    flusher_free(journal->flusher);
    usage_file_free(journal->usage_file);
    feed_free(journal->feed_to_read);
    feed_free(journal->feed_to_send);
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
    const uint64_t sequence = ring_add(&app->ring, record);

    flusher_mark(app);
    if (sequence % (JOURNAL_RECORDS / 2) == 0)
        flusher_hurry(app);
}

struct journal_counts journal_counts(const struct journal *journal)
{
    const struct silence *silence = flusher_silence(journal->flusher);
    struct journal_counts counts = {
        .bytes = figure_get(&silence->bytes),
        .gave_way = figure_get(&silence->gave_way),
    };

    if (journal->feed_to_send != NULL) {
        counts_add(&counts, journal->feed_to_send);
        counts_add(&counts, journal->feed_to_read);
    }
    if (journal->usage_file != NULL)
        counts.flush_failures += usage_file_failures(journal->usage_file);
    return counts;
}

struct tails *journal_tails(struct journal *journal)
{
    return reader_tails(journal->reader);
}

bool journal_submit(struct journal *journal, struct journal_job *job)
{
    return reader_submit(journal->reader, job);
}

static void ask_to_stop(struct journal *journal, int64_t give_up_us)
{
    journal->was_stopped = true;
    flusher_give_up_at(journal->flusher, give_up_us);
    journal_thread_ask_to_stop(&journal->reading);
    journal_thread_ask_to_stop(&journal->flushing);
}

/* A journal_work_fn. */
static void flusher_work(void *context, struct journal_thread *thread)
{
    struct flusher *flusher = context;

    while (wait_for_work(flusher, thread))
        flusher_turn(flusher);
    flusher_end(flusher);
}

static bool wait_for_work(const struct flusher *flusher, struct journal_thread *thread)
{
    struct pollfd inputs[] = {
        {.fd = -1},
        {.fd = flusher_asks_fd(flusher), .events = POLLIN},
        {.fd = flusher_fd(flusher), .events = POLLIN},
    };

    return journal_thread_wait(thread, inputs, ARRAY_COUNT(inputs), flusher_due_us(flusher));
}

static void counts_add(struct journal_counts *counts, const struct feed *feed)
{
    counts->flush_failures += feed_failures(feed);
    counts->dropped += feed_dropped(feed);
    counts->replaced += feed_replaced(feed);
}
