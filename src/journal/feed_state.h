/* SPDX-License-Identifier: MIT
 *
 * A feed, for feed.c, feed_sending.c and feed_reading.c.
 *
 * Stream sluice:log:{<app id>}, per entry the fields
 *     e  the record's JSON, without id
 *     o  its origin, which is its id (entry_id.h): by it a repeated entry is known */
#ifndef JOURNAL_FEED_STATE_H
#define JOURNAL_FEED_STATE_H

#include "journal/feed.h"
#include "metrics/figure.h"
#include "redis/redis_complaints.h"

#define FEED_KEY_BYTES 48

/* The macro's value as a literal. */
#define LITERAL(macro)  LITERAL_(macro)
#define LITERAL_(value) #value

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

void feed_write_key(const char *app_id, char key[static FEED_KEY_BYTES]);

/* Redis is not asked for a while. */
void feed_rest(struct feed *feed, const struct error *error);

#endif
