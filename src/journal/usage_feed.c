/* SPDX-License-Identifier: MIT
 *
 * Hash sluice:usage:{<app id>}:<minutes|hours>:<start> holds the minutes of one hour or the hours
 * of one day from `start` on, in seconds since 1970. Each minute or hour of an instance is a field
 * "<its start>:<instance>". Its value is a packed text for each content. If an instance has dropped
 * its counts and counts on in the same span, it uses another field "...:<part>". */
#include "journal/usage_feed.h"

#include "base/arena.h"
#include "base/duration.h"
#include "journal/packed.h"

#include <inttypes.h>

#define KEY_BYTES        80
#define FIELD_BYTES      64
#define INSTANCE_BYTES   17 /* in a field, with the NUL */
#define EXPIRY_BYTES     24
#define VALUE_BYTES_MIN  256
#define PART_BYTES_MAX   ((size_t)1024 * 1024)
#define CONTENTS_MIN     2 /* the first version had these */
#define VIEW_COMMANDS    4
#define VIEW_EXTRA_BYTES ((size_t)300) /* of its commands besides the value: some 290 */
#define EXPIRY_REST_S    (2 * HOUR_S)  /* because clocks differ, and hashes are read whole */

/* One hash covers a stretch. */
static const char *const hash_names[USAGE_SPANS] = {
    [USAGE_MINUTE] = "minutes",
    [USAGE_HOUR] = "hours",
};

struct sending {
    struct feed *feed;
    const char *app_id;
    size_t bytes_max;
    struct feed_part part;
    bool succeeded; /* one by one */
    struct error error;
};

/* What Redis is told of a view. */
struct written {
    char key[KEY_BYTES];
    char field[FIELD_BYTES];
    char expiry[EXPIRY_BYTES];
    struct arena arena;
    struct buffer value;
};

/* KEYS: hash; ARGV: field, value, expiry. */
static const char store_script[] = "redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])\n"
                                   "return redis.call('EXPIRE', KEYS[1], ARGV[3])\n";

static bool append(void *context, const struct usage_view *view);
static bool is_worth_sending_alone(struct feed *feed);
static bool send_alone(void *context, const struct usage_view *view);
static void append_view(struct sending *sending, const struct usage_view *view);
static bool store_view(struct sending *sending, const struct usage_view *view);
static void view_write(const struct sending *sending, const struct usage_view *view,
                       struct written *written);
static void write_key(const char *app_id, enum usage_span span, int64_t minute,
                      char key[static KEY_BYTES]);
static bool read_hash(struct feed *feed, const char *key, enum usage_span span,
                      struct usage_report *report, size_t *own);
static bool field_is_of(const redisReply *field, struct text instance);
static bool read_field(const redisReply *field, const redisReply *value, struct usage_view *view);

enum feed_sent usage_feed_send(struct feed *feed, const char *app_id, struct usage_app *app)
{
    struct sending sending = {
        .feed = feed, .app_id = app_id, .bytes_max = FEED_PART_BYTES, .succeeded = true};
    bool is_all = usage_offer_unsent(app, &sending, append);

    if (sending.part.commands == 0) {
        usage_mark_sent(app);
        return FEED_SENT_ALL;
    }
    sending.succeeded = redis_sessions_flush(feed_sessions(feed), &sending.error);
    if (!sending.succeeded && is_worth_sending_alone(feed)) {
        sending.succeeded = true;
        sending.part = (struct feed_part){0};
        is_all = usage_offer_unsent(app, &sending, send_alone);
    }
    if (sending.succeeded)
        usage_mark_sent(app);
    if (!feed_settle(feed, sending.succeeded, app_id, &sending.error))
        return FEED_NOT_SENT;
    return is_all ? FEED_SENT_ALL : FEED_SENT_SOME;
}

struct feed_part usage_feed_append(struct feed *feed, const char *app_id, struct usage_app *app,
                                   size_t bytes_max)
{
    struct sending sending = {.feed = feed, .app_id = app_id, .bytes_max = bytes_max};

    sending.part.is_last = usage_offer_unsent(app, &sending, append);
    return sending.part;
}

enum feed_reading usage_feed_read(struct feed *feed, const char *app_id,
                                  const struct usage_app *app, struct usage_report *report,
                                  struct usage_cursor *cursor)
{
    char key[KEY_BYTES];
    size_t own = 0;

    if (!usage_cursor_has_more(cursor, report))
        return FEED_READ_ALL;

    const int64_t end = cursor->minute + usage_stretch_minutes[cursor->span];
    /* Counted first, because more may be sent meanwhile. */
    const size_t sent = app == NULL ? 0 : usage_count_sent(app, cursor->span, cursor->minute, end);

    write_key(app_id, cursor->span, cursor->minute, key);
    if (!read_hash(feed, key, cursor->span, report, &own))
        return FEED_FAILED;
    if (own < sent) {
        feed_note_lost(feed, key);
        return FEED_REPLACED;
    }
    usage_cursor_advance(cursor);
    return FEED_READ_SOME;
}

static bool append(void *context, const struct usage_view *view)
{
    struct sending *sending = context;

    if (sending->part.bytes >= sending->bytes_max)
        return false;
    append_view(sending, view);
    return true;
}

/* One by one it shows which key holds something else, and finds a key that moves in a cluster. */
static bool is_worth_sending_alone(struct feed *feed)
{
    const enum redis_session_fault fault = redis_sessions_fault(feed_sessions(feed));

    return fault == REDIS_SESSION_OF_KEY || fault == REDIS_SESSION_OF_PLACE;
}

static bool send_alone(void *context, const struct usage_view *view)
{
    struct sending *sending = context;
    char key[KEY_BYTES];

    if (sending->part.bytes >= sending->bytes_max)
        return false;
    write_key(sending->app_id, view->span, view->start, key);
    sending->succeeded = store_view(sending, view);
    if (!sending->succeeded && feed_replace(sending->feed, key))
        sending->succeeded = store_view(sending, view);
    return sending->succeeded;
}

/* All or nothing, so that a connection that ends in between leaves no hash without an expiry. */
static void append_view(struct sending *sending, const struct usage_view *view)
{
    struct redis_sessions *sessions = feed_sessions(sending->feed);
    struct written written;

    view_write(sending, view, &written);
    const char *set[] = {"HSET", written.key, written.field, written.value.at};
    const size_t lengths[] = {4, strlen(written.key), strlen(written.field), written.value.length};
    const char *expire[] = {"EXPIRE", written.key, written.expiry};
    const struct text key = text_of(written.key);
    redis_sessions_append(sessions, key, 1, (const char *[]){"MULTI"}, NULL);
    redis_sessions_append(sessions, key, ARRAY_COUNT(set), set, lengths);
    redis_sessions_append(sessions, key, ARRAY_COUNT(expire), expire, NULL);
    redis_sessions_append(sessions, key, 1, (const char *[]){"EXEC"}, NULL);
    sending->part.commands += VIEW_COMMANDS;
    sending->part.bytes += written.value.length + VIEW_EXTRA_BYTES;
    arena_close(&written.arena);
}

/* The same as one command. */
static bool store_view(struct sending *sending, const struct usage_view *view)
{
    struct written written;

    view_write(sending, view, &written);
    const char *argv[] = {"EVAL",        store_script,     "1",           written.key,
                          written.field, written.value.at, written.expiry};
    const size_t lengths[] = {4,
                              strlen(store_script),
                              1,
                              strlen(written.key),
                              strlen(written.field),
                              written.value.length,
                              strlen(written.expiry)};
    redisReply *reply = redis_sessions_command(feed_sessions(sending->feed), text_of(written.key),
                                               &sending->error, ARRAY_COUNT(argv), argv, lengths);
    sending->part.bytes += written.value.length + VIEW_EXTRA_BYTES;
    arena_close(&written.arena);
    freeReplyObject(reply);
    return reply != NULL;
}

static void view_write(const struct sending *sending, const struct usage_view *view,
                       struct written *written)
{
    const int64_t kept_s =
        (usage_kept_minutes[view->span] + usage_stretch_minutes[view->span]) * MINUTE_S;

    *written = (struct written){0};
    write_key(sending->app_id, view->span, view->start, written->key);
    const int length = snprintf(written->field, FIELD_BYTES, "%" PRId64 ":%016" PRIx64,
                                view->start * MINUTE_S, feed_instance(sending->feed));
    if (view->part > 0)
        (void)snprintf(written->field + length, FIELD_BYTES - (size_t)length, ":%" PRIu32,
                       view->part);
    (void)snprintf(written->expiry, EXPIRY_BYTES, "%" PRId64, kept_s + EXPIRY_REST_S);
    buffer_init(&written->value, &written->arena, VALUE_BYTES_MIN);
    for (size_t i = 0; i < USAGE_CONTENTS; i++)
        packed_write_text(&written->value, view->contents[i]);
}

static void write_key(const char *app_id, enum usage_span span, int64_t minute,
                      char key[static KEY_BYTES])
{
    const struct usage_cursor hash = usage_cursor_at(span, minute);

    (void)snprintf(key, KEY_BYTES, "sluice:usage:{%s}:%s:%" PRId64, app_id, hash_names[span],
                   hash.minute * MINUTE_S);
}

/* Sets *own to the number of fields that this process has written. */
static bool read_hash(struct feed *feed, const char *key, enum usage_span span,
                      struct usage_report *report, size_t *own)
{
    const char *command[] = {"HGETALL", key};
    char instance[INSTANCE_BYTES];
    struct error error = {0};
    redisReply *reply = redis_sessions_command(feed_sessions(feed), text_of(key), &error,
                                               ARRAY_COUNT(command), command, NULL);

    if (reply == NULL)
        return feed_replace(feed, key) || feed_settle(feed, false, key, &error);
    (void)feed_settle(feed, true, key, &error);
    (void)snprintf(instance, sizeof(instance), "%016" PRIx64, feed_instance(feed));
    for (size_t i = 0; i + 1 < reply->elements; i += 2) {
        struct usage_view view = {.span = span};

        if (!read_field(reply->element[i], reply->element[i + 1], &view))
            continue;
        usage_report_add(report, &view);
        *own += field_is_of(reply->element[i], text_of(instance));
    }
    freeReplyObject(reply);
    return true;
}

static bool field_is_of(const redisReply *field, struct text instance)
{
    struct text name = feed_text_of_reply(field);

    (void)text_cut(&name, ':');
    return text_equal(text_cut(&name, ':'), instance);
}

/* False when the field is not ours. Contents that its version did not know are absent. */
static bool read_field(const redisReply *field, const redisReply *value, struct usage_view *view)
{
    struct text name = feed_text_of_reply(field);
    struct text packed = feed_text_of_reply(value);
    int64_t start_s;
    size_t count = 0;

    if (!text_parse_integer(text_cut(&name, ':'), &start_s))
        return false;
    while (count < USAGE_CONTENTS && packed.length > 0) {
        if (!packed_read_text(&packed, PART_BYTES_MAX, &view->contents[count++]))
            return false;
    }
    if (count < CONTENTS_MIN)
        return false;
    view->start = start_s / MINUTE_S;
    return true;
}
