/* SPDX-License-Identifier: MIT
 *
 * The log that the instances share: a Redis stream per app. Blocks, each command for at most
 * FEED_TIMEOUT_MS; one thread owns it.
 *
 * A flush whose answer was lost is sent again, so a stream may hold an entry twice. Each carries
 * where it came from, and feed_read() shows it once.
 *
 * The keys are ours: one that holds something else is replaced, and the log names it. What else is
 * wrong with one key fails for that one alone, and does not have Redis left alone. */
#ifndef JOURNAL_FEED_H
#define JOURNAL_FEED_H

#include "journal/record.h"
#include "journal/ring.h"
#include "redis/redis_session.h"
#include "redis/redis_url.h"

struct arena;

#define FEED_TIMEOUT_MS 500
#define FEED_EXPIRY_S   604800 /* of a stream to which nothing is added: 7 days */

struct feed;

struct feed *feed_new(const struct redis_url *url);
void feed_free(struct feed *feed);

/* After a failure Redis is left alone for 200 ms, doubling to 1 s: until when; in the past when
 * there was none. */
int64_t feed_rests_until_us(const struct feed *feed);
/* Whether the last exchange failed, and not of one key alone. */
bool feed_is_away(const struct feed *feed);

/* Sends what the ring holds past the number *sent, and moves *sent on when Redis has it all. False
 * when it has not; the log says why, once per second at most. */
MUST_USE bool feed_send(struct feed *feed, const char *app_id, struct ring *ring, uint64_t *sent);

/* The *sent with which feed_send() sends all that the ring still holds. */
uint64_t feed_sent_nothing(struct ring *ring);

/* How often that failed, how many records a ring had overwritten before they were sent, and how
 * many keys have been replaced. Any thread. */
uint64_t feed_failures(const struct feed *feed);
uint64_t feed_dropped(const struct feed *feed);
uint64_t feed_replaced(const struct feed *feed);

enum feed_reading { FEED_READ, FEED_REPLACED, FEED_FAILED };

/* Writes a JSON array of the entries that `filter` takes, newest first, into `arena`.
 * FEED_REPLACED: nothing is written; the log is empty now, and what is held of it may be sent
 * again. */
MUST_USE enum feed_reading feed_read(struct feed *feed, const char *app_id,
                                     const struct record_filter *filter, struct arena *arena,
                                     struct text *entries);

/* For usage_feed.c, which talks to the same Redis: the connection; what settles a failed or
 * successful exchange about a key, and returns `succeeded`; this process' mark; a reply's text. */
struct redis_session *feed_session(struct feed *feed);
bool feed_settle(struct feed *feed, bool succeeded, const char *key, const struct error *error);
/* After a failure: deletes the key when it holds what is none of ours. False when it does not, or
 * Redis would not. */
MUST_USE bool feed_replace(struct feed *feed, const char *key);
uint64_t feed_instance(const struct feed *feed);
struct text feed_text_of_reply(const redisReply *reply);

#endif
