/* SPDX-License-Identifier: MIT
 *
 * The apps that the journal knows, by id. Apps are only added, each at the head of its bucket's
 * list, so a look-up needs no lock. */
#ifndef JOURNAL_JOURNAL_APPS_H
#define JOURNAL_JOURNAL_APPS_H

#include "flush.h"
#include "journal/journal.h"
#include "journal/usage.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>

#define JOURNAL_BUCKETS 32768

struct flusher;

/* The members that a decision reads come first, then those of each flush: of thousands of apps none
 * is in the processor's caches, so they lie together. */
struct journal_app {
    char id[APP_ID_BYTES + 1];
    atomic_bool dirty;        /* for CARGO_LOG; see departures.h */
    struct journal_app *next; /* in its bucket */
    struct ring ring;
    struct flusher *flusher;

    struct queue_item item;            /* posted when `dirty` becomes true */
    _Atomic uint64_t sent;             /* number of the newest record that the feed has */
    _Atomic(struct usage_app *) usage; /* NULL until something was counted */
    /* The flusher's thread only, as it alone changes the two above: */
    STAILQ_ENTRY(journal_app) in_cargo[CARGOS]; /* a list of the departures */
    bool goes_alone[CARGOS];                    /* see round_trip.h */
    bool unsent;                                /* the mark as `dirty` is, for CARGO_USAGE */
    bool has_lost;                              /* usage, and nobody has been told yet */
    TAILQ_ENTRY(journal_app) in_silence;        /* while `bytes` is not 0; see silence.h */
    int64_t heard_us;
    size_t bytes;

    uint64_t instance;                   /* of its journal: see entry_id.h */
    atomic_uint tails;                   /* that are open; see journal/tail.h */
    struct followed *followed;           /* the readers' thread only; NULL: not followed */
    SLIST_ENTRY(journal_app) in_counted; /* once it has usage; the flusher's thread only */
    atomic_bool hurries;                 /* `hurry` was posted and has not run */
    bool is_hurried;                     /* `hurry` is asked for; the flusher's thread only */
    struct flush hurry;
};

struct journal_apps {
    _Atomic(struct journal_app *) buckets[JOURNAL_BUCKETS];
    pthread_mutex_t adding; /* held to add an app */
    uint64_t instance;
};

void journal_apps_init(struct journal_apps *apps, uint64_t instance);
void journal_apps_close(struct journal_apps *apps);

/* Both: any thread. */
struct journal_app *journal_apps_find(struct journal_apps *apps, const char *app_id);
struct journal_app *journal_apps_find_or_add(struct journal_apps *apps, const char *app_id,
                                             struct flusher *flusher);

#endif
