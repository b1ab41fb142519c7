/* SPDX-License-Identifier: MIT
 *
 * The log of an app as values, in its order. Plain value; not locked: one thread at a time.
 *
 * The place in the stream decides, because a clock may be wrong, or step back: then times would
 * hide what came last. But instances flush at different moments. So an entry goes before entries of
 * other instances that were decided later by at most LOG_ENTRIES_APART_US. What an instance sent
 * again after a loss is among its places by number. */
#ifndef JOURNAL_LOG_ENTRIES_H
#define JOURNAL_LOG_ENTRIES_H

#include "base/arena.h"
#include "base/duration.h"
#include "journal/entry_id.h"
#include "journal/record.h"

/* Some flushes, of which one may fail. */
#define LOG_ENTRIES_APART_US SECOND_US

enum log_order {
    LOG_ORDER_BY_NUMBER, /* to be shown: entries of one instance are in order by number */
    /* To be replayed: an entry also goes before entries of its own instance that were decided later
     * by so little. Workers number what a store has decided in another order than it decided. */
    LOG_ORDER_AS_DECIDED,
};

struct log_entry {
    struct entry_id id;
    struct record record;
    /* Once settled: its time, but not later than that of a later entry. A degraded entry has the
     * time of one that a store decided, if there is any. */
    int64_t in_order_us;
};

struct log_entries {
    size_t count; /* 0..JOURNAL_RECORDS */
    struct log_entry *at;
    /* Entries that are not in the log although it has later ones of the same instance: older than
     * what is kept, or lost. Of an instance of which nothing is kept, nothing is known. */
    uint64_t missing;
    bool degraded; /* the shared log cannot be read, and this is only what this instance keeps */
    struct arena *arena; /* private */
};

/* Empty, with room for JOURNAL_RECORDS in `arena`. */
void log_entries_init(struct log_entries *entries, struct arena *arena);

/* The newest in the stream, or of the ring, comes first. False: there is no more room. The record's
 * texts are borrowed. */
MUST_USE bool log_entries_add(struct log_entries *entries, const struct entry_id *id,
                              const struct record *record);

/* To be called once all are added: drops repeated ones, counts those that are missing, and puts the
 * rest in order, the oldest first. */
void log_entries_settle(struct log_entries *entries, enum log_order order);

#endif
