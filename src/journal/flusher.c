/* SPDX-License-Identifier: MIT */
#include "flusher.h"

#include "base/clock.h"
#include "base/duration.h"
#include "base/log.h"
#include "base/memory.h"
#include "journal/usage_feed.h"

#define NEVER INT64_MAX

struct flusher {
    struct queue *dirty;         /* apps; they may wait for the next flush */
    _Atomic(int64_t) give_up_us; /* nothing is sent from here on; NEVER until the end */
    struct feed *feed;           /* NULL: the rings are the log, and usage is this process' own */
    struct usage *usage;
    struct ring_counts counts; /* what is being rolled up */
    STAILQ_HEAD(, journal_app) dirty_apps;
    STAILQ_HEAD(, journal_app) unsent_apps; /* with usage that the feed has not */
    int64_t flush_at_us;                    /* while there are dirty apps */
    int64_t send_usage_at_us;               /* while there are unsent ones */
};

static void flush(struct flusher *flusher);
static void note_unsent(struct flusher *flusher, struct journal_app *app);
static void send_usage(struct flusher *flusher);
static bool gives_up(const struct flusher *flusher);
static void tell_unsent(const struct flusher *flusher);

struct flusher *flusher_new(struct feed *feed)
{
    struct flusher *flusher = MEMORY_NEW(struct flusher);

    flusher->dirty = queue_new(0);
    flusher->feed = feed;
    flusher->usage = usage_new(USAGE_BYTES_MAX);
    atomic_init(&flusher->give_up_us, NEVER);
    STAILQ_INIT(&flusher->dirty_apps);
    STAILQ_INIT(&flusher->unsent_apps);
    return flusher;
}

void flusher_free(struct flusher *flusher)
{
    usage_free(flusher->usage);
    ring_counts_close(&flusher->counts);
    queue_free(flusher->dirty);
    free(flusher);
}

void flusher_on_dirty(struct queue_item *item)
{
    struct journal_app *app = CONTAINER_OF(item, struct journal_app, item);
    struct flusher *flusher = app->flusher;

    if (STAILQ_EMPTY(&flusher->dirty_apps))
        flusher->flush_at_us =
            clock_monotonic_us() + (flusher->feed == NULL ? JOURNAL_ROLL_UP_US : JOURNAL_FLUSH_US);
    STAILQ_INSERT_TAIL(&flusher->dirty_apps, app, in_dirty);
}

/* No record is missed: flush() clears the mark before it locks the ring to look. A record that it
 * does not see was added after that, by a thread that therefore sees the mark cleared. */
void flusher_mark(struct journal_app *app)
{
    if (atomic_load_explicit(&app->dirty, memory_order_relaxed) ||
        atomic_exchange(&app->dirty, true))
        return;
    const bool posted = queue_post(app->flusher->dirty, &app->item);
    ASSERT(posted);
}

int flusher_fd(const struct flusher *flusher)
{
    return STAILQ_EMPTY(&flusher->dirty_apps) ? queue_fd(flusher->dirty) : -1;
}

int64_t flusher_due_us(const struct flusher *flusher)
{
    const int64_t rests_until_us = flusher->feed == NULL ? 0 : feed_rests_until_us(flusher->feed);
    int64_t due_us = NEVER;

    if (!STAILQ_EMPTY(&flusher->dirty_apps))
        due_us = flusher->flush_at_us;
    if (!STAILQ_EMPTY(&flusher->unsent_apps) && flusher->send_usage_at_us < due_us)
        due_us = flusher->send_usage_at_us;
    return due_us > rests_until_us ? due_us : rests_until_us;
}

void flusher_turn(struct flusher *flusher)
{
    const bool is_due = clock_monotonic_us() >= flusher_due_us(flusher);

    if (is_due || STAILQ_EMPTY(&flusher->dirty_apps))
        queue_drain(flusher->dirty);
    if (is_due)
        flush(flusher);
}

void flusher_end(struct flusher *flusher)
{
    queue_drain(flusher->dirty);
    flush(flusher);
    send_usage(flusher);
    queue_drain(flusher->dirty); /* those that were not sent */
    if (flusher->feed != NULL)
        tell_unsent(flusher);
}

void flusher_give_up_at(struct flusher *flusher, int64_t give_up_us)
{
    atomic_store(&flusher->give_up_us, give_up_us);
}

/* The earlier minute first. */
void flusher_roll_up(struct flusher *flusher, struct journal_app *app)
{
    struct ring_counts *counts = &flusher->counts;

    ring_take_counts(&app->ring, counts);
    if (counts->tallies[0].count + counts->tallies[1].count == 0)
        return;
    if (app->usage == NULL)
        app->usage = usage_app_new(flusher->usage);
    const size_t earlier = counts->tallies[0].minute < counts->tallies[1].minute ? 0 : 1;
    const int64_t elapsed_minutes = clock_monotonic_us() / MINUTE_US;
    usage_add(app->usage, &counts->tallies[earlier], elapsed_minutes);
    usage_add(app->usage, &counts->tallies[1 - earlier], elapsed_minutes);
    if (counts->denied != NULL)
        usage_add_denied(app->usage, counts->denied);
    if (flusher->feed != NULL)
        note_unsent(flusher, app);
}

/* Rolls up all, and sends until Redis is away. The app that failed comes last the next time:
 * should it be the trouble, it does not stop the others. */
static void flush(struct flusher *flusher)
{
    struct journal_app *failed = NULL;
    struct journal_app *app;

    while ((app = STAILQ_FIRST(&flusher->dirty_apps)) != NULL) {
        STAILQ_REMOVE_HEAD(&flusher->dirty_apps, in_dirty);
        atomic_store(&app->dirty, false);
        flusher_roll_up(flusher, app);
        if (flusher->feed == NULL)
            continue;
        if (failed == NULL && !gives_up(flusher) &&
            feed_send(flusher->feed, app->id, &app->ring, &app->sent))
            continue;
        if (failed == NULL && feed_is_away(flusher->feed))
            failed = app;
        else
            flusher_mark(app);
    }
    if (clock_monotonic_us() >= flusher->send_usage_at_us)
        send_usage(flusher);
    if (failed != NULL)
        flusher_mark(failed);
}

static void note_unsent(struct flusher *flusher, struct journal_app *app)
{
    if (app->unsent)
        return;
    if (STAILQ_EMPTY(&flusher->unsent_apps))
        flusher->send_usage_at_us = clock_monotonic_us() + JOURNAL_SEND_USAGE_US;
    STAILQ_INSERT_TAIL(&flusher->unsent_apps, app, in_unsent);
    app->unsent = true;
}

/* Not while Redis is left alone; otherwise as flush() does. */
static void send_usage(struct flusher *flusher)
{
    STAILQ_HEAD(, journal_app) unsent = STAILQ_HEAD_INITIALIZER(unsent);
    struct journal_app *failed = NULL;
    struct journal_app *app;

    if (flusher->feed == NULL || clock_monotonic_us() < feed_rests_until_us(flusher->feed))
        return;
    STAILQ_CONCAT(&unsent, &flusher->unsent_apps);
    while ((app = STAILQ_FIRST(&unsent)) != NULL) {
        STAILQ_REMOVE_HEAD(&unsent, in_unsent);
        app->unsent = false;
        if (failed == NULL && !gives_up(flusher) &&
            usage_feed_send(flusher->feed, app->id, app->usage))
            continue;
        if (failed == NULL && feed_is_away(flusher->feed))
            failed = app;
        else
            note_unsent(flusher, app);
    }
    if (failed != NULL)
        note_unsent(flusher, failed);
}

static bool gives_up(const struct flusher *flusher)
{
    return clock_monotonic_us() >= atomic_load(&flusher->give_up_us);
}

static void tell_unsent(const struct flusher *flusher)
{
    struct journal_app *app;
    uint64_t records = 0;
    int64_t usages = 0;

    STAILQ_FOREACH(app, &flusher->dirty_apps, in_dirty)
    records += ring_newest(&app->ring) - app->sent;
    STAILQ_FOREACH(app, &flusher->unsent_apps, in_unsent)
    usages++;
    if (records > 0 || usages > 0)
        log_write(LOG_WARN, "journal not all sent", LOG_INTEGER("count", (int64_t)records),
                  LOG_INTEGER("usage_apps", usages));
}
