/* SPDX-License-Identifier: MIT
 *
 * What the journal's thread answers to a job: from the feed, so that all instances are in it, or
 * from what this process has while that cannot be had. */
#ifndef JOURNAL_JOURNAL_ANSWER_H
#define JOURNAL_JOURNAL_ANSWER_H

#include "journal/feed.h"
#include "journal/journal.h"
#include "journal_apps.h"

/* Sets job->answer. `feed` is NULL when there is none, `app` when the journal has not heard of it.
 */
void journal_answer(struct journal_job *job, struct feed *feed, struct journal_app *app);

#endif
