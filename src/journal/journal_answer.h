/* SPDX-License-Identifier: MIT
 *
 * The journal's answer to a job: from the feed, so that it covers all instances, or only from this
 * process while the feed cannot be read. The readers' thread calls it. */
#ifndef JOURNAL_JOURNAL_ANSWER_H
#define JOURNAL_JOURNAL_ANSWER_H

#include "flushes.h"
#include "journal/feed.h"
#include "journal/journal.h"
#include "journal_apps.h"

struct usage_file;

enum journal_answered {
    JOURNAL_ANSWERED,   /* job->answer is set */
    JOURNAL_GOES_ON,    /* it must be called again for the rest */
    JOURNAL_NEEDS_FLUSH /* the same, but first the flusher must be asked */
};

/* One step, with one or two round trips. `feed` is NULL when there is none, so is `file`, where
 * usage is kept without a feed, and `app` when the journal does not know it. */
MUST_USE enum journal_answered journal_answer(struct journal_job *job, struct feed *feed,
                                              struct usage_file *file, struct journal_app *app);

/* Says what the flusher must be asked; the rest of `flush` is the caller's. */
void journal_answer_ask(const struct journal_job *job, struct journal_app *app,
                        struct flush *flush);
/* What the flusher said, or false if it said nothing in time. */
void journal_answer_note_flush(struct journal_job *job, bool succeeded);
/* The flusher said that the file has lost usage, so the answer must tell. */
void journal_answer_note_lost(struct journal_job *job);

/* To be called in place of the steps that are left, if there are any. */
void journal_answer_abandon(struct journal_job *job);

#endif
