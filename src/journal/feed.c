/* SPDX-License-Identifier: MIT
 *
 * Stream sluice:log:{<app id>}, per entry the fields
 *     e  the record's JSON, without id
 *     o  its origin, which is its id (entry_id.h): by it a repeated entry is known */
#include "journal/feed.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/duration.h"
#include "base/log.h"
#include "base/memory.h"
#include "feed_script.h"
#include "journal/entry_id.h"
#include "metrics/figure.h"
#include "redis/redis_complaints.h"
#include "redis/redis_eviction.h"
#include "redis/redis_rights.h"

#define REST_US_MIN (200 * MILLISECOND_US)
#define REST_US_MAX SECOND_US
#define COMPLAIN_US SECOND_US
#define KEY_BYTES   48
#define ENTRY_BYTES 512
/* Bytes of the command besides the record: some 130. */
#define ENTRY_EXTRA_BYTES ((size_t)128)

/* The macro's value as a literal. */
#define LITERAL(macro)  LITERAL_(macro)
#define LITERAL_(value) #value

_Static_assert(FEED_EXPIRY_S == 7 * DAY_S, "written out: Redis is told it as text");

struct feed {
    struct redis_sessions *sessions;
    uint64_t instance; /* of the ids of what it sends */
    int64_t rest_us;   /* 0: the last exchange with Redis went well */
    int64_t rests_until_us;
    bool complained;           /* and no exchange has worked since */
    int64_t complain_after_us; /* no line about a failure before this */
    bool has_looked_for_rights;
    bool has_looked_for_eviction;
    struct redis_complaints complaints; /* about single keys */
    struct figure failures;
    struct figure dropped;
    struct figure replaced;
};

/* Takes one entry of a part. */
typedef void entry_add_fn(struct feed *feed, const char *key, const char *entry, const char *origin,
                          struct feed_script *script, struct feed_part *part);

static bool send_otherwise(struct feed *feed, const char *app_id, struct ring *ring, uint64_t *sent,
                           struct feed_part *part, struct error *error);
static bool send_as_script(struct feed *feed, const char *key, struct ring *ring, uint64_t sent,
                           struct feed_part *part, struct error *error);
static void write_key(const char *app_id, char key[static KEY_BYTES]);
static struct feed_part part_read(struct feed *feed, const char *key, struct ring *ring,
                                  uint64_t sent, size_t bytes_max, entry_add_fn *add,
                                  struct feed_script *script);
static size_t record_add(struct feed *feed, const char *key, const struct record *record,
                         struct arena *arena, entry_add_fn *add, struct feed_script *script,
                         struct feed_part *part);
static entry_add_fn add_to_pipeline;
static entry_add_fn add_to_script;
static void warn_once(struct feed *feed, const char *key);
static void leave_alone(struct feed *feed, const struct error *error);
static void complain(struct feed *feed, const char *key, const char *event,
                     const struct error *error);
static enum feed_reading read_failed(struct feed *feed, const char *key, const struct error *error);

struct feed *feed_new(struct redis_topology *topology, uint64_t instance)
{
    struct feed *feed = MEMORY_NEW(struct feed);

    feed->sessions = redis_sessions_new(topology, FEED_TIMEOUT_MS);
    feed->instance = instance;
    return feed;
}

void feed_free(struct feed *feed)
{
    if (feed == NULL)
        return;
    redis_sessions_free(feed->sessions);
    free(feed);
}

int64_t feed_rests_until_us(const struct feed *feed)
{
    return feed->rests_until_us;
}

bool feed_is_away(const struct feed *feed)
{
    return feed->rest_us != 0;
}

void feed_wake(struct feed *feed)
{
    redis_sessions_wake(feed->sessions);
}

enum feed_sent feed_send(struct feed *feed, const char *app_id, struct ring *ring, uint64_t *sent)
{
    struct feed_part part = feed_append(feed, app_id, ring, *sent, FEED_PART_BYTES);
    struct error error = {0};
    char key[KEY_BYTES];

    if (part.commands == 0)
        return FEED_SENT_ALL;
    write_key(app_id, key);
    const bool succeeded = feed_take(feed, app_id, part.commands, &error) ||
                           send_otherwise(feed, app_id, ring, sent, &part, &error);
    if (succeeded) {
        feed_note_sent(feed, &part);
        *sent = part.upto;
        warn_once(feed, key);
    } else if (redis_sessions_fault(feed->sessions) != REDIS_SESSION_OF_NODE) {
        figure_add(&feed->failures, 1);
    }
    if (!feed_settle(feed, succeeded, key, &error))
        return FEED_NOT_SENT;
    return part.is_last ? FEED_SENT_ALL : FEED_SENT_SOME;
}

struct feed_part feed_append(struct feed *feed, const char *app_id, struct ring *ring,
                             uint64_t sent, size_t bytes_max)
{
    char key[KEY_BYTES];

    write_key(app_id, key);
    return part_read(feed, key, ring, sent, bytes_max, add_to_pipeline, NULL);
}

bool feed_take(struct feed *feed, const char *app_id, size_t commands, struct error *error)
{
    struct error further;
    char key[KEY_BYTES];
    bool succeeded = true;

    write_key(app_id, key);
    for (; commands > 0; commands--) {
        redisReply *reply =
            redis_sessions_take(feed->sessions, text_of(key), succeeded ? error : &further);

        freeReplyObject(reply);
        succeeded &= reply != NULL;
    }
    return succeeded;
}

void feed_note_sent(struct feed *feed, const struct feed_part *part)
{
    if (part->dropped > 0)
        figure_add(&feed->dropped, part->dropped);
}

/* The app's usage is in the same slot. */
bool feed_app_rests(struct feed *feed, const char *app_id)
{
    char key[KEY_BYTES];

    write_key(app_id, key);
    return redis_sessions_rests(feed->sessions, text_of(key));
}

/* The reason names the node, so each node has its own line. */
void feed_note_node_away(struct feed *feed, const struct error *error)
{
    redis_sessions_rest(feed->sessions, error);
    figure_add(&feed->failures, 1);
    if (redis_complaints_allow(&feed->complaints, error->message, clock_monotonic_us()))
        log_write(LOG_WARN, "journal feed failed", LOG_STRING("reason", error->message));
}

void feed_settle_round_trip(struct feed *feed, bool is_away, const struct error *error)
{
    if (is_away) {
        figure_add(&feed->failures, 1);
        leave_alone(feed, error);
        return;
    }
    warn_once(feed, "sluice:log");
    (void)feed_settle(feed, true, "", error);
}

uint64_t feed_sent_nothing(struct ring *ring)
{
    return ring_lost(ring);
}

uint64_t feed_failures(const struct feed *feed)
{
    return figure_get(&feed->failures);
}

uint64_t feed_dropped(const struct feed *feed)
{
    return figure_get(&feed->dropped);
}

uint64_t feed_replaced(const struct feed *feed)
{
    return figure_get(&feed->replaced);
}

enum feed_reading feed_read(struct feed *feed, const char *app_id, struct feed_entries *entries)
{
    char key[KEY_BYTES];
    const char *range[] = {"XREVRANGE", key,     entries->before,
                           "-",         "COUNT", LITERAL(FEED_PAGE_ENTRIES)};
    struct error error = {0};

    write_key(app_id, key);
    redisReply *reply = redis_sessions_command(feed->sessions, text_of(key), &error,
                                               ARRAY_COUNT(range), range, NULL);
    if (reply == NULL)
        return read_failed(feed, key, &error);
    (void)feed_settle(feed, true, key, &error);
    const bool is_last = !feed_entries_add(entries, reply);
    freeReplyObject(reply);
    return is_last ? FEED_READ_ALL : FEED_READ_SOME;
}

struct redis_sessions *feed_sessions(struct feed *feed)
{
    return feed->sessions;
}

bool feed_settle(struct feed *feed, bool succeeded, const char *key, const struct error *error)
{
    if (succeeded) {
        if (feed->complained)
            log_write(LOG_INFO, "journal feed works again", LOG_NONE);
        feed->complained = false;
        feed->rest_us = 0;
    } else if (redis_sessions_fault(feed->sessions) == REDIS_SESSION_OF_REDIS) {
        leave_alone(feed, error);
    } else if (redis_sessions_fault(feed->sessions) == REDIS_SESSION_OF_NODE) {
        feed_note_node_away(feed, error);
    } else {
        complain(feed, key, "journal key failed", error);
        feed->rest_us = 0;
    }
    return succeeded;
}

/* If another instance replaces the key at the same time, what it has written already may be
 * lost. */
bool feed_replace(struct feed *feed, const char *key)
{
    const char *delete[] = {"DEL", key};
    struct error error = {0};

    if (redis_sessions_fault(feed->sessions) != REDIS_SESSION_OF_KEY)
        return false;
    redisReply *reply = redis_sessions_command(feed->sessions, text_of(key), &error,
                                               ARRAY_COUNT(delete), delete, NULL);
    if (reply == NULL) {
        complain(feed, key, "journal key is not replaced", &error);
        return false;
    }
    freeReplyObject(reply);
    figure_add(&feed->replaced, 1);
    if (redis_complaints_allow(&feed->complaints, key, clock_monotonic_us()))
        log_write(LOG_WARN, "redis held an invalid journal", LOG_STRING("key", key));
    return true;
}

uint64_t feed_instance(const struct feed *feed)
{
    return feed->instance;
}

struct text feed_text_of_reply(const redisReply *reply)
{
    return (struct text){reply->str, reply->str == NULL ? 0 : (size_t)reply->len};
}

/* After the part has failed: in a way that may help. */
static bool send_otherwise(struct feed *feed, const char *app_id, struct ring *ring, uint64_t *sent,
                           struct feed_part *part, struct error *error)
{
    char key[KEY_BYTES];

    write_key(app_id, key);
    if (redis_sessions_fault(feed->sessions) == REDIS_SESSION_OF_PLACE)
        return send_as_script(feed, key, ring, *sent, part, error);
    if (!feed_replace(feed, key))
        return false;
    *sent = feed_sent_nothing(ring);
    *part = feed_append(feed, app_id, ring, *sent, FEED_PART_BYTES);
    return feed_take(feed, app_id, part->commands, error);
}

/* In a cluster a single command finds the key also while it moves. What was sent before the key
 * went away is sent again. */
static bool send_as_script(struct feed *feed, const char *key, struct ring *ring, uint64_t sent,
                           struct feed_part *part, struct error *error)
{
    struct feed_script script;

    feed_script_init(&script, LITERAL(JOURNAL_RECORDS), LITERAL(FEED_EXPIRY_S));
    *part = part_read(feed, key, ring, sent, FEED_PART_BYTES, add_to_script, &script);
    const bool succeeded = feed_script_run(&script, feed->sessions, key, error);
    feed_script_close(&script);
    return succeeded;
}

static void write_key(const char *app_id, char key[static KEY_BYTES])
{
    (void)snprintf(key, KEY_BYTES, "sluice:log:{%s}", app_id);
}

/* Records after number `sent`, until they are `bytes_max` or more. */
static struct feed_part part_read(struct feed *feed, const char *key, struct ring *ring,
                                  uint64_t sent, size_t bytes_max, entry_add_fn *add,
                                  struct feed_script *script)
{
    const uint64_t newest = ring_newest(ring);
    struct feed_part part = {.upto = sent};
    struct arena arena = {0};
    struct record record;

    if (newest - sent > JOURNAL_RECORDS)
        part.upto = newest - JOURNAL_RECORDS;
    part.dropped = part.upto - sent;
    while (part.upto < newest && part.bytes < bytes_max) {
        if (!ring_read(ring, ++part.upto, &arena, &record)) {
            part.dropped++;
            continue;
        }
        part.bytes += record_add(feed, key, &record, &arena, add, script, &part);
    }
    part.is_last = part.upto == newest;
    arena_close(&arena);
    return part;
}

/* Returns how many bytes the record takes. */
static size_t record_add(struct feed *feed, const char *key, const struct record *record,
                         struct arena *arena, entry_add_fn *add, struct feed_script *script,
                         struct feed_part *part)
{
    const struct entry_id id = {feed->instance, part->upto};
    char origin[ENTRY_ID_BYTES];
    struct buffer entry;
    struct writer writer;

    buffer_init(&entry, arena, ENTRY_BYTES);
    writer_init(&writer, &entry);
    record_write(record, text_of(NULL), &writer);
    add(feed, key, buffer_string(&entry), entry_id_write(&id, origin).at, script, part);
    return entry.length + ENTRY_EXTRA_BYTES;
}

static void add_to_pipeline(struct feed *feed, const char *key, const char *entry,
                            const char *origin, struct feed_script *script, struct feed_part *part)
{
    const char *add[] = {"XADD", key, "MAXLEN", "~", LITERAL(JOURNAL_RECORDS),
                         "*",    "e", entry,    "o", origin};
    const char *expire[] = {"EXPIRE", key, LITERAL(FEED_EXPIRY_S)};

    (void)script;
    redis_sessions_append(feed->sessions, text_of(key), ARRAY_COUNT(add), add, NULL);
    /* If Redis wakes up after we have gone, it reads only the first 16 KiB of what we sent. */
    if (part->commands++ == 0) {
        redis_sessions_append(feed->sessions, text_of(key), ARRAY_COUNT(expire), expire, NULL);
        part->commands++;
    }
}

static void add_to_script(struct feed *feed, const char *key, const char *entry, const char *origin,
                          struct feed_script *script, struct feed_part *part)
{
    (void)feed;
    (void)key;
    feed_script_add(script, entry, origin);
    part->commands = 1;
}

/* Both send their own commands, so only between exchanges. */
static void warn_once(struct feed *feed, const char *key)
{
    redis_rights_warn(feed->sessions, &feed->has_looked_for_rights);
    redis_eviction_warn(feed->sessions, text_of(key), &feed->has_looked_for_eviction, "counters");
}

static void leave_alone(struct feed *feed, const struct error *error)
{
    const int64_t now_us = clock_monotonic_us();

    feed->rest_us = feed->rest_us == 0 ? REST_US_MIN : 2 * feed->rest_us;
    if (feed->rest_us > REST_US_MAX)
        feed->rest_us = REST_US_MAX;
    feed->rests_until_us = now_us + feed->rest_us;
    if (now_us >= feed->complain_after_us) {
        log_write(LOG_WARN, "journal feed failed", LOG_STRING("reason", error->message));
        feed->complained = true;
        feed->complain_after_us = now_us + COMPLAIN_US;
    }
}

static void complain(struct feed *feed, const char *key, const char *event,
                     const struct error *error)
{
    if (redis_complaints_allow(&feed->complaints, key, clock_monotonic_us()))
        log_write(LOG_WARN, event, LOG_STRING("key", key), LOG_STRING("reason", error->message));
}

static enum feed_reading read_failed(struct feed *feed, const char *key, const struct error *error)
{
    if (feed_replace(feed, key))
        return FEED_REPLACED;
    (void)feed_settle(feed, false, key, error);
    return FEED_FAILED;
}
