/* SPDX-License-Identifier: MIT
 *
 * The log of decisions, and its thread. A record goes into its app's ring at once. With a Redis
 * feed the thread moves what is new to a stream per app every JOURNAL_FLUSH_US, so that other
 * instances see it; without one the ring is the log. Redis' absence loses no decision and no local
 * reading, only the sharing: what is overwritten in the ring meanwhile is not sent. */
#ifndef JOURNAL_JOURNAL_H
#define JOURNAL_JOURNAL_H

#include "base/arena.h"
#include "base/queue.h"
#include "journal/record.h"
#include "journal/ring.h"
#include "redis/redis_url.h"

#define JOURNAL_FLUSH_US       INT64_C(100000)
#define JOURNAL_JOBS_MAX       1024
#define JOURNAL_JOB_TIMEOUT_US INT64_C(2000000) /* a job that waited longer is not begun */
#define JOURNAL_APP_ID_BYTES   16

struct journal;

/* `url` may be NULL: no feed. Starts the thread. */
struct journal *journal_new(const struct redis_url *url);
/* Flushes once more, then ends the thread. Jobs not run are answered with `available` false. */
void journal_free(struct journal *journal);

/* Keeps one decision of the app. Any thread; waits for nothing but a ring's lock. Allocates when an
 * app or a ring slot is used for the first time, or for a text longer than the slot has held. */
void journal_record(struct journal *journal, const char *app_id, const struct record *record);

struct journal_job;
/* Runs on the thread that drains job->reply_to. */
typedef void journal_done_fn(struct journal_job *job);

/* Asks for the newest entries. Belongs to the asker, and must stay where it is from submit to done.
 */
struct journal_job {
    struct queue_item item; /* private */
    struct queue *reply_to;
    journal_done_fn *done;
    void *context;           /* the asker's */
    int64_t expires_us;      /* private */
    struct journal *journal; /* private */

    char app_id[JOURNAL_APP_ID_BYTES + 1];
    struct record_filter filter; /* its texts must stay, too */

    bool available;      /* false: the log could not be read */
    struct arena *arena; /* the asker's, and the journal's from submit to done */
    struct text entries; /* a JSON array in `arena`, newest first */
};

/* False when the queue is full. Any thread. */
MUST_USE bool journal_submit(struct journal *journal, struct journal_job *job);

#endif
