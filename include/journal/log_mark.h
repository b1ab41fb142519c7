/* SPDX-License-Identifier: MIT
 *
 * How far a reader of the log has come: what an event has as its id. As a rule that is the id of
 * the entry itself. What was shown while Redis was away has no place in the log yet, and entries of
 * others may come before it. Then it is "<read>+<ahead>", until the log has it, too. Any thread. */
#ifndef JOURNAL_LOG_MARK_H
#define JOURNAL_LOG_MARK_H

#include "journal/entry_id.h"

struct log_mark {
    struct entry_id read;  /* the last entry of the log that was read */
    struct entry_id ahead; /* the newest one that was shown before it was there; sequence 0: none */
};

/* With the NUL. */
#define LOG_MARK_BYTES (2 * ENTRY_ID_BYTES)

/* Of one that has read nothing: there is no such entry. */
extern const struct log_mark log_mark_of_nothing;

/* The entry was read in the log. */
void log_mark_note(struct log_mark *mark, const struct entry_id *id);

/* Returns the text in `space`, which is NUL-terminated. */
struct text log_mark_write(const struct log_mark *mark, char space[static LOG_MARK_BYTES]);

/* False when the text is not what log_mark_write() writes. */
MUST_USE bool log_mark_read(struct text text, struct log_mark *mark);

#endif
