/* SPDX-License-Identifier: MIT */
#include "exchange.h"

#include "journal/usage_feed.h"

static bool take_reply(struct exchange *exchange, struct exchange_part *part, struct error *error);
static struct feed_part append_log(struct feed *feed, struct journal_app *app);
static struct feed_part append_usage(struct feed *feed, struct journal_app *app);
static void note_log(struct feed *feed, struct journal_app *app, const struct feed_part *part);
static void note_usage(struct feed *feed, struct journal_app *app, const struct feed_part *part);
static enum exchange_outcome send_log(struct feed *feed, struct journal_app *app);
static enum exchange_outcome send_usage(struct feed *feed, struct journal_app *app);

static const struct {
    struct feed_part (*append)(struct feed *feed, struct journal_app *app);
    void (*note_sent)(struct feed *feed, struct journal_app *app, const struct feed_part *part);
    enum exchange_outcome (*send_alone)(struct feed *feed, struct journal_app *app);
} cargos[CARGOS] = {
    [CARGO_LOG] = {append_log, note_log, send_log},
    [CARGO_USAGE] = {append_usage, note_usage, send_usage},
};

void exchange_init(struct exchange *exchange, struct feed *feed, enum cargo cargo)
{
    exchange->feed = feed;
    exchange->cargo = cargo;
    exchange->count = 0;
    exchange->bytes = 0;
    exchange->is_of_one = false;
}

bool exchange_has_room(const struct exchange *exchange, const struct journal_app *app)
{
    if (exchange->count == 0)
        return true;
    return !exchange->is_of_one && !app->goes_alone[exchange->cargo] &&
           exchange->count < EXCHANGE_APPS_MAX && exchange->bytes < EXCHANGE_BYTES_MAX;
}

void exchange_add(struct exchange *exchange, struct journal_app *app)
{
    struct exchange_part *part = &exchange->parts[exchange->count++];

    *part = (struct exchange_part){.app = app};
    exchange->is_of_one = app->goes_alone[exchange->cargo];
    if (exchange->is_of_one)
        return;
    part->appended = cargos[exchange->cargo].append(exchange->feed, app);
    exchange->bytes += part->appended.bytes;
}

bool exchange_run(struct exchange *exchange)
{
    struct error error = {0};
    bool is_away = false;
    size_t commands = 0;

    if (exchange->is_of_one) {
        struct exchange_part *part = &exchange->parts[0];

        part->outcome = cargos[exchange->cargo].send_alone(exchange->feed, part->app);
        part->app->goes_alone[exchange->cargo] = part->outcome == EXCHANGE_FAILED;
        return !feed_is_away(exchange->feed);
    }
    for (size_t i = 0; i < exchange->count; i++) {
        struct error failure = {0};

        commands += exchange->parts[i].appended.commands;
        if (take_reply(exchange, &exchange->parts[i], &failure) || is_away)
            continue;
        is_away = true;
        error = failure;
    }
    if (commands > 0)
        feed_settle_exchange(exchange->feed, is_away, &error);
    return !is_away;
}

/* False when Redis is away. */
static bool take_reply(struct exchange *exchange, struct exchange_part *part, struct error *error)
{
    struct journal_app *app = part->app;

    if (feed_take(exchange->feed, part->appended.commands, error)) {
        cargos[exchange->cargo].note_sent(exchange->feed, app, &part->appended);
        part->outcome = part->appended.is_last ? EXCHANGE_SENT : EXCHANGE_GOES_ON;
        return true;
    }
    const bool is_away =
        redis_session_fault(feed_session(exchange->feed)) == REDIS_SESSION_OF_REDIS;
    app->goes_alone[exchange->cargo] = true;
    part->outcome = is_away ? EXCHANGE_FAILED : EXCHANGE_GOES_ON;
    return !is_away;
}

static struct feed_part append_log(struct feed *feed, struct journal_app *app)
{
    return feed_append(feed, app->id, &app->ring, app->sent, EXCHANGE_BYTES_OF_APP);
}

static struct feed_part append_usage(struct feed *feed, struct journal_app *app)
{
    return usage_feed_append(feed, app->id, app->usage, EXCHANGE_BYTES_OF_APP);
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

static enum exchange_outcome send_log(struct feed *feed, struct journal_app *app)
{
    return feed_send(feed, app->id, &app->ring, &app->sent) ? EXCHANGE_SENT : EXCHANGE_FAILED;
}

static enum exchange_outcome send_usage(struct feed *feed, struct journal_app *app)
{
    static const enum exchange_outcome outcomes[] = {
        [USAGE_SENT_ALL] = EXCHANGE_SENT,
        [USAGE_SENT_SOME] = EXCHANGE_GOES_ON,
        [USAGE_NOT_SENT] = EXCHANGE_FAILED,
    };

    return outcomes[usage_feed_send(feed, app->id, app->usage)];
}
