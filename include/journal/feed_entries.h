/* SPDX-License-Identifier: MIT
 *
 * The entries of a stream, see feed.c, as the log that callers read: page by page, the newest
 * first. */
#ifndef JOURNAL_FEED_ENTRIES_H
#define JOURNAL_FEED_ENTRIES_H

#include "base/arena.h"
#include "journal/record.h"

#include <hiredis/hiredis.h>

/* Of a page: each but the first begins with the last entry of the one before. */
#define FEED_PAGE_ENTRIES 201

struct feed_entry;

/* Private, all of it but `before`. */
struct feed_entries {
    const struct record_filter *filter;
    struct arena arena;
    struct feed_entry *found; /* what the filter takes */
    size_t count;
    size_t read;
    char before[48]; /* the id where the next page begins, as XREVRANGE wants it */
};

/* The filter stays until feed_entries_close(). */
void feed_entries_init(struct feed_entries *entries, const struct record_filter *filter);
void feed_entries_close(struct feed_entries *entries);

/* Adds a page, as XREVRANGE answered it; what is no entry of ours is passed over. False when it is
 * the last one. */
bool feed_entries_add(struct feed_entries *entries, const redisReply *reply);

/* A JSON array of what was added and the filter takes, newest first, into `arena`. */
struct text feed_entries_write(const struct feed_entries *entries, struct arena *arena);

#endif
