/* SPDX-License-Identifier: MIT
 *
 * The reading side of the feed: an app's stream, page by page. */
#include "feed_state.h"

static enum feed_reading read_failed(struct feed *feed, const char *key, const struct error *error);

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

static enum feed_reading read_failed(struct feed *feed, const char *key, const struct error *error)
{
    if (feed_replace(feed, key))
        return FEED_REPLACED;
    (void)feed_settle(feed, false, key, error);
    return FEED_FAILED;
}
