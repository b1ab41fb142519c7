/* SPDX-License-Identifier: MIT
 *
 * What sending and reading share: the connections, and how the exchanges went. */
#include "feed_state.h"

#include "base/clock.h"
#include "base/duration.h"
#include "base/log.h"
#include "base/memory.h"

#define REST_US_MIN (200 * MILLISECOND_US)
#define REST_US_MAX SECOND_US
#define COMPLAIN_US SECOND_US

static void complain(struct feed *feed, const char *key, const char *event,
                     const struct error *error);

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

/* The reason names the node, so each node has its own line. */
void feed_note_node_away(struct feed *feed, const struct error *error)
{
    redis_sessions_rest(feed->sessions, error);
    figure_add(&feed->failures, 1);
    if (redis_complaints_allow(&feed->complaints, error->message, clock_monotonic_us()))
        log_write(LOG_WARN, "journal feed failed", LOG_STRING("reason", error->message));
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
        feed_rest(feed, error);
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

void feed_note_lost(struct feed *feed, const char *key)
{
    if (redis_complaints_allow(&feed->complaints, key, clock_monotonic_us()))
        log_write(LOG_WARN, "redis lost usage, and gets again what is here",
                  LOG_STRING("key", key));
}

uint64_t feed_instance(const struct feed *feed)
{
    return feed->instance;
}

struct text feed_text_of_reply(const redisReply *reply)
{
    return (struct text){reply->str, reply->str == NULL ? 0 : (size_t)reply->len};
}

void feed_write_key(const char *app_id, char key[static FEED_KEY_BYTES])
{
    (void)snprintf(key, FEED_KEY_BYTES, "sluice:log:{%s}", app_id);
}

void feed_rest(struct feed *feed, const struct error *error)
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
