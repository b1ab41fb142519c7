/* SPDX-License-Identifier: MIT
 *
 * The log that the instances share: a Redis stream per app. Blocks, each command for at most
 * FEED_TIMEOUT_MS; one thread owns it.
 *
 * A flush whose answer was lost is sent again, so a stream may hold an entry twice. Each carries
 * where it came from, and feed_read() shows it once. */
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

/* Sends what the ring holds past the number *sent, and moves *sent on when Redis has it all. False
 * when it has not; the log says why, once per second at most. */
MUST_USE bool feed_send(struct feed *feed, const char *app_id, struct ring *ring, uint64_t *sent);

/* How often that failed, and how many records a ring had overwritten before they were sent. Any
 * thread. */
uint64_t feed_failures(const struct feed *feed);
uint64_t feed_dropped(const struct feed *feed);

/* Writes a JSON array of the entries that `filter` takes, newest first, into `arena`. */
MUST_USE bool feed_read(struct feed *feed, const char *app_id, const struct record_filter *filter,
                        struct arena *arena, struct text *entries);

/* For usage_feed.c, which talks to the same Redis: the connection; what settles a failed or
 * successful exchange, and returns `succeeded`; this process' mark; a reply's text. */
struct redis_session *feed_session(struct feed *feed);
bool feed_settle(struct feed *feed, bool succeeded, const struct error *error);
uint64_t feed_instance(const struct feed *feed);
struct text feed_text_of_reply(const redisReply *reply);

#endif
