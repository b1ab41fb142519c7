/* SPDX-License-Identifier: MIT
 *
 * Two halves change places. Callers fill one under the lock, while the thread writes the other
 * without it. When a half is full, all lines are dropped until the next change. So the dropped
 * lines came after all lines of this half, and before all lines of the next. */
#include "log_spool.h"

#include "base/clock.h"
#include "base/duration.h"

#include "stderr_line.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

enum phase { RESTING, WRITING, ENDING };

struct half {
    size_t length;
    uint64_t dropped; /* lines that came while it was full */
    char lines[LOG_SPOOL_BYTES];
};

static bool half_add(struct half *half, struct text line);
static void *thread_run(void *context);
static struct half *take_half(void);
static void half_write(struct half *half);
static void tell_untold(void);

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t has_lines = PTHREAD_COND_INITIALIZER;
static pthread_cond_t has_ended = PTHREAD_COND_INITIALIZER;
static enum phase phase; /* under `mutex`, like the half being filled */
static struct half halves[2];
static struct half *filling = &halves[0];

static atomic_uint_fast64_t lines_dropped;

static _Thread_local bool is_own; /* true on the spool's thread */
static log_spool_tell_fn *tell;   /* only the thread uses this and the next two */
static uint64_t untold;           /* dropped before the lines that it writes next */
static uint64_t told;

void log_spool_start(log_spool_tell_fn *tell_dropped)
{
    pthread_t thread;
    sigset_t all;
    sigset_t before;
    int failure;

    ASSERT(phase == RESTING);
    tell = tell_dropped;
    untold = log_spool_dropped() - told;
    phase = WRITING;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before); /* the main thread takes the signals */
    failure = pthread_create(&thread, NULL, thread_run, NULL);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    ASSERT(failure == 0);
    (void)pthread_detach(thread); /* because it may never end */
}

void log_spool_end(int64_t wait_us)
{
    const struct timespec deadline = duration_timespec(clock_monotonic_us() + wait_us);
    int failure = 0;

    pthread_mutex_lock(&mutex);
    if (phase == WRITING)
        phase = ENDING;
    if (is_own)
        phase = RESTING;
    pthread_cond_signal(&has_lines);
    while (phase != RESTING && failure == 0)
        failure = pthread_cond_clockwait(&has_ended, &mutex, CLOCK_MONOTONIC, &deadline);
    pthread_mutex_unlock(&mutex);
}

bool log_spool_give(struct text line)
{
    bool is_written;
    bool fits = true;

    pthread_mutex_lock(&mutex);
    is_written = phase != RESTING;
    if (is_written)
        fits = half_add(filling, line);
    pthread_mutex_unlock(&mutex);
    if (!fits)
        log_spool_count_dropped();
    return is_written;
}

void log_spool_count_dropped(void)
{
    atomic_fetch_add_explicit(&lines_dropped, 1, memory_order_relaxed);
}

uint64_t log_spool_dropped(void)
{
    return atomic_load_explicit(&lines_dropped, memory_order_relaxed);
}

/* Under `mutex`. */
static bool half_add(struct half *half, struct text line)
{
    if (half->dropped > 0 || line.length > sizeof(half->lines) - half->length) {
        half->dropped++;
        return false;
    }
    memcpy(half->lines + half->length, line.at, line.length);
    half->length += line.length;
    if (half->length == line.length)
        pthread_cond_signal(&has_lines);
    return true;
}

static void *thread_run(void *context)
{
    struct half *half;

    (void)context;
    (void)pthread_setname_np(pthread_self(), "log");
    is_own = true;
    while ((half = take_half()) != NULL)
        half_write(half);
    return NULL;
}

/* Waits until there are lines. NULL at the end, if there are none. */
static struct half *take_half(void)
{
    struct half *taken = NULL;

    pthread_mutex_lock(&mutex);
    while (phase == WRITING && filling->length == 0)
        pthread_cond_wait(&has_lines, &mutex);
    if (filling->length > 0) {
        taken = filling;
        filling = taken == &halves[0] ? &halves[1] : &halves[0];
    } else {
        phase = RESTING;
        pthread_cond_broadcast(&has_ended);
    }
    pthread_mutex_unlock(&mutex);
    return taken;
}

/* Writes it line by line, with a line for dropped ones in their place, and leaves it empty. */
static void half_write(struct half *half)
{
    struct text rest = {half->lines, half->length};

    tell_untold();
    while (rest.length > 0) {
        struct text line = rest;

        (void)text_cut(&rest, '\n');
        line.length -= rest.length;
        if (!stderr_line_write(line)) {
            log_spool_count_dropped();
            untold++;
        }
    }
    untold += half->dropped;
    tell_untold();
    half->length = 0;
    half->dropped = 0;
}

static void tell_untold(void)
{
    if (untold == 0 || !tell(untold))
        return;
    told += untold;
    untold = 0;
}
