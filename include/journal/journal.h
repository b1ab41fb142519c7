/* SPDX-License-Identifier: MIT
 *
 * The log of decisions, the usage counts, and their two threads. A record goes into its app's ring
 * at once, and is counted there. With a Redis feed one thread moves new records to a stream per app
 * every JOURNAL_FLUSH_US, so that other instances see them. Without a feed the ring is the log. The
 * other thread answers questions, over a connection of its own. While Redis is away, decisions and
 * local reading go on, and only the sharing suffers: records that are overwritten in the ring
 * meanwhile are not sent. Counts are summed into minutes and hours, and shared later.
 *
 * The memory of silent apps is freed (see silence.h): after an hour with a feed, and without one
 * when the memory of all apps is too much. */
#ifndef JOURNAL_JOURNAL_H
#define JOURNAL_JOURNAL_H

#include "base/app_id.h"
#include "base/arena.h"
#include "base/duration.h"
#include "base/inbox.h"
#include "base/queue.h"
#include "journal/log_entries.h"
#include "journal/record.h"
#include "journal/ring.h"
#include "journal/usage_report.h"
#include "redis/redis_topology.h"

/* What a busy app overwrites in its ring between flushes costs Redis nothing: a longer time costs
 * less. But a ring that is half full is flushed at once. */
#define JOURNAL_FLUSH_US       (250 * MILLISECOND_US)
#define JOURNAL_ROLL_UP_US     (5 * SECOND_US) /* without a feed; well within a minute */
#define JOURNAL_SEND_USAGE_US  SECOND_US
#define JOURNAL_SILENCE_US     HOUR_US /* with a feed: after that only Redis keeps an app's log */
#define JOURNAL_BYTES_MAX      ((size_t)256 * 1024 * 1024) /* of all apps' logs in this process */
#define JOURNAL_JOBS_MAX       1024 /* of all apps; see shares.h for the part of one app */
#define JOURNAL_JOB_TIMEOUT_US (2 * SECOND_US) /* a job that has waited longer is not begun */

struct journal;

/* `topology` may be NULL: no feed. Records and jobs may come before the threads are started. */
struct journal *journal_new(struct redis_topology *topology);
/* Without a feed: usage is kept in this file, so that it outlasts the process; see usage_file.h. A
 * kill loses what was counted in the last JOURNAL_ROLL_UP_US. To be called before anything else. */
void journal_keep_usage(struct journal *journal, const char *path);
void journal_start(struct journal *journal);
/* Flushes once more, and ends the threads, which must have been started. From `give_up_us` on
 * nothing is sent any more. The log says how many decisions were not sent, and of how many apps the
 * usage was not. False when a thread has not ended by `deadline_us`: then nothing of the journal
 * may be freed. Both are times of clock_monotonic_us(). */
MUST_USE bool journal_stop(struct journal *journal, int64_t give_up_us, int64_t deadline_us);
/* If it has not been stopped, flushes once more, however long that takes, and ends the threads.
 * Jobs that did not run are answered with `available` false. */
void journal_free(struct journal *journal);

/* How the flushes to the feed went so far, or to the file. Any thread. */
struct journal_counts {
    uint64_t flush_failures; /* each flush is tried again */
    uint64_t dropped;        /* records overwritten before the feed had them */
    uint64_t replaced;       /* keys that held something else */
    uint64_t bytes;          /* of the logs and open counts in this process, now */
    uint64_t gave_way;       /* logs that were freed because all took JOURNAL_BYTES_MAX */
};

struct journal_counts journal_counts(const struct journal *journal);

/* For tail.h. */
struct tails;
struct tails *journal_tails(struct journal *journal);

/* One app's log and counts, made when first asked for. It lives as long as the journal. Any
 * thread. */
struct journal_app;
struct journal_app *journal_app(struct journal *journal, const char *app_id);

/* Prefetches what journal_record() touches first. NULL is fine. */
void journal_prefetch(const struct journal_app *app);

/* Keeps and counts one decision of the app. Any thread; waits only for a ring's lock. Allocates
 * when a part of the ring or a pair of route and role is new, or when a text is longer than the one
 * before in its place. */
void journal_record(struct journal_app *app, const struct record *record);

struct journal_job;
struct journal_progress;
/* Runs on the thread that drains job->reply_to. */
typedef void journal_done_fn(struct journal_job *job);

/* A question to the journal. It belongs to the asker, and must stay where it is from submit to
 * done. */
struct journal_job {
    struct fair_item turn;  /* private */
    struct queue_item item; /* private */
    struct queue *reply_to;
    journal_done_fn *done;
    void *context;                     /* the asker's */
    int64_t expires_us;                /* private */
    struct journal_progress *progress; /* private: NULL until a part is answered */

    uint32_t tenant; /* the app's number, for its share and turns */
    char app_id[APP_ID_BYTES + 1];
    enum { JOURNAL_LOG, JOURNAL_USAGE, JOURNAL_ENTRIES } asks;
    struct record_filter filter; /* for JOURNAL_LOG; its texts must stay, too */
    struct usage_query query;    /* for JOURNAL_USAGE, likewise */

    bool available;             /* false: it could not be answered */
    struct arena *arena;        /* the asker's, and the journal's from submit to done */
    struct text answer;         /* in `arena`, JSON: an array, newest entry first, or an object; or
                                   CSV */
    struct log_entries entries; /* of JOURNAL_ENTRIES, in place of JSON: the whole log */
};

/* False when the app has used its share of the jobs. Apps take turns. Any thread. */
MUST_USE bool journal_submit(struct journal *journal, struct journal_job *job);

#endif
