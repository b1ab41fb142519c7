/* SPDX-License-Identifier: MIT
 *
 * The log of decisions, what they sum up to, and its thread. A record goes into its app's ring at
 * once, and is counted there. With a Redis feed the thread moves what is new to a stream per app
 * every JOURNAL_FLUSH_US, so that other instances see it; without one the ring is the log. Redis'
 * absence loses no decision and no local reading, only the sharing: what is overwritten in the ring
 * meanwhile is not sent. Counts are rolled up into minutes and hours, and shared later.
 *
 * The memory of silent apps is given back, see silence.h: with a feed after an hour, and without
 * one when all of it is too much. */
#ifndef JOURNAL_JOURNAL_H
#define JOURNAL_JOURNAL_H

#include "base/app_id.h"
#include "base/arena.h"
#include "base/duration.h"
#include "base/inbox.h"
#include "base/queue.h"
#include "journal/record.h"
#include "journal/ring.h"
#include "journal/usage_report.h"
#include "redis/redis_url.h"

/* What a busy app overwrites in its ring meanwhile costs Redis nothing: the longer, the less. */
#define JOURNAL_FLUSH_US       (250 * MILLISECOND_US)
#define JOURNAL_ROLL_UP_US     (20 * SECOND_US) /* without a feed; well within a minute */
#define JOURNAL_SEND_USAGE_US  SECOND_US
#define JOURNAL_SILENCE_US     HOUR_US /* with a feed: then an app's log is kept by Redis alone */
#define JOURNAL_BYTES_MAX      ((size_t)256 * 1024 * 1024) /* of all apps' logs in this process */
#define JOURNAL_JOBS_MAX       1024            /* of all apps; see shares.h for what one may have */
#define JOURNAL_JOB_TIMEOUT_US (2 * SECOND_US) /* a job that waited longer is not begun */

struct journal;

/* `url` may be NULL: no feed. Records and jobs may be given before the thread is started. */
struct journal *journal_new(const struct redis_url *url);
void journal_start(struct journal *journal);
/* Flushes once more, then ends the thread, which was started. From `give_up_us` on nothing is sent
 * any more; how many decisions have not been, and of how many apps the usage, is logged. False when
 * what it was sending has not come to an end by `deadline_us`: then nothing of the journal may be
 * freed. Both are of clock_monotonic_us(). */
MUST_USE bool journal_stop(struct journal *journal, int64_t give_up_us, int64_t deadline_us);
/* Unless it has been stopped: flushes once more, however long that takes, and ends the thread. Jobs
 * not run are answered with `available` false. */
void journal_free(struct journal *journal);

/* How the moving to the feed went, so far: the first three are zero without one. Any thread. */
struct journal_counts {
    uint64_t flush_failures; /* each is tried again */
    uint64_t dropped;        /* records overwritten before the feed had them */
    uint64_t replaced;       /* keys that held something else */
    uint64_t bytes;          /* at present, of logs and open counts in this process */
    uint64_t gave_way;       /* logs given back because there were JOURNAL_BYTES_MAX */
};

struct journal_counts journal_counts(const struct journal *journal);

/* One app's log and counts; new at first. Stays where it is as long as the journal. Any thread. */
struct journal_app;
struct journal_app *journal_app(struct journal *journal, const char *app_id);

/* Prefetches what journal_record() touches first. NULL is fine. */
void journal_prefetch(const struct journal_app *app);

/* Keeps and counts one decision of the app. Any thread; waits for nothing but a ring's lock.
 * Allocates when a part of the ring or a pair of route and role is new, or for a text longer than
 * before in its place. */
void journal_record(struct journal_app *app, const struct record *record);

struct journal_job;
struct journal_progress;
/* Runs on the thread that drains job->reply_to. */
typedef void journal_done_fn(struct journal_job *job);

/* A question. Belongs to the asker, and must stay where it is from submit to done. */
struct journal_job {
    struct fair_item turn;  /* private */
    struct queue_item item; /* private */
    struct queue *reply_to;
    journal_done_fn *done;
    void *context;                     /* the asker's */
    int64_t expires_us;                /* private */
    struct journal_progress *progress; /* private: NULL unless a part of it has been answered */

    uint32_t tenant; /* the app's number: its share of the jobs, and its turns */
    char app_id[APP_ID_BYTES + 1];
    enum { JOURNAL_LOG, JOURNAL_USAGE } asks;
    struct record_filter filter; /* for JOURNAL_LOG; its texts must stay, too */
    struct usage_query query;    /* for JOURNAL_USAGE, likewise */

    bool available;      /* false: it could not be answered */
    struct arena *arena; /* the asker's, and the journal's from submit to done */
    struct text answer;  /* JSON in `arena`: an array, newest entry first, or an object */
};

/* False when the app has its share of the jobs. Jobs of different apps are answered in turns. Any
 * thread. */
MUST_USE bool journal_submit(struct journal *journal, struct journal_job *job);

#endif
