/* SPDX-License-Identifier: MIT
 *
 * For each cargo an app is in at most one list: it waits for the next flush, or it is on its way in
 * the present flush. A turn sends for some apps that are on their way. An app with more to send
 * goes behind the others. An app that is asked for stays in its list: when its time comes there,
 * only what is new since then is sent. */
#include "flusher.h"

#include "base/clock.h"
#include "base/duration.h"
#include "base/log.h"
#include "base/memory.h"
#include "journal/usage_file.h"
#include "round_trip.h"
#include "silence.h"

#define NEVER            INT64_MAX
#define ROLL_UPS_IN_TURN 64 /* some 100 us */
#define SAVES_IN_TURN    64 /* some ms */

STAILQ_HEAD(cargo_apps, journal_app);

struct flusher {
    struct queue *dirty;         /* apps; they may wait for the next flush */
    struct queue *asks;          /* flushes; they may not */
    _Atomic(int64_t) give_up_us; /* from this time on nothing is sent; NEVER until the end */
    struct feed *feed;           /* NULL: the rings are the log, and usage is not shared */
    struct usage_file *file;     /* NULL: usage is not saved; only without a feed */
    struct usage *usage;
    SLIST_HEAD(, journal_app) counted; /* all apps with usage */
    struct ring_counts counts;         /* what is being rolled up */
    struct silence silence;
    /* For CARGO_LOG the dirty apps; for CARGO_USAGE the apps with usage that neither the feed nor
     * the file has. */
    struct cargo_apps waiting[CARGOS];
    struct cargo_apps going[CARGOS];
    int64_t begin_us[CARGOS]; /* when waiting apps begin, if there are any */
    struct flushes flushes;   /* what is asked for */
    bool is_ending;
    bool has_failed; /* reset when the end begins */
    struct round_trip trip;
};

static void on_hurried(struct flush *flush);
static void on_asked(struct queue_item *item);
static bool is_going(const struct flusher *flusher);
static void begin(struct flusher *flusher, enum cargo cargo);
static void end(struct flusher *flusher, enum cargo cargo);
static void go_on(struct flusher *flusher, enum cargo cargo);
static bool can_send(const struct flusher *flusher);
static void send_some(struct flusher *flusher, enum cargo cargo);
static bool can_fill(const struct round_trip *trip, enum cargo cargo);
static void roll_up_some(struct flusher *flusher);
static void roll_up(struct flusher *flusher, struct journal_app *app);
static void save_some(struct flusher *flusher);
static bool save(struct flusher *flusher, struct journal_app *const apps[], size_t count);
static void note_lost(struct flusher *flusher);
static void stay(struct flusher *flusher);
static void set_out(struct flusher *flusher, struct journal_app *app, enum cargo cargo);
static void settle(struct flusher *flusher, struct journal_app *app, enum cargo cargo,
                   enum round_trip_outcome outcome);
static void go_behind(struct flusher *flusher, struct journal_app *app, enum cargo cargo);
static void note_unsent(struct flusher *flusher, struct journal_app *app);
static void tell_unsent(const struct flusher *flusher);

struct flusher *flusher_new(struct feed *feed)
{
    struct flusher *flusher = MEMORY_NEW(struct flusher);

    flusher->dirty = queue_new(0);
    flusher->asks = queue_new(0);
    flusher->feed = feed;
    flusher->usage = usage_new(USAGE_BYTES_MAX);
    atomic_init(&flusher->give_up_us, NEVER);
    silence_init(&flusher->silence, feed != NULL, JOURNAL_BYTES_MAX);
    flushes_init(&flusher->flushes);
    for (enum cargo cargo = 0; cargo < CARGOS; cargo++) {
        STAILQ_INIT(&flusher->waiting[cargo]);
        STAILQ_INIT(&flusher->going[cargo]);
    }
    return flusher;
}

void flusher_keep_usage(struct flusher *flusher, struct usage_file *file)
{
    flusher->file = file;
}

void flusher_free(struct flusher *flusher)
{
    usage_free(flusher->usage);
    ring_counts_close(&flusher->counts);
    queue_free(flusher->asks);
    queue_free(flusher->dirty);
    free(flusher);
}

void flusher_on_dirty(struct queue_item *item)
{
    struct journal_app *app = CONTAINER_OF(item, struct journal_app, item);
    struct flusher *flusher = app->flusher;

    if (STAILQ_EMPTY(&flusher->waiting[CARGO_LOG]))
        flusher->begin_us[CARGO_LOG] =
            clock_monotonic_us() + (flusher->feed == NULL ? JOURNAL_ROLL_UP_US : JOURNAL_FLUSH_US);
    STAILQ_INSERT_TAIL(&flusher->waiting[CARGO_LOG], app, in_cargo[CARGO_LOG]);
}

/* No record is missed, because set_out() clears the mark before it locks the ring to look. A record
 * that it does not see was added later, so its thread sees that the mark is clear. */
void flusher_mark(struct journal_app *app)
{
    if (atomic_load_explicit(&app->dirty, memory_order_relaxed) ||
        atomic_exchange(&app->dirty, true))
        return;
    const bool posted = queue_post(app->flusher->dirty, &app->item);
    ASSERT(posted);
}

/* What has to hurry is asked for, and nobody waits for the answer. If it is asked for already, then
 * up to now. */
void flusher_on_hurry(struct queue_item *item)
{
    struct journal_app *app = CONTAINER_OF(item, struct journal_app, hurry.item);
    struct flush *flush = &app->hurry;

    atomic_store(&app->hurries, false);
    flush->upto = ring_newest(&app->ring);
    if (app->is_hurried)
        return;
    app->is_hurried = true;
    flush->done = on_hurried;
    flush->app = app;
    flush->cargo = CARGO_LOG;
    flushes_add(&app->flusher->flushes, flush);
}

void flusher_hurry(struct journal_app *app)
{
    if (app->flusher->feed == NULL || atomic_exchange(&app->hurries, true))
        return;
    const bool posted = queue_post(app->flusher->asks, &app->hurry.item);
    ASSERT(posted);
}

void flusher_ask(struct flusher *flusher, struct flush *flush)
{
    flush->item.run = on_asked;
    const bool posted = queue_post(flusher->asks, &flush->item);
    ASSERT(posted);
}

int flusher_asks_fd(const struct flusher *flusher)
{
    return queue_fd(flusher->asks);
}

int flusher_fd(const struct flusher *flusher)
{
    return STAILQ_EMPTY(&flusher->waiting[CARGO_LOG]) ? queue_fd(flusher->dirty) : -1;
}

int64_t flusher_due_us(const struct flusher *flusher)
{
    const int64_t rests_until_us = flusher->feed == NULL ? 0 : feed_rests_until_us(flusher->feed);
    int64_t due_us = silence_due_us(&flusher->silence);

    if (is_going(flusher) || !flushes_is_empty(&flusher->flushes))
        return 0;
    for (enum cargo cargo = 0; cargo < CARGOS; cargo++) {
        if (!STAILQ_EMPTY(&flusher->waiting[cargo]) && flusher->begin_us[cargo] < due_us)
            due_us = flusher->begin_us[cargo];
    }
    return due_us > rests_until_us ? due_us : rests_until_us;
}

void flusher_turn(struct flusher *flusher)
{
    const int64_t now_us = clock_monotonic_us();
    const bool is_resting = flusher->feed != NULL && now_us < feed_rests_until_us(flusher->feed);

    for (enum cargo cargo = 0; cargo < CARGOS; cargo++) {
        if (!is_resting && !STAILQ_EMPTY(&flusher->waiting[cargo]) &&
            now_us >= flusher->begin_us[cargo])
            begin(flusher, cargo);
        go_on(flusher, cargo);
    }
    if (STAILQ_EMPTY(&flusher->waiting[CARGO_LOG]))
        queue_drain(flusher->dirty);
    silence_give_back(&flusher->silence, clock_monotonic_us());
}

/* The log comes first, because it also takes the rings' counts. */
void flusher_end(struct flusher *flusher)
{
    flusher->is_ending = true;
    flusher->has_failed = false;
    if (flusher->feed != NULL)
        feed_wake(flusher->feed);
    if (flusher->file != NULL)
        usage_file_wake(flusher->file);
    for (enum cargo cargo = 0; cargo < CARGOS; cargo++)
        end(flusher, cargo);
    /* The file may be lost although nothing was left to save. */
    if (flusher->file != NULL && save(flusher, NULL, 0))
        end(flusher, CARGO_USAGE);
    queue_drain(flusher->dirty); /* those that were not sent */
    flushes_refuse(&flusher->flushes);
    tell_unsent(flusher);
}

void flusher_give_up_at(struct flusher *flusher, int64_t give_up_us)
{
    atomic_store(&flusher->give_up_us, give_up_us);
}

const struct silence *flusher_silence(const struct flusher *flusher)
{
    return &flusher->silence;
}

static void on_hurried(struct flush *flush)
{
    flush->app->is_hurried = false;
}

static void on_asked(struct queue_item *item)
{
    struct flush *flush = CONTAINER_OF(item, struct flush, item);
    struct journal_app *app = flush->app;
    struct flusher *flusher = app->flusher;
    bool has_all = false;

    switch (flush->cargo) {
    case CARGO_LOG:
        if (flush->from_lost) {
            app->sent = feed_sent_nothing(&app->ring);
            flusher_mark(app);
        }
        has_all = app->sent >= flush->upto;
        break;
    case CARGO_USAGE:
        roll_up(flusher, app);
        if (flush->from_lost && app->usage != NULL) {
            usage_mark_unsent(app->usage);
            note_unsent(flusher, app);
        }
        has_all = app->usage == NULL || (flusher->file != NULL && save(flusher, &app, 1));
        flush->has_lost = has_all && app->has_lost;
        app->has_lost &= !has_all;
        break;
    case CARGOS:
        ASSERT(false);
    }
    if (has_all)
        flush_answer(flush, true);
    else
        flushes_add(&flusher->flushes, flush);
}

static bool is_going(const struct flusher *flusher)
{
    return !STAILQ_EMPTY(&flusher->going[CARGO_LOG]) || !STAILQ_EMPTY(&flusher->going[CARGO_USAGE]);
}

/* Apps that are still on their way go first. */
static void begin(struct flusher *flusher, enum cargo cargo)
{
    if (cargo == CARGO_LOG)
        queue_drain(flusher->dirty);
    STAILQ_CONCAT(&flusher->going[cargo], &flusher->waiting[cargo]);
}

static void end(struct flusher *flusher, enum cargo cargo)
{
    begin(flusher, cargo);
    while (!STAILQ_EMPTY(&flusher->going[cargo]))
        go_on(flusher, cargo);
}

/* Takes a few apps, in one round trip at most. What was asked before it goes with it. */
static void go_on(struct flusher *flusher, enum cargo cargo)
{
    queue_drain(flusher->asks);

    const bool is_none_going = STAILQ_EMPTY(&flusher->going[cargo]);

    if (is_none_going && flushes_is_empty(&flusher->flushes))
        return;
    if (can_send(flusher)) {
        send_some(flusher, cargo);
        return;
    }
    flushes_refuse(&flusher->flushes);
    if (cargo == CARGO_LOG)
        roll_up_some(flusher);
    else if (!is_none_going)
        save_some(flusher);
}

/* At the end it sends until a failure, even if an earlier failure was just before. */
static bool can_send(const struct flusher *flusher)
{
    const int64_t now_us = clock_monotonic_us();

    if (flusher->feed == NULL || now_us >= atomic_load(&flusher->give_up_us))
        return false;
    if (flusher->is_ending)
        return !flusher->has_failed;
    return now_us >= feed_rests_until_us(flusher->feed);
}

static void send_some(struct flusher *flusher, enum cargo cargo)
{
    struct round_trip *trip = &flusher->trip;
    struct journal_app *app;

    round_trip_init(trip, flusher->feed);
    flushes_load(&flusher->flushes, trip);
    const size_t asked = trip->count;
    const bool is_filled = can_fill(trip, cargo);
    while (is_filled && (app = STAILQ_FIRST(&flusher->going[cargo])) != NULL &&
           round_trip_has_room(trip, app, cargo) &&
           (asked == 0 || round_trip_find(trip, app, cargo) == NULL)) {
        set_out(flusher, app, cargo);
        round_trip_add(trip, app, cargo);
    }
    if (!round_trip_run(trip))
        flusher->has_failed = true;
    for (size_t i = asked; i < trip->count; i++)
        settle(flusher, trip->parts[i].app, cargo, trip->parts[i].outcome);
    flushes_settle(&flusher->flushes, trip);
}

/* An app that sets out with its log is rolled up, but nothing may be added to usage that is already
 * in the round trip. */
static bool can_fill(const struct round_trip *trip, enum cargo cargo)
{
    for (size_t i = 0; i < trip->count; i++) {
        if (trip->parts[i].cargo == CARGO_USAGE)
            return cargo == CARGO_USAGE;
    }
    return true;
}

static void roll_up_some(struct flusher *flusher)
{
    struct journal_app *app;

    for (int i = 0; i < ROLL_UPS_IN_TURN; i++) {
        app = STAILQ_FIRST(&flusher->going[CARGO_LOG]);
        if (app == NULL)
            return;
        set_out(flusher, app, CARGO_LOG);
        if (flusher->feed != NULL)
            flusher_mark(app);
    }
}

/* Moves the ring's counts into the app's minutes and hours, the earlier minute first. */
static void roll_up(struct flusher *flusher, struct journal_app *app)
{
    struct ring_counts *counts = &flusher->counts;

    ring_take_counts(&app->ring, counts);
    if (counts->tallies[0].count + counts->tallies[1].count == 0)
        return;
    if (app->usage == NULL) {
        app->usage = usage_app_new(flusher->usage);
        SLIST_INSERT_HEAD(&flusher->counted, app, in_counted);
    }
    const size_t earlier = counts->tallies[0].minute < counts->tallies[1].minute ? 0 : 1;
    const int64_t elapsed_minutes = clock_monotonic_us() / MINUTE_US;
    usage_add(app->usage, &counts->tallies[earlier], elapsed_minutes);
    usage_add(app->usage, &counts->tallies[1 - earlier], elapsed_minutes);
    for (enum top top = 0; top < TOPS; top++) {
        if (counts->tops[top] != NULL)
            usage_add_top(app->usage, top, counts->tops[top]);
    }
    if (flusher->feed != NULL || flusher->file != NULL)
        note_unsent(flusher, app);
}

static void save_some(struct flusher *flusher)
{
    struct journal_app *apps[SAVES_IN_TURN];
    size_t count = 0;

    while (count < SAVES_IN_TURN && !STAILQ_EMPTY(&flusher->going[CARGO_USAGE])) {
        apps[count++] = STAILQ_FIRST(&flusher->going[CARGO_USAGE]);
        set_out(flusher, apps[count - 1], CARGO_USAGE);
    }
    if (flusher->file != NULL && save(flusher, apps, count))
        return;
    for (size_t i = 0; i < count; i++)
        note_unsent(flusher, apps[i]);
    stay(flusher);
}

static bool save(struct flusher *flusher, struct journal_app *const apps[], size_t count)
{
    if (!usage_file_begin(flusher->file))
        return false;
    if (usage_file_has_lost(flusher->file))
        note_lost(flusher);
    for (size_t i = 0; i < count; i++)
        usage_file_add(flusher->file, apps[i]->id, apps[i]->usage);
    usage_file_forget(flusher->file, clock_wall_us(), clock_monotonic_us());
    if (!usage_file_commit(flusher->file))
        return false;
    for (size_t i = 0; i < count; i++)
        usage_mark_sent(apps[i]->usage);
    return true;
}

/* All apps come again, those of a save that has begun as well. */
static void note_lost(struct flusher *flusher)
{
    struct journal_app *app;

    SLIST_FOREACH (app, &flusher->counted, in_counted) {
        usage_mark_unsent(app->usage);
        app->has_lost = true;
        note_unsent(flusher, app);
    }
    if (flusher->is_ending)
        begin(flusher, CARGO_USAGE);
}

/* Usage that cannot be sent now. */
static void stay(struct flusher *flusher)
{
    STAILQ_CONCAT(&flusher->going[CARGO_USAGE], &flusher->waiting[CARGO_USAGE]);
    STAILQ_CONCAT(&flusher->waiting[CARGO_USAGE], &flusher->going[CARGO_USAGE]);
    flusher->begin_us[CARGO_USAGE] = clock_monotonic_us() + JOURNAL_SEND_USAGE_US;
}

/* Takes the first app on its way out of its list. */
static void set_out(struct flusher *flusher, struct journal_app *app, enum cargo cargo)
{
    STAILQ_REMOVE_HEAD(&flusher->going[cargo], in_cargo[cargo]);
    switch (cargo) {
    case CARGO_LOG:
        atomic_store(&app->dirty, false);
        roll_up(flusher, app);
        silence_note(&flusher->silence, app, clock_monotonic_us());
        break;
    case CARGO_USAGE:
        app->unsent = false;
        break;
    case CARGOS:
        ASSERT(false);
    }
}

static void settle(struct flusher *flusher, struct journal_app *app, enum cargo cargo,
                   enum round_trip_outcome outcome)
{
    switch (outcome) {
    case ROUND_TRIP_SENT:
        break;
    case ROUND_TRIP_GOES_ON:
        go_behind(flusher, app, cargo);
        break;
    case ROUND_TRIP_FAILED:
        if (cargo == CARGO_LOG)
            flusher_mark(app);
        else
            note_unsent(flusher, app);
        break;
    }
}

/* A dirty app has been posted meanwhile, and will come again. */
static void go_behind(struct flusher *flusher, struct journal_app *app, enum cargo cargo)
{
    if (cargo == CARGO_LOG && atomic_exchange(&app->dirty, true))
        return;
    if (cargo == CARGO_USAGE)
        app->unsent = true;
    STAILQ_INSERT_TAIL(&flusher->going[cargo], app, in_cargo[cargo]);
}

static void note_unsent(struct flusher *flusher, struct journal_app *app)
{
    if (app->unsent)
        return;
    if (STAILQ_EMPTY(&flusher->waiting[CARGO_USAGE]))
        flusher->begin_us[CARGO_USAGE] =
            clock_monotonic_us() + (flusher->feed == NULL ? 0 : JOURNAL_SEND_USAGE_US);
    STAILQ_INSERT_TAIL(&flusher->waiting[CARGO_USAGE], app, in_cargo[CARGO_USAGE]);
    app->unsent = true;
}

static void tell_unsent(const struct flusher *flusher)
{
    struct journal_app *app;
    uint64_t records = 0;
    int64_t usages = 0;

    STAILQ_FOREACH (app, &flusher->waiting[CARGO_LOG], in_cargo[CARGO_LOG])
        records += flusher->feed == NULL ? 0 : ring_newest(&app->ring) - app->sent;
    STAILQ_FOREACH (app, &flusher->waiting[CARGO_USAGE], in_cargo[CARGO_USAGE])
        usages++;
    if (records > 0 || usages > 0)
        log_write(LOG_WARN, "journal not all sent", LOG_INTEGER("count", (int64_t)records),
                  LOG_INTEGER("usage_apps", usages));
}
