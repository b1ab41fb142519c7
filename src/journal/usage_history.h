/* SPDX-License-Identifier: MIT
 *
 * What usage.c and usage_sending.c know of an app's usage. A closed span is one block of packed
 * bytes, in its app's list and, for giving way, in one list of all apps. Both are in the order of
 * closing. A clock that is ahead for hours so takes nothing away: it may be put right. */
#ifndef JOURNAL_USAGE_HISTORY_H
#define JOURNAL_USAGE_HISTORY_H

#include "journal/usage.h"

#include <sys/queue.h>

struct arena;

struct period {
    TAILQ_ENTRY(period) in_app;
    TAILQ_ENTRY(period) in_all;
    struct usage_app *app;
    uint32_t start; /* minute since 1970 */
    uint32_t part;
    int64_t closed_at; /* in elapsed minutes */
    uint32_t counts_bytes;
    uint32_t denied_bytes;
    uint8_t span; /* enum usage_span */
    bool sent;
    char packed[]; /* the counts, and who was denied */
};

TAILQ_HEAD(periods, period);

struct history {
    struct tally open;     /* of the span that begins at open.minute; unless empty */
    uint32_t part;         /* of it */
    uint32_t parts;        /* so far */
    bool sent;             /* what is open */
    struct periods closed; /* sent ones come before others */
    int64_t newest;        /* the start of the newest that ever closed */
    /* Since usage_offer_unsent(): */
    struct period *taken; /* the newest closed one; NULL: none */
    bool open_taken;
};

struct usage_app {
    struct usage *usage;
    size_t bytes; /* of all that is closed */
    struct history histories[USAGE_SPANS];
    struct heavy_hitters *denied; /* in the open hour; NULL until there is somebody */
    int64_t minutes_from;
};

struct usage_view usage_view_of(const struct period *period);
/* Of the open span, which is not empty. */
struct usage_view usage_pack_open(const struct usage_app *app, enum usage_span span,
                                  struct arena *arena);

#endif
