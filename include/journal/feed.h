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

#include "journal/feed_entries.h"
#include "journal/record.h"
#include "journal/ring.h"
#include "redis/redis_session.h"
#include "redis/redis_url.h"

#define FEED_TIMEOUT_MS 500
#define FEED_PART_BYTES                                                                            \
    ((size_t)64 * 1024)      /* of an app in one round trip: before the last record */
#define FEED_EXPIRY_S 604800 /* of a stream to which nothing is added: 7 days */

struct feed;

struct feed *feed_new(const struct redis_url *url);
void feed_free(struct feed *feed);

/* After a failure Redis is left alone for 200 ms, doubling to 1 s: until when; in the past when
 * there was none. */
int64_t feed_rests_until_us(const struct feed *feed);
/* Whether the last exchange failed, and not of one key alone. */
bool feed_is_away(const struct feed *feed);

enum feed_sent { FEED_SENT_ALL, FEED_SENT_SOME, FEED_NOT_SENT };

/* Sends some of what the ring holds past the number *sent, the oldest, and moves *sent on when
 * Redis has it. When it has not, the log says why, once per second at most. */
MUST_USE enum feed_sent feed_send(struct feed *feed, const char *app_id, struct ring *ring,
                                  uint64_t *sent);

/* The same in two steps, for exchanges that carry several apps: what of an app was appended, and
 * whose replies are to be taken. */
struct feed_part {
    size_t commands; /* 0: there is nothing to send */
    size_t bytes;
    bool is_last;     /* nothing is left to append */
    uint64_t upto;    /* of a ring: the newest record that is in it */
    uint64_t dropped; /* of a ring: records that had been overwritten before */
};

/* Of what the ring holds past the number `sent`, the oldest, until that is `bytes_max` or more. */
struct feed_part feed_append(struct feed *feed, const char *app_id, struct ring *ring,
                             uint64_t sent, size_t bytes_max);
/* Takes the replies to the next `commands` commands. False when any failed: the session tells whose
 * fault that was. */
MUST_USE bool feed_take(struct feed *feed, size_t commands, struct error *error);
/* Redis has it. */
void feed_note_sent(struct feed *feed, const struct feed_part *part);
/* After all replies of an exchange were taken: whether Redis is to be left alone, by what error. */
void feed_settle_round_trip(struct feed *feed, bool is_away, const struct error *error);

/* The *sent with which feed_send() sends all that the ring still holds. */
uint64_t feed_sent_nothing(struct ring *ring);

/* How often that failed, how many records a ring had overwritten before they were sent, and how
 * many keys have been replaced. Any thread. */
uint64_t feed_failures(const struct feed *feed);
uint64_t feed_dropped(const struct feed *feed);
uint64_t feed_replaced(const struct feed *feed);

enum feed_reading { FEED_READ_ALL, FEED_READ_SOME, FEED_REPLACED, FEED_FAILED };

/* Reads the next page into `entries`. FEED_REPLACED: the log is empty now, and what is held of it
 * may be sent again. */
MUST_USE enum feed_reading feed_read(struct feed *feed, const char *app_id,
                                     struct feed_entries *entries);

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
