/* SPDX-License-Identifier: MIT
 *
 * An app's usage, for usage.c and usage_sending.c. A closed span is one block of packed bytes. It
 * is in its app's list, and in one list of all apps from which the oldest are dropped. Both lists
 * are in the order of closing. So if a clock is hours ahead and corrected later, nothing is
 * lost. */
#ifndef JOURNAL_USAGE_HISTORY_H
#define JOURNAL_USAGE_HISTORY_H

#include "journal/usage.h"

#include <pthread.h>
#include <sys/queue.h>

struct arena;

struct period {
    TAILQ_ENTRY(period) in_app;
    TAILQ_ENTRY(period) in_all;
    struct usage_app *app;
    uint32_t start; /* minute since 1970 */
    uint32_t part;
    int64_t closed_at; /* in elapsed minutes */
    uint16_t bytes[USAGE_CONTENTS];
    uint8_t span; /* enum usage_span */
    bool sent;
    char packed[]; /* the contents */
};

TAILQ_HEAD(periods, period);

struct usage {
    pthread_mutex_t lock; /* held by the owner to change what other threads read */
    struct periods closed[USAGE_SPANS];
    size_t bytes; /* of all closed spans */
    size_t bytes_max;
    int64_t elapsed_minutes; /* at the last usage_add() */
};

struct history {
    struct tally open;     /* of the span that begins at open.minute, unless it is empty */
    uint32_t part;         /* which part of that span it is */
    uint32_t parts;        /* parts so far */
    bool sent;             /* whether the open tally was sent */
    struct periods closed; /* sent ones first */
    int64_t newest;        /* start of the newest one ever closed */
    /* Since usage_offer_unsent(): */
    struct period *taken; /* the newest closed one; NULL: none */
    bool open_taken;
};

struct usage_app {
    struct usage *usage;
    size_t bytes; /* of all closed spans */
    struct history histories[USAGE_SPANS];
    struct heavy_hitters *tops[TOPS]; /* in the open hour; NULL: none */
    int64_t minutes_from;
};

struct usage_view usage_view_of(const struct period *period);
/* Of the open span, which is not empty. */
struct usage_view usage_pack_open(const struct usage_app *app, enum usage_span span,
                                  struct arena *arena);

#endif
