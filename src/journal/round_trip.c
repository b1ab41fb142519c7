/* SPDX-License-Identifier: MIT */
#include "round_trip.h"

#include "journal/usage_feed.h"

enum taken { TAKEN_NOTHING, TAKEN_ANSWER, TAKEN_NODE_AWAY, TAKEN_ALL_AWAY };

static enum taken take_reply(struct round_trip *trip, struct round_trip_part *part,
                             struct error *error);
static struct feed_part append_log(struct feed *feed, struct journal_app *app);
static struct feed_part append_usage(struct feed *feed, struct journal_app *app);
static void note_log(struct feed *feed, struct journal_app *app, const struct feed_part *part);
static void note_usage(struct feed *feed, struct journal_app *app, const struct feed_part *part);
static enum round_trip_outcome send_log(struct feed *feed, struct journal_app *app);
static enum round_trip_outcome send_usage(struct feed *feed, struct journal_app *app);

static const struct {
    struct feed_part (*append)(struct feed *feed, struct journal_app *app);
    void (*note_sent)(struct feed *feed, struct journal_app *app, const struct feed_part *part);
    enum round_trip_outcome (*send_alone)(struct feed *feed, struct journal_app *app);
} cargos[CARGOS] = {
    [CARGO_LOG] = {append_log, note_log, send_log},
    [CARGO_USAGE] = {append_usage, note_usage, send_usage},
};

static const enum round_trip_outcome outcomes[] = {
    [FEED_SENT_ALL] = ROUND_TRIP_SENT,
    [FEED_SENT_SOME] = ROUND_TRIP_GOES_ON,
    [FEED_NOT_SENT] = ROUND_TRIP_FAILED,
};

void round_trip_init(struct round_trip *trip, struct feed *feed)
{
    trip->feed = feed;
    trip->count = 0;
    trip->bytes = 0;
    trip->is_of_one = false;
}

bool round_trip_has_room(const struct round_trip *trip, const struct journal_app *app,
                         enum cargo cargo)
{
    if (trip->count == 0)
        return true;
    return !trip->is_of_one && !app->goes_alone[cargo] && trip->count < ROUND_TRIP_APPS_MAX &&
           trip->bytes < ROUND_TRIP_BYTES_MAX;
}

void round_trip_add(struct round_trip *trip, struct journal_app *app, enum cargo cargo)
{
    struct round_trip_part *part = &trip->parts[trip->count++];

    *part = (struct round_trip_part){
        .app = app, .cargo = cargo, .rests = feed_app_rests(trip->feed, app->id)};
    trip->is_of_one = app->goes_alone[cargo] && !part->rests;
    if (trip->is_of_one || part->rests)
        return;
    part->appended = cargos[cargo].append(trip->feed, app);
    trip->bytes += part->appended.bytes;
}

const struct round_trip_part *round_trip_find(const struct round_trip *trip,
                                              const struct journal_app *app, enum cargo cargo)
{
    for (size_t i = 0; i < trip->count; i++) {
        if (trip->parts[i].app == app && trip->parts[i].cargo == cargo)
            return &trip->parts[i];
    }
    return NULL;
}

bool round_trip_run(struct round_trip *trip)
{
    struct error error = {0};
    bool is_away = false;
    size_t answered = 0; /* commands */

    if (trip->is_of_one) {
        struct round_trip_part *part = &trip->parts[0];

        part->outcome = cargos[part->cargo].send_alone(trip->feed, part->app);
        part->app->goes_alone[part->cargo] =
            part->outcome == ROUND_TRIP_FAILED && !feed_app_rests(trip->feed, part->app->id);
        return !feed_is_away(trip->feed);
    }
    for (size_t i = 0; i < trip->count; i++) {
        struct round_trip_part *part = &trip->parts[i];
        struct error failure = {0};

        switch (take_reply(trip, part, &failure)) {
        case TAKEN_NOTHING:
            break;
        case TAKEN_ANSWER:
            answered += part->appended.commands;
            break;
        case TAKEN_NODE_AWAY:
            feed_note_node_away(trip->feed, &failure);
            part->app->goes_alone[part->cargo] = !feed_app_rests(trip->feed, part->app->id);
            break;
        case TAKEN_ALL_AWAY:
            if (!is_away)
                error = failure;
            is_away = true;
            break;
        }
    }
    if (is_away || answered > 0)
        feed_settle_round_trip(trip->feed, is_away, &error);
    return !is_away;
}

static enum taken take_reply(struct round_trip *trip, struct round_trip_part *part,
                             struct error *error)
{
    static const struct {
        enum taken taken;
        enum round_trip_outcome outcome;
    } of_fault[] = {
        [REDIS_SESSION_OF_REDIS] = {TAKEN_ALL_AWAY, ROUND_TRIP_FAILED},
        [REDIS_SESSION_OF_NODE] = {TAKEN_NODE_AWAY, ROUND_TRIP_FAILED},
        [REDIS_SESSION_OF_PLACE] = {TAKEN_ANSWER, ROUND_TRIP_GOES_ON},
        [REDIS_SESSION_OF_CALL] = {TAKEN_ANSWER, ROUND_TRIP_GOES_ON},
        [REDIS_SESSION_OF_KEY] = {TAKEN_ANSWER, ROUND_TRIP_GOES_ON},
    };
    struct journal_app *app = part->app;

    if (part->rests) {
        part->outcome = ROUND_TRIP_FAILED;
        return TAKEN_NOTHING;
    }
    if (feed_take(trip->feed, app->id, part->appended.commands, error)) {
        cargos[part->cargo].note_sent(trip->feed, app, &part->appended);
        part->outcome = part->appended.is_last ? ROUND_TRIP_SENT : ROUND_TRIP_GOES_ON;
        return TAKEN_ANSWER;
    }
    const enum redis_session_fault fault = redis_sessions_fault(feed_sessions(trip->feed));
    app->goes_alone[part->cargo] = true;
    part->outcome = of_fault[fault].outcome;
    return of_fault[fault].taken;
}

static struct feed_part append_log(struct feed *feed, struct journal_app *app)
{
    return feed_append(feed, app->id, &app->ring, app->sent, FEED_PART_BYTES);
}

static struct feed_part append_usage(struct feed *feed, struct journal_app *app)
{
    return usage_feed_append(feed, app->id, app->usage, FEED_PART_BYTES);
}

static void note_log(struct feed *feed, struct journal_app *app, const struct feed_part *part)
{
    feed_note_sent(feed, part);
    app->sent = part->upto;
}

static void note_usage(struct feed *feed, struct journal_app *app, const struct feed_part *part)
{
    (void)feed;
    (void)part;
    usage_mark_sent(app->usage);
}

static enum round_trip_outcome send_log(struct feed *feed, struct journal_app *app)
{
    uint64_t sent = app->sent;
    const enum feed_sent outcome = feed_send(feed, app->id, &app->ring, &sent);

    app->sent = sent;
    return outcomes[outcome];
}

static enum round_trip_outcome send_usage(struct feed *feed, struct journal_app *app)
{
    return outcomes[usage_feed_send(feed, app->id, app->usage)];
}
