/* SPDX-License-Identifier: MIT
 *
 * An app that is followed, and what its tails get of the ring. Readers' thread. */
#ifndef JOURNAL_FOLLOWED_H
#define JOURNAL_FOLLOWED_H

#include "tail_state.h"

struct followed {
    LIST_ENTRY(followed) next;
    TAILQ_HEAD(tail_list, tail) tails;
    struct journal_app *app;
    struct feed_place place; /* in the stream, up to where it was read */
    bool has_place;
    bool is_quiet; /* there was nothing behind it, so the newest entry is looked at */
    bool has_feed;
    struct log_mark mark; /* how far those are that follow */
    bool is_read;         /* its stream, in this turn */
    uint64_t looked_upto; /* the newest record of this instance at an earlier look */
    int64_t late_us;      /* when what it was then is late */
    uint64_t ring_seen;   /* number of the newest record of this instance that was read */
};

/* Shows an entry to all tails that follow. */
void followed_show(struct followed *followed, const struct record *record,
                   const struct entry_id *id);

/* The stream was not read, or there is none: the ring is. */
void followed_read_ring(struct followed *followed);
/* The stream was read. If Redis has not taken for a second what this instance has recorded, that is
 * shown ahead of the log. */
void followed_read_late(struct followed *followed, int64_t now_us);
/* To those that follow. */
void followed_show_ring(struct followed *followed);

/* New tails follow from now on. What this instance has recorded until now was decided before. */
void followed_begin_new(struct followed *followed);
/* Tells all tails that have got something. */
void followed_settle(struct followed *followed);

#endif
