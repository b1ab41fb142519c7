/* SPDX-License-Identifier: MIT
 *
 * The journal's answer to a job: from the feed, so that it covers all instances, or only from this
 * process while the feed cannot be read. */
#ifndef JOURNAL_JOURNAL_ANSWER_H
#define JOURNAL_JOURNAL_ANSWER_H

#include "journal/feed.h"
#include "journal/journal.h"
#include "journal_apps.h"

/* One step, with one or two round trips. True when it has set job->answer; false when it must be
 * called again for the rest. `feed` is NULL when there is none, `app` when the journal does not
 * know it. */
MUST_USE bool journal_answer(struct journal_job *job, struct feed *feed, struct journal_app *app);
/* To be called in place of the steps that are left, if there are any. */
void journal_answer_abandon(struct journal_job *job);

#endif
