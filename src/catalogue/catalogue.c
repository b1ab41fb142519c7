/* SPDX-License-Identifier: MIT
 *
 * The thread owns the backend. While the backend does not answer, jobs are refused at once, and
 * only the periodic refresh asks it again. So an answer waits at most for the calls of the present
 * job and of one refresh. */
#include "catalogue/catalogue.h"

#include "base/clock.h"
#include "base/duration.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/thread_end.h"
#include "catalogue/provisioning.h"

#include "follower.h"
#include "job_turns.h"
#include "jobs.h"
#include "unused.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#define RETRY_MIN_US   (200 * MILLISECOND_US)
#define RETRY_MAX_US   SECOND_US
#define WRITE_RETRY_US (2 * SECOND_US) /* a try may wait as long for a lock */

/* The state that the log has reported. */
enum catalogue_state { CATALOGUE_NOT_ASKED, CATALOGUE_ANSWERS, CATALOGUE_AWAY };

struct catalogue {
    struct catalogue_backend *backend;
    struct app_index *index;
    struct job_turns turns;
    struct queue *orders; /* stop and provision, which are never refused */
    struct queue_item stop;
    struct queue_item provision;             /* posted while `declared` is not NULL */
    _Atomic(struct provisioning *) declared; /* NULL: the thread has taken it */
    pthread_t thread;
    struct thread_end ended;
    bool is_started;
    atomic_bool is_ready;     /* written by the thread, like the next */
    atomic_bool is_read_only; /* it answers, but cannot be written */
    atomic_bool is_stopping;  /* work under way ends after its present call */

    /* Only the thread uses the members below. */
    struct jobs jobs;
    struct follower follower;
    struct unused unused;
    enum catalogue_state state;
    int64_t refresh_at_us;
    int64_t retry_us; /* the wait after the next failure */
    bool tries_write;
    int64_t write_at_us;
};

static void *thread_run(void *context);
static void rest(const struct catalogue *catalogue);
static void refresh(struct catalogue *catalogue);
static void try_write(struct catalogue *catalogue);
static void retry_later(struct catalogue *catalogue);
static void look_for_unused(struct catalogue *catalogue);
static void apps_put_back(struct catalogue *catalogue);

static void ask_to_stop(struct catalogue *catalogue);
static void on_stop(struct queue_item *item);
static void on_provision(struct queue_item *item);

static void job_answer(void *context, struct catalogue_job *job);
static bool may_begin(const struct catalogue *catalogue, const struct catalogue_job *job);
static void job_run(struct catalogue *catalogue, struct catalogue_job *job);
static void on_refused(struct catalogue *catalogue, const struct error *error);
static void on_answer(struct queue_item *item);

static void set_ready(struct catalogue *catalogue, bool is_ready, const struct error *error);

struct catalogue *catalogue_new(const struct catalogue_options *options)
{
    struct catalogue *catalogue = MEMORY_NEW(struct catalogue);

    catalogue->backend = options->backend;
    catalogue->index = options->index;
    job_turns_init(&catalogue->turns, catalogue, job_answer);
    catalogue->orders = queue_new(0);
    catalogue->retry_us = RETRY_MIN_US;
    catalogue->tries_write = true;
    thread_end_init(&catalogue->ended);
    catalogue->provision.run = on_provision;
    catalogue->jobs = (struct jobs){.backend = options->backend, .index = options->index};
    follower_init(&catalogue->follower, options, &catalogue->is_stopping);
    unused_init(&catalogue->unused, options->backend, options->index, options->unused_kept_us,
                unused_now());
    return catalogue;
}

void catalogue_start(struct catalogue *catalogue)
{
    sigset_t all;
    sigset_t before;

    /* The main thread takes the signals, because this one may be blocked for seconds. */
    (void)sigfillset(&all);
    ASSERT(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
    ASSERT(pthread_create(&catalogue->thread, NULL, thread_run, catalogue) == 0);
    ASSERT(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
    catalogue->is_started = true;
}

bool catalogue_stop(struct catalogue *catalogue, int64_t deadline_us)
{
    ask_to_stop(catalogue);
    if (catalogue->is_started &&
        !thread_end_join(&catalogue->ended, catalogue->thread, deadline_us))
        return false;
    catalogue->is_started = false;
    return true;
}

void catalogue_free(struct catalogue *catalogue)
{
    if (catalogue == NULL)
        return;
    ask_to_stop(catalogue);
    if (catalogue->is_started)
        ASSERT(pthread_join(catalogue->thread, NULL) == 0);
    /* From now on this thread does the thread's work. */
    (void)queue_drain(catalogue->orders);
    job_turns_take_all(&catalogue->turns);
    queue_free(catalogue->orders);
    job_turns_close(&catalogue->turns);
    follower_close(&catalogue->follower);
    thread_end_close(&catalogue->ended);
    catalogue->backend->operations->free(catalogue->backend);
    free(catalogue);
}

bool catalogue_submit(struct catalogue *catalogue, struct catalogue_job *job)
{
    job->asked_us = clock_monotonic_us();
    job->late_us = job->asked_us + (job->kind == CATALOGUE_APP_RENEW ? CATALOGUE_RENEW_TIMEOUT_US
                                                                     : CATALOGUE_JOB_TIMEOUT_US);
    job->app = NULL;
    job->is_in_vain = false;
    return job_turns_post(&catalogue->turns, job);
}

bool catalogue_is_ready(const struct catalogue *catalogue)
{
    return atomic_load_explicit(&catalogue->is_ready, memory_order_relaxed);
}

bool catalogue_is_writable(const struct catalogue *catalogue)
{
    return catalogue_is_ready(catalogue) &&
           !atomic_load_explicit(&catalogue->is_read_only, memory_order_relaxed);
}

bool catalogue_serves(const struct catalogue *catalogue)
{
    return atomic_load_explicit(&catalogue->follower.is_read, memory_order_acquire) &&
           catalogue_continuity(catalogue) != CATALOGUE_FOREIGN;
}

enum catalogue_continuity catalogue_continuity(const struct catalogue *catalogue)
{
    return (enum catalogue_continuity)atomic_load(&catalogue->follower.continuity.state);
}

unsigned catalogue_removed(const struct catalogue *catalogue)
{
    return atomic_load(&catalogue->unused.removed);
}

unsigned catalogue_losses(const struct catalogue *catalogue)
{
    return atomic_load(&catalogue->follower.continuity.losses);
}

void catalogue_provision(struct catalogue *catalogue, const struct catalogue_provision provisions[],
                         size_t count)
{
    struct provisioning *replaced =
        atomic_exchange(&catalogue->declared, provisioning_new(provisions, count));

    if (replaced == NULL)
        ASSERT(queue_post(catalogue->orders, &catalogue->provision));
    provisioning_free(replaced);
}

static void *thread_run(void *context)
{
    struct catalogue *catalogue = context;

    /* Named here, because another thread could do so only through /proc. */
    (void)pthread_setname_np(pthread_self(), "catalogue");
    for (;;) {
        rest(catalogue);
        (void)queue_drain(catalogue->orders);
        if (atomic_load(&catalogue->is_stopping))
            break;
        job_turns_answer_late(&catalogue->turns);
        if (clock_monotonic_us() >= catalogue->refresh_at_us)
            refresh(catalogue);
        look_for_unused(catalogue);
        job_turns_take(&catalogue->turns);
    }
    thread_end_tell(&catalogue->ended);
    return NULL;
}

/* Sleeps until there is something to do. */
static void rest(const struct catalogue *catalogue)
{
    struct pollfd queues[1 + JOB_TURNS_QUEUES] = {
        {.fd = queue_fd(catalogue->orders), .events = POLLIN}};
    int64_t left_us = catalogue->refresh_at_us - clock_monotonic_us();

    job_turns_watch(&catalogue->turns, &queues[1]);
    (void)poll(queues, ARRAY_COUNT(queues), duration_poll_ms(left_us));
}

/* Fetches what is missing or has changed, which also shows whether the backend answers. */
static void refresh(struct catalogue *catalogue)
{
    struct error error = {0};
    enum catalogue_status status = follower_check(&catalogue->follower, &error);

    if (status == CATALOGUE_OK && continuity_owes(&catalogue->follower.continuity)) {
        apps_put_back(catalogue);
        return;
    }
    if (status == CATALOGUE_OK)
        status = follower_read(&catalogue->follower, &error);
    if (status == CATALOGUE_OK)
        status = follower_provide(&catalogue->follower, &error);
    if (status == CATALOGUE_OK && catalogue->tries_write &&
        clock_monotonic_us() >= catalogue->write_at_us)
        try_write(catalogue);

    set_ready(catalogue, status == CATALOGUE_OK, &error);
    if (status != CATALOGUE_OK) {
        retry_later(catalogue);
        return;
    }
    catalogue->refresh_at_us = clock_monotonic_us() + CATALOGUE_POLL_US;
    catalogue->retry_us = RETRY_MIN_US;
}

static void try_write(struct catalogue *catalogue)
{
    struct error error = {0};
    const bool can_write = continuity_can_write(&catalogue->follower.continuity, &error);

    catalogue->tries_write = !can_write;
    catalogue->write_at_us = clock_monotonic_us() + WRITE_RETRY_US;
    if (atomic_exchange(&catalogue->is_read_only, !can_write) == !can_write)
        return;
    if (can_write)
        log_write(LOG_INFO, "catalogue can be written", LOG_NONE);
    else
        log_write(LOG_WARN, "catalogue cannot be written", LOG_STRING("reason", error.message));
}

static void retry_later(struct catalogue *catalogue)
{
    catalogue->refresh_at_us = clock_monotonic_us() + catalogue->retry_us;
    catalogue->retry_us =
        catalogue->retry_us * 2 < RETRY_MAX_US ? catalogue->retry_us * 2 : RETRY_MAX_US;
}

static void look_for_unused(struct catalogue *catalogue)
{
    const struct unused_now now = unused_now();
    struct error error = {0};

    if (now.monotonic_us >= catalogue->unused.look_at_us && catalogue_is_writable(catalogue) &&
        unused_look(&catalogue->unused, now, &error) == CATALOGUE_UNAVAILABLE)
        on_refused(catalogue, &error);
}

/* Puts back a slice of them, and reads what others have forbidden meanwhile. When all are back they
 * are read from the first revision on. */
static void apps_put_back(struct catalogue *catalogue)
{
    struct error error = {0};
    struct error ignored = {0};
    enum catalogue_status status = continuity_put_back(&catalogue->follower.continuity, &error);

    if (!continuity_owes(&catalogue->follower.continuity)) {
        catalogue->follower.revision = 0;
        catalogue->refresh_at_us = 0;
        return;
    }
    (void)follower_read(&catalogue->follower, &ignored);
    if (status == CATALOGUE_OK)
        (void)error_set(&error, "apps are being put back");
    set_ready(catalogue, false, &error);
    if (status == CATALOGUE_OK)
        catalogue->refresh_at_us = 0;
    else
        retry_later(catalogue);
}

/* Only once. */
static void ask_to_stop(struct catalogue *catalogue)
{
    if (atomic_exchange(&catalogue->is_stopping, true))
        return;
    catalogue->stop.run = on_stop;
    ASSERT(queue_post(catalogue->orders, &catalogue->stop));
}

/* The order only had to wake the thread. */
static void on_stop(struct queue_item *item)
{
    (void)item;
}

static void on_provision(struct queue_item *item)
{
    struct catalogue *catalogue = CONTAINER_OF(item, struct catalogue, provision);

    follower_order_give(&catalogue->follower, atomic_exchange(&catalogue->declared, NULL));
    catalogue->refresh_at_us = 0;
}

static void job_answer(void *context, struct catalogue_job *job)
{
    struct catalogue *catalogue = context;

    /* Many jobs must not delay the changes of others. */
    if (may_begin(catalogue, job) && clock_monotonic_us() >= catalogue->refresh_at_us)
        refresh(catalogue);
    job->status = CATALOGUE_UNAVAILABLE;
    if (may_begin(catalogue, job))
        job_run(catalogue, job);
    job->item.run = on_answer;
    ASSERT(queue_post(job->reply_to, &job->item));
}

static bool may_begin(const struct catalogue *catalogue, const struct catalogue_job *job)
{
    return clock_monotonic_us() < job->late_us && !atomic_load(&catalogue->is_stopping) &&
           catalogue_is_ready(catalogue);
}

static void job_run(struct catalogue *catalogue, struct catalogue_job *job)
{
    struct error error = {0};

    job->status = jobs_run(&catalogue->jobs, job, &error);
    /* An app that is missing from a lost catalogue may soon be there again. */
    if (job->status == CATALOGUE_ABSENT &&
        !continuity_holds(&catalogue->follower.continuity, &error))
        job->status = CATALOGUE_UNAVAILABLE;
    if (job->status == CATALOGUE_UNAVAILABLE)
        on_refused(catalogue, &error);
    else if (job->status == CATALOGUE_ABSENT && job->is_in_vain)
        refresh(catalogue); /* Its key is refused from now on. */
}

/* Asks at once whether the backend still answers, and whether only writes fail. */
static void on_refused(struct catalogue *catalogue, const struct error *error)
{
    if (!atomic_load(&catalogue->is_read_only)) {
        set_ready(catalogue, false, error);
        catalogue->write_at_us = 0;
    }
    catalogue->tries_write = true;
    catalogue->refresh_at_us = 0;
}

/* The asker's thread. */
static void on_answer(struct queue_item *item)
{
    struct catalogue_job *job = CONTAINER_OF(item, struct catalogue_job, item);

    job->done(job);
}

static void set_ready(struct catalogue *catalogue, bool is_ready, const struct error *error)
{
    enum catalogue_state state = is_ready ? CATALOGUE_ANSWERS : CATALOGUE_AWAY;

    atomic_store_explicit(&catalogue->is_ready, is_ready, memory_order_relaxed);
    if (state == catalogue->state || atomic_load(&catalogue->is_stopping))
        return;
    catalogue->state = state;
    if (is_ready) {
        log_write(LOG_INFO, "catalogue answers",
                  LOG_INTEGER("apps", (int64_t)app_index_count(catalogue->index)));
    } else {
        log_write(LOG_WARN, "catalogue away", LOG_STRING("reason", error->message));
    }
}
