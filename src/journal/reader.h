/* SPDX-License-Identifier: MIT
 *
 * Answers the journal's jobs, and fills the tails of those who follow a log. It has a connection
 * of its own, so a question neither waits for what the flusher sends of other apps, nor delays it.
 * Before it reads it asks the flusher for what the caller's own instance has not sent yet. If the
 * flusher does not answer for READER_PATIENCE_US, the question is answered without Redis. */
#ifndef JOURNAL_READER_H
#define JOURNAL_READER_H

#include "flusher.h"
#include "journal_thread.h"
#include "tails.h"

/* A flusher that does not hang is done after two round trips: that of others, and its own. */
#define READER_PATIENCE_US ((int64_t)4 * FEED_TIMEOUT_MS * MILLISECOND_US)

struct reader;
struct usage_file;

/* `feed` is NULL when there is none. It is the reader's own, and all three are borrowed. */
struct reader *reader_new(struct journal_apps *apps, struct flusher *flusher, struct feed *feed);
/* Usage is read there; only without a feed. `file` is borrowed. To be called before the start. */
void reader_keep_usage(struct reader *reader, struct usage_file *file);
/* Its own thread and the flusher's must have ended, and all tails must be closed. */
void reader_free(struct reader *reader);

/* As journal_submit(). Any thread. */
MUST_USE bool reader_submit(struct reader *reader, struct journal_job *job);

/* Those that this thread fills. Any thread. */
struct tails *reader_tails(struct reader *reader);

/* A journal_work_fn. At the end the jobs that are left are answered with `available` false. */
void reader_work(void *context, struct journal_thread *thread);

#endif
