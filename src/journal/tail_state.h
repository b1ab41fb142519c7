/* SPDX-License-Identifier: MIT
 *
 * A tail as tails.c and catching_up.c see it. All functions: readers' thread. */
#ifndef JOURNAL_TAIL_STATE_H
#define JOURNAL_TAIL_STATE_H

#include "base/arena.h"
#include "base/queue.h"
#include "journal/feed.h"
#include "journal/tail.h"
#include "journal_apps.h"
#include "origins.h"

/* Its text is never changed. */
struct tail_text {
    atomic_uint references;
    struct tail_event event;
    char bytes[];
};

/* NEW: not looked at yet. SEEKING: looks for the entry in the stream that it goes on after.
 * CATCHING_UP: reads what is behind it. FOLLOWING: gets what is read for all. */
enum tail_phase { TAIL_NEW, TAIL_SEEKING, TAIL_CATCHING_UP, TAIL_FOLLOWING };

/* Where a tail that goes on is. */
struct catching_up {
    struct entry_id after;
    struct log_mark mark;    /* how far its reader is */
    struct feed_place place; /* of the last entry that it has looked at */
    uint64_t oldest;         /* the first number of that instance in the stream; 0: none */
    uint64_t older_number;   /* of the instance's last entry before `after`; 0: there is none */
    struct feed_place older; /* where that one is */
};

struct followed;
struct tails;

/* The readers' thread alone uses the members up to `lock`. */
struct tail {
    TAILQ_ENTRY(tail) in_app;
    struct tails *tails;
    struct followed *followed;
    struct queue_item opened;
    struct queue_item closed;
    struct arena arena; /* of the filter */
    struct record_filter filter;
    struct journal_app *app;
    struct tail_group *group;
    enum tail_phase phase;
    struct catching_up from;
    struct origins seen;
    uint64_t missed;     /* entries that did not fit, or are lost, and of which no gap tells */
    bool misses_unknown; /* the same for a number that nobody knows */
    bool is_behind;      /* some did not fit: now all must be taken first */
    bool has_news;       /* since its group was woken */

    pthread_mutex_t lock; /* guards `events`, `first`, `count` and `bytes` */
    struct tail_text *events[TAIL_EVENTS_MAX];
    size_t first;
    size_t count;
    size_t bytes;
    atomic_bool has_begun;
    atomic_bool has_ended;
};

/* Shows an entry to a tail, which gets it unless it has seen it, or its filter does not take it.
 * `mark` is how far its reader is with this entry. *text is the entry's event; NULL: not written
 * yet. The caller releases it. */
void tail_offer(struct tail *tail, const struct record *record, const struct entry_id *id,
                const struct log_mark *mark, struct tail_text **text);
/* NULL is fine. */
void tail_text_release(struct tail_text *text);

/* Whether it takes more now. */
bool tail_has_room(struct tail *tail);
/* Whether all was taken. */
bool tail_is_empty(struct tail *tail);
/* A gap comes next. 0: of a number that is not known. */
void tail_note_gap(struct tail *tail, uint64_t missed);
/* Tells the gap if there is one and room for it. */
void tail_tell_gap(struct tail *tail);

void tail_begin(struct tail *tail);
void tail_end(struct tail *tail);
/* Wakes its group if it has news. */
void tail_wake(struct tail *tail);
void tail_free(struct tail *tail);

#endif
