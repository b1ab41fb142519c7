/* SPDX-License-Identifier: MIT
 *
 * One of the journal's threads. It works until it is asked to stop. */
#ifndef JOURNAL_JOURNAL_THREAD_H
#define JOURNAL_JOURNAL_THREAD_H

#include "base/queue.h"
#include "base/thread_end.h"

#include <poll.h>

struct journal_thread;

/* Works until journal_thread_wait() returns false, and does what must be done at the end. */
typedef void journal_work_fn(void *context, struct journal_thread *thread);

/* All members are private. */
struct journal_thread {
    const char *name;
    journal_work_fn *work;
    void *context;
    struct queue *stops; /* `stop`, which is never refused */
    struct queue_item stop;
    bool is_stopping; /* its own thread only */
    pthread_t thread;
    struct thread_end ended;
    bool is_started;
    bool has_ended;
};

/* `name` has at most 15 bytes, and must stay. Does not start it. */
void journal_thread_init(struct journal_thread *thread, const char *name, journal_work_fn *work,
                         void *context);
/* It must have ended. */
void journal_thread_close(struct journal_thread *thread);

void journal_thread_start(struct journal_thread *thread);
/* At most once. Any thread. */
void journal_thread_ask_to_stop(struct journal_thread *thread);
/* False when it still works at `deadline_us`, of clock_monotonic_us(). */
MUST_USE bool journal_thread_join(struct journal_thread *thread, int64_t deadline_us);
/* Waits for the end, however long that takes. If it was never started, the work is done here. */
void journal_thread_end(struct journal_thread *thread);

/* Waits until an input is readable, until `until_us` (INT64_MAX: for ever), or until it is asked to
 * stop: then returns false. The first of the `count` inputs is left for it. A negative descriptor
 * is passed over. Its own thread only. */
MUST_USE bool journal_thread_wait(struct journal_thread *thread, struct pollfd inputs[],
                                  size_t count, int64_t until_us);

#endif
