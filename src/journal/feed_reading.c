/* SPDX-License-Identifier: MIT
 *
 * The reading side of the feed: an app's stream, page by page, from its end or from its
 * beginning. */
#include "feed_state.h"

#include <inttypes.h>

#define PLACE_BYTES 48

/* XRANGE key from + COUNT n */
#define RANGE_WORDS 6

static enum feed_reading read_failed(struct feed *feed, const char *key, const struct error *error);
static const char *write_next(const struct feed_place *behind, char space[static PLACE_BYTES]);

enum feed_reading feed_read(struct feed *feed, const char *app_id, struct feed_entries *entries)
{
    char key[FEED_KEY_BYTES];
    const char *range[] = {"XREVRANGE", key,     entries->before,
                           "-",         "COUNT", LITERAL(FEED_PAGE_ENTRIES)};
    struct error error = {0};

    feed_write_key(app_id, key);
    redisReply *reply = redis_sessions_command(feed->sessions, text_of(key), &error,
                                               ARRAY_COUNT(range), range, NULL);
    if (reply == NULL)
        return read_failed(feed, key, &error);
    (void)feed_settle(feed, true, key, &error);
    const bool is_last = !feed_entries_add(entries, reply);
    freeReplyObject(reply);
    return is_last ? FEED_READ_ALL : FEED_READ_SOME;
}

void feed_append_page(struct feed *feed, const char *app_id, const struct feed_place *behind)
{
    char key[FEED_KEY_BYTES];
    char next[PLACE_BYTES];
    const char *range[RANGE_WORDS] = {"XRANGE", key,     write_next(behind, next),
                                      "+",      "COUNT", LITERAL(FEED_PAGE_ENTRIES)};

    feed_write_key(app_id, key);
    redis_sessions_append(feed->sessions, text_of(key), RANGE_WORDS, range, NULL);
}

void feed_append_newest(struct feed *feed, const char *app_id)
{
    char key[FEED_KEY_BYTES];
    const char *range[RANGE_WORDS] = {"XREVRANGE", key, "+", "-", "COUNT", "1"};

    feed_write_key(app_id, key);
    redis_sessions_append(feed->sessions, text_of(key), RANGE_WORDS, range, NULL);
}

redisReply *feed_take_page(struct feed *feed, const char *app_id, struct error *error)
{
    char key[FEED_KEY_BYTES];

    feed_write_key(app_id, key);
    return redis_sessions_take(feed->sessions, text_of(key), error);
}

redisReply *feed_ask_page(struct feed *feed, const char *app_id, const struct feed_place *behind,
                          struct error *error)
{
    char key[FEED_KEY_BYTES];
    char next[PLACE_BYTES];
    const char *range[RANGE_WORDS] = {"XRANGE", key,     write_next(behind, next),
                                      "+",      "COUNT", LITERAL(FEED_PAGE_ENTRIES)};

    feed_write_key(app_id, key);
    return redis_sessions_command(feed->sessions, text_of(key), error, RANGE_WORDS, range, NULL);
}

/* hiredis ends each text with a NUL. */
bool feed_place_read(const redisReply *entry, struct feed_place *place)
{
    const char *id = entry->elements == 0 ? NULL : entry->element[0]->str;
    char *end;

    if (id == NULL)
        return false;
    place->time_ms = strtoull(id, &end, 10);
    if (*end != '-')
        return false;
    place->number = strtoull(end + 1, &end, 10);
    return *end == '\0';
}

/* A key that holds something else is left to the flusher, which replaces it. */
void feed_settle_page(struct feed *feed, const char *app_id, bool succeeded,
                      const struct error *error)
{
    char key[FEED_KEY_BYTES];

    feed_write_key(app_id, key);
    (void)feed_settle(feed, succeeded, key, error);
}

static enum feed_reading read_failed(struct feed *feed, const char *key, const struct error *error)
{
    if (feed_replace(feed, key))
        return FEED_REPLACED;
    (void)feed_settle(feed, false, key, error);
    return FEED_FAILED;
}

/* The first id that is possible behind the place: servers before 6.2 know no "(". */
static const char *write_next(const struct feed_place *behind, char space[static PLACE_BYTES])
{
    const bool is_last = behind->number == UINT64_MAX;

    (void)snprintf(space, PLACE_BYTES, "%" PRIu64 "-%" PRIu64, behind->time_ms + is_last,
                   is_last ? 0 : behind->number + 1);
    return space;
}
