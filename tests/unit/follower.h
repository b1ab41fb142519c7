/* SPDX-License-Identifier: MIT
 *
 * Follows the log of JOURNAL_APP as a worker does. A fault fails the test. */
#ifndef UNIT_FOLLOWER_H
#define UNIT_FOLLOWER_H

#include "elsewhere.h"
#include "journal/journal.h"
#include "journal/tail.h"

#define FOLLOWER_TEXT_MAX ((size_t)1024 * 1024)
#define UNKNOWN_GAP       "event: gap\ndata: {\"missed\":null}\n\n"

/* What it has read. */
struct follower {
    struct journal *journal;
    struct queue *wakes;
    struct tail_group *group;
    struct tail *tail;
    char *text;
    size_t length;
    int events;
    int gaps;
};

/* Opens a tail. `after` may be NULL. */
void follower_ask(struct follower *follower, struct journal *journal,
                  const struct record_filter *filter, const struct log_mark *after);
/* Waits until it has begun. */
void follower_begin(struct follower *follower);
/* Both. */
void follower_open(struct follower *follower, struct journal *journal,
                   const struct record_filter *filter, const struct log_mark *after);

/* Takes what is there. Returns how many entries there were so far. */
int follower_take(struct follower *follower);
/* Waits until there were so many, and no more. */
void follower_wait(struct follower *follower, int events);

/* Also frees the journal, so that nothing is posted to a queue that is gone. */
void follower_close(struct follower *follower);

/* The entries of one instance in their order. */
void expect_numbers(const struct follower *follower, uint64_t instance, int first, int last);

uint64_t instance_of(struct journal *journal);
/* ELSEWHERE sends entries `first` to `last` of its own. */
void send_elsewhere(int first, int last);
/* Waits until Redis has so many. */
void expect_stream_length(long long length);

#endif
