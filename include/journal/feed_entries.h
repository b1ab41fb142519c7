/* SPDX-License-Identifier: MIT
 *
 * Collects the entries of a stream (see feed_state.h) as the log that callers read: page by page,
 * the newest first. Its order is that of log_entries.h. */
#ifndef JOURNAL_FEED_ENTRIES_H
#define JOURNAL_FEED_ENTRIES_H

#include "base/arena.h"
#include "journal/entry_id.h"
#include "journal/log_entries.h"
#include "journal/record.h"

#include <hiredis/hiredis.h>

struct ring;

/* The entries of one page. Each page but the first begins with the last entry of the page
 * before. */
#define FEED_PAGE_ENTRIES 201

/* Private, except `before`. */
struct feed_entries {
    const struct record_filter *filter;
    struct arena *arena;
    struct log_entries found; /* the entries that the filter takes */
    uint64_t instance; /* this process', and its ring of the app; NULL: it has recorded nothing */
    struct ring *ring;
    size_t read;
    char before[48]; /* the id where the next page begins, as XREVRANGE needs it */
};

/* The filter must stay for as long as the entries are used. They lie in `arena`. */
void feed_entries_init(struct feed_entries *entries, const struct record_filter *filter,
                       struct arena *arena);

/* To be called before pages are added: entries in the name of this process are ours only up to the
 * newest one of its ring. NULL: it has recorded nothing. */
void feed_entries_know(struct feed_entries *entries, uint64_t instance, struct ring *ring);

/* Adds a page that XREVRANGE answered; entries that are not ours are skipped. False when it is the
 * last page. */
bool feed_entries_add(struct feed_entries *entries, const redisReply *reply);

/* Reads one entry of a stream; its texts lie in `arena`. False when it is not ours. */
MUST_USE bool feed_entry_read(const redisReply *reply, struct arena *arena, struct record *record,
                              struct entry_id *id);

/* Whether somebody else has made it in the name of this process, which has not come to that
 * number. `ring` is the app's; NULL: it has recorded nothing. */
bool feed_entry_is_forged(const struct entry_id *id, uint64_t instance, struct ring *ring);

/* One of these is to be called once all pages are added.
 *
 * A JSON array in `arena` of the added entries that the filter takes, newest first. */
struct text feed_entries_write(struct feed_entries *entries, struct arena *arena);

/* All that the filter takes, settled. */
const struct log_entries *feed_entries_list(struct feed_entries *entries, enum log_order order);

#endif
