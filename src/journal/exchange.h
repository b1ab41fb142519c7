/* SPDX-License-Identifier: MIT
 *
 * One round trip to Redis that carries what many apps have for it, of each a bounded part.
 *
 * Each app succeeds or fails for itself. One that failed goes alone the next time, also when Redis
 * refused the whole exchange: should the app be the trouble, it does not stop the others. Alone, a
 * key of its that holds something else is replaced. */
#ifndef JOURNAL_EXCHANGE_H
#define JOURNAL_EXCHANGE_H

#include "journal/feed.h"
#include "journal_apps.h"

#define EXCHANGE_APPS_MAX     ((size_t)64)
#define EXCHANGE_BYTES_MAX    ((size_t)256 * 1024) /* before the last app's part */
#define EXCHANGE_BYTES_OF_APP ((size_t)64 * 1024)  /* before the last record or minute */

enum exchange_outcome {
    EXCHANGE_SENT,
    EXCHANGE_GOES_ON, /* there is more to send, or it is to go alone */
    EXCHANGE_FAILED
};

struct exchange {
    struct feed *feed;
    enum cargo cargo;
    size_t count;
    size_t bytes;
    bool is_of_one; /* and of no other */
    struct exchange_part {
        struct journal_app *app;
        struct feed_part appended;
        enum exchange_outcome outcome;
    } parts[EXCHANGE_APPS_MAX];
};

void exchange_init(struct exchange *exchange, struct feed *feed, enum cargo cargo);

/* Whether it takes the app, too. */
bool exchange_has_room(const struct exchange *exchange, const struct journal_app *app);
/* It has room. */
void exchange_add(struct exchange *exchange, struct journal_app *app);

/* Sets the outcome of each part. False when Redis is away. Takes at most some FEED_TIMEOUT_MS. */
bool exchange_run(struct exchange *exchange);

#endif
