/* SPDX-License-Identifier: MIT
 *
 * What the journal's thread answers to a job: from the feed, so that all instances are in it, or
 * from what this process has while that cannot be had. */
#ifndef JOURNAL_JOURNAL_ANSWER_H
#define JOURNAL_JOURNAL_ANSWER_H

#include "journal/feed.h"
#include "journal/journal.h"
#include "journal_apps.h"

/* A step of it, of one round trip or two: true when it has set job->answer, false when it is to be
 * called again for the rest. `feed` is NULL when there is none, `app` when the journal has not
 * heard of it. */
MUST_USE bool journal_answer(struct journal_job *job, struct feed *feed, struct journal_app *app);
/* In place of the steps that are left, if there are any. */
void journal_answer_abandon(struct journal_job *job);

#endif
