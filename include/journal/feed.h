/* SPDX-License-Identifier: MIT
 *
 * The log that the instances share: a Redis stream per app. It blocks, each command for at most
 * FEED_TIMEOUT_MS. One thread owns it, so the journal has two: one to send, one to read.
 *
 * If the answer to a flush was lost, the flush is sent again, so a stream may hold an entry twice.
 * Each entry says where it came from, so feed_read() shows it once.
 *
 * The keys are ours: a key that holds something else is replaced, and the log names it. Any other
 * fault of one key fails only for that key, and Redis is asked on. The same for a node of a
 * cluster: what it has waits, and the others are asked on. */
#ifndef JOURNAL_FEED_H
#define JOURNAL_FEED_H

#include "journal/feed_entries.h"
#include "journal/record.h"
#include "journal/ring.h"
#include "redis/redis_sessions.h"

#define FEED_TIMEOUT_MS 500
#define FEED_PART_BYTES                                                                            \
    ((size_t)64 * 1024)      /* of an app in one round trip; the last record may exceed it */
#define FEED_EXPIRY_S 604800 /* of a stream to which nothing is added: 7 days */

struct feed;

/* `instance`: of the ids of entries, see entry_id.h. */
struct feed *feed_new(struct redis_topology *topology, uint64_t instance);
void feed_free(struct feed *feed);

/* After a failure Redis is not asked for 200 ms, doubling to 1 s. Returns until when; a time in the
 * past if there was no failure. */
int64_t feed_rests_until_us(const struct feed *feed);
/* Whether the last exchange failed, and not only for one key. */
bool feed_is_away(const struct feed *feed);
/* All nodes of a cluster are asked again, also those that are left alone. */
void feed_wake(struct feed *feed);

enum feed_sent { FEED_SENT_ALL, FEED_SENT_SOME, FEED_NOT_SENT };

/* Sends the oldest of the ring's records after number *sent, and advances *sent if Redis has them.
 * If it has not, the log says why, at most once per second. */
MUST_USE enum feed_sent feed_send(struct feed *feed, const char *app_id, struct ring *ring,
                                  uint64_t *sent);

/* The same in two steps, for exchanges that carry several apps: first append an app's part, then
 * take the replies to it. */
struct feed_part {
    size_t commands; /* 0: nothing to send */
    size_t bytes;
    bool is_last;     /* nothing is left to append */
    uint64_t upto;    /* of a ring: the newest record in this part */
    uint64_t dropped; /* of a ring: records that were overwritten before they were sent */
};

/* Appends the oldest of the ring's records after number `sent`, until they are `bytes_max` or
 * more. */
struct feed_part feed_append(struct feed *feed, const char *app_id, struct ring *ring,
                             uint64_t sent, size_t bytes_max);
/* Takes the replies to the next `commands` commands, which were about the app. False when any
 * failed: then redis_sessions_fault() says whose fault it was. */
MUST_USE bool feed_take(struct feed *feed, const char *app_id, size_t commands,
                        struct error *error);
/* Redis has the part. */
void feed_note_sent(struct feed *feed, const struct feed_part *part);
/* Whether the app's node of a cluster is away, so that nothing need be sent there now. Always false
 * for a single server. */
bool feed_app_rests(struct feed *feed, const char *app_id);
/* A node of a cluster failed, or refused, and what was to be sent there was not: it is left alone
 * for a while, like a single Redis. */
void feed_note_node_away(struct feed *feed, const struct error *error);
/* To be called when all replies of an exchange were taken, and some node answered or `is_away`:
 * `error` means that Redis is not to be asked for a while. */
void feed_settle_round_trip(struct feed *feed, bool is_away, const struct error *error);

/* The value of *sent with which feed_send() sends all that the ring still holds. */
uint64_t feed_sent_nothing(struct ring *ring);

/* How often sending failed, how many records were overwritten in a ring before they were sent, and
 * how many keys were replaced. Any thread. */
uint64_t feed_failures(const struct feed *feed);
uint64_t feed_dropped(const struct feed *feed);
uint64_t feed_replaced(const struct feed *feed);

enum feed_reading { FEED_READ_ALL, FEED_READ_SOME, FEED_REPLACED, FEED_FAILED };

/* Reads the next page into `entries`. FEED_REPLACED: the log is empty now, and the caller may send
 * again what it still holds. */
MUST_USE enum feed_reading feed_read(struct feed *feed, const char *app_id,
                                     struct feed_entries *entries);

/* Behind the entry of a stream with this id; zeroed: before the first. */
struct feed_place {
    uint64_t time_ms;
    uint64_t number;
};

/* Reads the streams of several apps in one exchange, oldest entries first: first append, for each
 * app, what is behind a place, FEED_PAGE_ENTRIES at most, or its newest entry alone. Then take the
 * replies in the same order; NULL, and `error` is set, when it cannot be read. */
void feed_append_page(struct feed *feed, const char *app_id, const struct feed_place *behind);
void feed_append_newest(struct feed *feed, const char *app_id);
MUST_USE redisReply *feed_take_page(struct feed *feed, const char *app_id, struct error *error);
/* The same page in an exchange of its own, for an app that moves in a cluster. */
MUST_USE redisReply *feed_ask_page(struct feed *feed, const char *app_id,
                                   const struct feed_place *behind, struct error *error);
/* Where the entry of a page is. False when it does not say. */
MUST_USE bool feed_place_read(const redisReply *entry, struct feed_place *place);
/* Notes how reading the app's stream went. */
void feed_settle_page(struct feed *feed, const char *app_id, bool succeeded,
                      const struct error *error);

/* For usage_feed.c, which talks to the same Redis: the connections; feed_settle(), which notes how
 * an exchange about a key went, and returns `succeeded`; this process' mark; a reply's text. */
struct redis_sessions *feed_sessions(struct feed *feed);
bool feed_settle(struct feed *feed, bool succeeded, const char *key, const struct error *error);
/* To be called after a failure: deletes the key if it holds something that is not ours. False if it
 * holds nothing else, or Redis does not delete it. */
MUST_USE bool feed_replace(struct feed *feed, const char *key);
/* The key has lost what this process had written there: the log says so. */
void feed_note_lost(struct feed *feed, const char *key);
uint64_t feed_instance(const struct feed *feed);
struct text feed_text_of_reply(const redisReply *reply);

#endif
