/* SPDX-License-Identifier: MIT */
#include "journal_thread.h"

#include "base/clock.h"
#include "base/duration.h"

#define FOR_EVER (-1)

static void *run(void *context);
static void on_stop(struct queue_item *item);

void journal_thread_init(struct journal_thread *thread, const char *name, journal_work_fn *work,
                         void *context)
{
    *thread = (struct journal_thread){.name = name, .work = work, .context = context};
    thread->stops = queue_new(0);
    thread->stop.run = on_stop;
    thread_end_init(&thread->ended);
}

void journal_thread_close(struct journal_thread *thread)
{
    thread_end_close(&thread->ended);
    queue_free(thread->stops);
}

void journal_thread_start(struct journal_thread *thread)
{
    const int failure = pthread_create(&thread->thread, NULL, run, thread);

    ASSERT(failure == 0);
    thread->is_started = true;
}

void journal_thread_ask_to_stop(struct journal_thread *thread)
{
    const bool posted = queue_post(thread->stops, &thread->stop);

    ASSERT(posted);
}

bool journal_thread_join(struct journal_thread *thread, int64_t deadline_us)
{
    ASSERT(thread->is_started);
    thread->has_ended = thread_end_join(&thread->ended, thread->thread, deadline_us);
    return thread->has_ended;
}

void journal_thread_end(struct journal_thread *thread)
{
    if (thread->has_ended)
        return;
    if (thread->is_started)
        pthread_join(thread->thread, NULL);
    else
        thread->work(thread->context, thread);
    thread->has_ended = true;
}

/* poll() skips a negative descriptor. */
bool journal_thread_wait(struct journal_thread *thread, struct pollfd inputs[], size_t count,
                         int64_t until_us)
{
    int timeout_ms = FOR_EVER;

    inputs[0] = (struct pollfd){.fd = queue_fd(thread->stops), .events = POLLIN};
    if (until_us != INT64_MAX)
        timeout_ms = duration_poll_ms(until_us - clock_monotonic_us());
    (void)poll(inputs, count, timeout_ms);
    queue_drain(thread->stops);
    return !thread->is_stopping;
}

static void *run(void *context)
{
    struct journal_thread *thread = context;

    (void)pthread_setname_np(pthread_self(), thread->name);
    thread->work(thread->context, thread);
    thread_end_tell(&thread->ended);
    return NULL;
}

static void on_stop(struct queue_item *item)
{
    CONTAINER_OF(item, struct journal_thread, stop)->is_stopping = true;
}
