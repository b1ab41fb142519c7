/* SPDX-License-Identifier: MIT
 *
 * The sending side of the feed: an app's records on their way to its stream. */
#include "base/arena.h"
#include "base/duration.h"
#include "feed_script.h"
#include "feed_state.h"
#include "journal/entry_id.h"
#include "redis/redis_eviction.h"
#include "redis/redis_rights.h"

#define ENTRY_BYTES 512
/* Bytes of the command besides the record: some 130. */
#define ENTRY_EXTRA_BYTES ((size_t)128)

_Static_assert(FEED_EXPIRY_S == 7 * DAY_S, "written out: Redis is told it as text");

/* Takes one entry of a part. */
typedef void entry_add_fn(struct feed *feed, const char *key, const char *entry, const char *origin,
                          struct feed_script *script, struct feed_part *part);

static bool send_otherwise(struct feed *feed, const char *app_id, struct ring *ring, uint64_t *sent,
                           struct feed_part *part, struct error *error);
static bool send_as_script(struct feed *feed, const char *key, struct ring *ring, uint64_t sent,
                           struct feed_part *part, struct error *error);
static struct feed_part part_read(struct feed *feed, const char *key, struct ring *ring,
                                  uint64_t sent, size_t bytes_max, entry_add_fn *add,
                                  struct feed_script *script);
static size_t record_add(struct feed *feed, const char *key, const struct record *record,
                         struct arena *arena, entry_add_fn *add, struct feed_script *script,
                         struct feed_part *part);
static entry_add_fn add_to_pipeline;
static entry_add_fn add_to_script;
static void warn_once(struct feed *feed, const char *key);

enum feed_sent feed_send(struct feed *feed, const char *app_id, struct ring *ring, uint64_t *sent)
{
    struct feed_part part = feed_append(feed, app_id, ring, *sent, FEED_PART_BYTES);
    struct error error = {0};
    char key[FEED_KEY_BYTES];

    if (part.commands == 0)
        return FEED_SENT_ALL;
    feed_write_key(app_id, key);
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
    char key[FEED_KEY_BYTES];

    feed_write_key(app_id, key);
    return part_read(feed, key, ring, sent, bytes_max, add_to_pipeline, NULL);
}

bool feed_take(struct feed *feed, const char *app_id, size_t commands, struct error *error)
{
    struct error further;
    char key[FEED_KEY_BYTES];
    bool succeeded = true;

    feed_write_key(app_id, key);
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
    char key[FEED_KEY_BYTES];

    feed_write_key(app_id, key);
    return redis_sessions_rests(feed->sessions, text_of(key));
}

void feed_settle_round_trip(struct feed *feed, bool is_away, const struct error *error)
{
    if (is_away) {
        figure_add(&feed->failures, 1);
        feed_rest(feed, error);
        return;
    }
    warn_once(feed, "sluice:log");
    (void)feed_settle(feed, true, "", error);
}

uint64_t feed_sent_nothing(struct ring *ring)
{
    return ring_lost(ring);
}

/* After the part has failed: in a way that may help. */
static bool send_otherwise(struct feed *feed, const char *app_id, struct ring *ring, uint64_t *sent,
                           struct feed_part *part, struct error *error)
{
    char key[FEED_KEY_BYTES];

    feed_write_key(app_id, key);
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
