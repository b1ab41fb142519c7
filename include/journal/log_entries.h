/* SPDX-License-Identifier: MIT
 *
 * The log of an app as values, for those who do more with it than show it. Plain value; not locked:
 * one thread at a time. */
#ifndef JOURNAL_LOG_ENTRIES_H
#define JOURNAL_LOG_ENTRIES_H

#include "base/arena.h"
#include "journal/entry_id.h"
#include "journal/record.h"

struct log_entry {
    struct entry_id id;
    struct record record;
};

struct log_entries {
    size_t count; /* 0..JOURNAL_RECORDS */
    struct log_entry *at;
    /* Entries that are not in the log although it has later ones of the same instance: older than
     * what is kept, or lost. Of an instance of which nothing is kept, nothing is known. */
    uint64_t missing;
    bool degraded; /* the shared log cannot be read, and this is only what this instance keeps */
};

/* Empty, with room for JOURNAL_RECORDS in `arena`. */
void log_entries_init(struct log_entries *entries, struct arena *arena);

/* False: there is no more room. The record's texts are borrowed. */
MUST_USE bool log_entries_add(struct log_entries *entries, const struct entry_id *id,
                              const struct record *record);

/* To be called once all are added: drops repeated ones, counts those that are missing, and sorts
 * the rest by time; at the same time by instance and number. */
void log_entries_settle(struct log_entries *entries);

#endif
