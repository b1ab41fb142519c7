/* SPDX-License-Identifier: MIT
 *
 * A turn sends for some of the apps that are on their way (departures.h). An app that is asked for
 * stays in its list: when its time comes there, only what is new since then is sent. */
#include "flusher.h"

#include "base/clock.h"
#include "base/memory.h"
#include "departures.h"
#include "ledger.h"
#include "round_trip.h"
#include "silence.h"

#define NEVER            INT64_MAX
#define ROLL_UPS_IN_TURN 64 /* some 100 us */
#define SAVES_IN_TURN    64 /* some ms */

struct flusher {
    struct queue *dirty;         /* apps; they may wait for the next flush */
    struct queue *asks;          /* flushes; they may not */
    _Atomic(int64_t) give_up_us; /* from this time on nothing is sent; NEVER until the end */
    struct feed *feed;           /* NULL: the rings are the log, and usage is not shared */
    struct departures departures;
    struct ledger ledger;
    struct silence silence;
    struct flushes flushes; /* what is asked for */
    bool is_ending;
    bool has_failed; /* reset when the end begins */
    struct round_trip trip;
};

static void on_hurried(struct flush *flush);
static void on_asked(struct queue_item *item);
static void begin(struct flusher *flusher, enum cargo cargo);
static void end(struct flusher *flusher, enum cargo cargo);
static void go_on(struct flusher *flusher, enum cargo cargo);
static bool can_send(const struct flusher *flusher);
static void send_some(struct flusher *flusher, enum cargo cargo);
static bool can_fill(const struct round_trip *trip, enum cargo cargo);
static void roll_up_some(struct flusher *flusher);
static void save_some(struct flusher *flusher);
static struct journal_app *set_out(struct flusher *flusher, enum cargo cargo);
static void settle(struct flusher *flusher, struct journal_app *app, enum cargo cargo,
                   enum round_trip_outcome outcome);

struct flusher *flusher_new(struct feed *feed)
{
    struct flusher *flusher = MEMORY_NEW(struct flusher);

    flusher->dirty = queue_new(0);
    flusher->asks = queue_new(0);
    flusher->feed = feed;
    atomic_init(&flusher->give_up_us, NEVER);
    departures_init(&flusher->departures, feed != NULL);
    ledger_init(&flusher->ledger, &flusher->departures, feed != NULL);
    silence_init(&flusher->silence, feed != NULL, JOURNAL_BYTES_MAX);
    flushes_init(&flusher->flushes);
    return flusher;
}

void flusher_keep_usage(struct flusher *flusher, struct usage_file *file)
{
    ledger_keep(&flusher->ledger, file);
}

void flusher_free(struct flusher *flusher)
{
    ledger_close(&flusher->ledger);
    queue_free(flusher->asks);
    queue_free(flusher->dirty);
    free(flusher);
}

void flusher_on_dirty(struct queue_item *item)
{
    struct journal_app *app = CONTAINER_OF(item, struct journal_app, item);

    departures_wait(&app->flusher->departures, app, CARGO_LOG, clock_monotonic_us());
}

void flusher_mark(struct journal_app *app)
{
    if (!departures_mark_dirty(app))
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
    return departures_has_waiting(&flusher->departures, CARGO_LOG) ? -1 : queue_fd(flusher->dirty);
}

int64_t flusher_due_us(const struct flusher *flusher)
{
    const int64_t rests_until_us = flusher->feed == NULL ? 0 : feed_rests_until_us(flusher->feed);
    const int64_t silence_us = silence_due_us(&flusher->silence);
    int64_t due_us = departures_due_us(&flusher->departures);

    if (due_us == 0 || !flushes_is_empty(&flusher->flushes))
        return 0;
    if (silence_us < due_us)
        due_us = silence_us;
    return due_us > rests_until_us ? due_us : rests_until_us;
}

void flusher_turn(struct flusher *flusher)
{
    const int64_t now_us = clock_monotonic_us();
    const bool is_resting = flusher->feed != NULL && now_us < feed_rests_until_us(flusher->feed);

    for (enum cargo cargo = 0; cargo < CARGOS; cargo++) {
        if (!is_resting && departures_is_due(&flusher->departures, cargo, now_us))
            begin(flusher, cargo);
        go_on(flusher, cargo);
    }
    if (!departures_has_waiting(&flusher->departures, CARGO_LOG))
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
    ledger_wake(&flusher->ledger);
    for (enum cargo cargo = 0; cargo < CARGOS; cargo++)
        end(flusher, cargo);
    /* If the file was lost, all apps wait again, even if there was nothing left to save. */
    if (ledger_save(&flusher->ledger, NULL, 0))
        end(flusher, CARGO_USAGE);
    queue_drain(flusher->dirty); /* those that were not sent */
    flushes_refuse(&flusher->flushes);
    departures_tell_waiting(&flusher->departures);
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
        ledger_roll_up(&flusher->ledger, app);
        if (flush->from_lost && app->usage != NULL) {
            usage_mark_unsent(app->usage);
            departures_note_unsent(&flusher->departures, app, clock_monotonic_us());
        }
        has_all = app->usage == NULL || ledger_save(&flusher->ledger, &app, 1);
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

static void begin(struct flusher *flusher, enum cargo cargo)
{
    if (cargo == CARGO_LOG)
        queue_drain(flusher->dirty);
    departures_begin(&flusher->departures, cargo);
}

static void end(struct flusher *flusher, enum cargo cargo)
{
    begin(flusher, cargo);
    while (departures_has_going(&flusher->departures, cargo))
        go_on(flusher, cargo);
}

/* Takes a few apps, in one round trip at most. What was asked before it goes with it. */
static void go_on(struct flusher *flusher, enum cargo cargo)
{
    queue_drain(flusher->asks);

    const bool has_going = departures_has_going(&flusher->departures, cargo);

    if (!has_going && flushes_is_empty(&flusher->flushes))
        return;
    if (can_send(flusher)) {
        send_some(flusher, cargo);
        return;
    }
    flushes_refuse(&flusher->flushes);
    if (cargo == CARGO_LOG)
        roll_up_some(flusher);
    else if (has_going)
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
    while (is_filled && (app = departures_first(&flusher->departures, cargo)) != NULL &&
           round_trip_has_room(trip, app, cargo) &&
           (asked == 0 || round_trip_find(trip, app, cargo) == NULL)) {
        (void)set_out(flusher, cargo);
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
        app = set_out(flusher, CARGO_LOG);
        if (app == NULL)
            return;
        if (flusher->feed != NULL)
            flusher_mark(app);
    }
}

/* What is not saved stays; without a file, that is all that the feed does not take. */
static void save_some(struct flusher *flusher)
{
    struct departures *departures = &flusher->departures;
    struct journal_app *apps[SAVES_IN_TURN];
    size_t count = 0;

    while (count < SAVES_IN_TURN && departures_has_going(departures, CARGO_USAGE))
        apps[count++] = set_out(flusher, CARGO_USAGE);
    if (ledger_save(&flusher->ledger, apps, count))
        return;
    const int64_t now_us = clock_monotonic_us();
    for (size_t i = 0; i < count; i++)
        departures_note_unsent(departures, apps[i], now_us);
    departures_stay(departures, CARGO_USAGE, now_us + JOURNAL_SEND_USAGE_US);
}

/* Takes the first app on its way out of its list; NULL: there is none. */
static struct journal_app *set_out(struct flusher *flusher, enum cargo cargo)
{
    struct journal_app *app = departures_set_out(&flusher->departures, cargo);

    if (app != NULL && cargo == CARGO_LOG) {
        ledger_roll_up(&flusher->ledger, app);
        silence_note(&flusher->silence, app, clock_monotonic_us());
    }
    return app;
}

static void settle(struct flusher *flusher, struct journal_app *app, enum cargo cargo,
                   enum round_trip_outcome outcome)
{
    switch (outcome) {
    case ROUND_TRIP_SENT:
        break;
    case ROUND_TRIP_GOES_ON:
        departures_go_behind(&flusher->departures, app, cargo);
        break;
    case ROUND_TRIP_FAILED:
        if (cargo == CARGO_LOG)
            flusher_mark(app);
        else
            departures_note_unsent(&flusher->departures, app, clock_monotonic_us());
        break;
    }
}
