/* SPDX-License-Identifier: MIT */
#include "support/load.h"

#include "base/clock.h"
#include "base/duration.h"
#include "base/memory.h"
#include "support/cmocka.h"
#include "support/wait.h"

#include <pthread.h>
#include <stdatomic.h>

#define THREADS_MAX 16
#define USER_BYTES  64
#define RETRY_NS    5000000

/* A connection, and what it knows about its counter. */
struct line {
    struct load *load;
    pthread_t thread;
    struct client *client;
    char user[USER_BYTES];
    const char *const *route;
    bool has_count;
    int64_t count;     /* from the last answer */
    int64_t uncertain; /* more checks that may have been charged */
};

struct load {
    struct load_options options;
    atomic_bool ending;
    struct line lines[THREADS_MAX];
    pthread_mutex_t lock; /* protects the summary */
    struct load_summary summary;
};

static void line_open(struct load *load, int index);
static void *check_until_ending(void *context);
static const struct reply *check(struct line *line);
static bool is_to_be_tried_again(const struct reply *reply);
static void add(struct line *line, const struct reply *reply);
static void time_answer(struct line *line, int64_t took_us);
static bool is_wanted(const struct line *line, const struct reply *reply, bool degraded);
static void count(struct line *line, const struct reply *reply, bool uncounted);
static const char *const *route_after(const struct line *line);
static int64_t line_period_us(const struct load_options *options);
static void rest_until(int64_t at_us);

struct load *load_begin(const struct load_options *options)
{
    struct load *load = MEMORY_NEW(struct load);

    ASSERT(options->threads <= THREADS_MAX && options->routes[0] != NULL);
    load->options = *options;
    ASSERT(pthread_mutex_init(&load->lock, NULL) == 0);
    for (int i = 0; i < options->threads; i++) {
        line_open(load, i);
        ASSERT(pthread_create(&load->lines[i].thread, NULL, check_until_ending, &load->lines[i]) ==
               0);
    }
    return load;
}

struct load_summary load_summary(struct load *load)
{
    (void)pthread_mutex_lock(&load->lock);
    struct load_summary summary = load->summary;
    (void)pthread_mutex_unlock(&load->lock);
    return summary;
}

void load_wait_for_checks(struct load *load, long more, int seconds)
{
    const long enough = load_summary(load).checks + more;

    WAIT_FOR (seconds, load_summary(load).checks >= enough)
        ;
}

struct load_summary load_end(struct load *load)
{
    atomic_store(&load->ending, true);
    for (int i = 0; i < load->options.threads; i++) {
        ASSERT(pthread_join(load->lines[i].thread, NULL) == 0);
        client_free(load->lines[i].client);
    }
    struct load_summary summary = load->summary;
    (void)pthread_mutex_destroy(&load->lock);
    free(load);
    return summary;
}

void load_expect_answered(const struct load_summary *summary)
{
    if (summary->failed > 0)
        fail_msg("%ld checks failed; the first one: %s", summary->failed, summary->first_failure);
}

void load_expect_counted(const struct load_summary *summary, bool may_forget)
{
    if (summary->too_high > 0 || (summary->too_low > 0 && !may_forget))
        fail_msg("%ld counts too high, %ld too low; the first one: %s", summary->too_high,
                 summary->too_low, summary->first_miscount);
}

int64_t load_percentile_us(const struct load_summary *summary, double share)
{
    const double wanted = share * (double)summary->took_count;
    long seen = 0;

    for (size_t i = 0; i + 1 < LOAD_BUCKETS; i++) {
        seen += summary->took[i];
        if ((double)seen >= wanted)
            return (int64_t)(i + 1) * LOAD_BUCKET_US;
    }
    return summary->slowest_us;
}

static void line_open(struct load *load, int index)
{
    struct line *line = &load->lines[index];
    const char *user = load->options.counted_user;

    line->load = load;
    line->client = client_new(load->options.port);
    if (load->options.https)
        client_use_https(line->client);
    client_set_key(line->client, load->options.api_key);
    line->route = load->options.routes;
    if (user == NULL) {
        (void)snprintf(line->user, sizeof(line->user), "load");
        return;
    }
    (void)snprintf(line->user, sizeof(line->user), "%s-%d", user, index);
    for (int i = 0; i < index; i++)
        line->route = route_after(line);
}

static void *check_until_ending(void *context)
{
    struct line *line = context;
    const struct load_options *options = &line->load->options;
    int64_t next_us = clock_monotonic_us();

    while (!atomic_load(&line->load->ending)) {
        add(line, check(line));
        if (options->reconnects)
            client_disconnect(line->client);
        if (options->counted_user == NULL)
            line->route = route_after(line);
        if (options->per_second == 0)
            continue;
        /* A slow answer delays the checks after it. They are not caught up: the pace stays
         * steady. */
        next_us += line_period_us(options);
        if (next_us < clock_monotonic_us())
            next_us = clock_monotonic_us();
        rest_until(next_us);
    }
    return NULL;
}

static const struct reply *check(struct line *line)
{
    const struct timespec rest = {.tv_nsec = RETRY_NS};
    struct load *load = line->load;
    load_ask_fn *ask = load->options.ask == NULL ? client_check : load->options.ask;
    const struct reply *reply = ask(line->client, line->user, *line->route);

    for (int i = 1; i < load->options.attempts_max && is_to_be_tried_again(reply); i++) {
        (void)pthread_mutex_lock(&load->lock);
        load->summary.retried++;
        (void)pthread_mutex_unlock(&load->lock);
        line->uncertain++;
        (void)nanosleep(&rest, NULL);
        reply = ask(line->client, line->user, *line->route);
    }
    return reply;
}

static bool is_to_be_tried_again(const struct reply *reply)
{
    return reply->status == 0 || reply->status == 503;
}

static void add(struct line *line, const struct reply *reply)
{
    struct load *load = line->load;
    struct load_summary *summary = &load->summary;
    const bool degraded = json_is_true(reply_at(reply, "degraded"));
    const bool wanted = is_wanted(line, reply, degraded);

    (void)pthread_mutex_lock(&load->lock);
    summary->checks++;
    if (!wanted && summary->failed++ == 0)
        (void)snprintf(summary->first_failure, sizeof(summary->first_failure), "%s: %d %s",
                       *line->route, reply->status, reply->body);
    if (wanted && reply->status == 200)
        summary->allowed++;
    if (wanted && reply->status == 429)
        summary->denied++;
    if (degraded)
        summary->degraded++;
    if (degraded || !wanted)
        summary->degraded_at_us = clock_monotonic_us();
    if (reply->took_us > summary->slowest_us)
        summary->slowest_us = reply->took_us;
    summary->connections += reply->connections;
    time_answer(line, reply->took_us);
    if (load->options.counted_user != NULL)
        count(line, reply, degraded || !wanted);
    (void)pthread_mutex_unlock(&load->lock);
}

/* A line that waits sends nothing. So each check that it would have sent counts too, with the rest
 * of the wait. */
static void time_answer(struct line *line, int64_t took_us)
{
    struct load_summary *summary = &line->load->summary;
    const int64_t period_us = line_period_us(&line->load->options);

    do {
        const int64_t bucket = took_us / LOAD_BUCKET_US;
        summary->took[bucket < LOAD_BUCKETS ? bucket : LOAD_BUCKETS - 1]++;
        summary->took_count++;
        took_us -= period_us;
    } while (period_us > 0 && took_us > 0);
}

/* The time between two checks of one line; 0: none. */
static int64_t line_period_us(const struct load_options *options)
{
    return options->per_second == 0 ? 0 : INT64_C(1000000) * options->threads / options->per_second;
}

static bool is_wanted(const struct line *line, const struct reply *reply, bool degraded)
{
    const char *denying = line->load->options.denying_route;

    if (reply->status == 429 && denying != NULL)
        return degraded && strcmp(*line->route, denying) == 0;
    return reply->status == 200 || reply->status == 429;
}

/* This check is one charge more than the last answer told. Each check since then that got no count
 * may be one more. A reply that belongs to another request tells another count. */
static void count(struct line *line, const struct reply *reply, bool uncounted)
{
    struct load_summary *summary = &line->load->summary;
    const int64_t told = reply_integer(reply, "limit") - reply_integer(reply, "remaining");
    const int64_t more = told - line->count - 1;

    if (uncounted) {
        line->uncertain++;
        return;
    }
    if (line->has_count && (more < 0 || more > line->uncertain)) {
        if (more < 0)
            summary->too_low++;
        else
            summary->too_high++;
        if (summary->first_miscount[0] == '\0')
            (void)snprintf(summary->first_miscount, sizeof(summary->first_miscount),
                           "%s on %s: %lld after %lld, with %lld in between that got no count",
                           line->user, *line->route, (long long)told, (long long)line->count,
                           (long long)line->uncertain);
    }
    if (line->has_count && more > 0)
        line->uncertain = more < line->uncertain ? line->uncertain - more : 0;
    line->has_count = true;
    line->count = told;
}

static const char *const *route_after(const struct line *line)
{
    return line->route[1] == NULL ? line->load->options.routes : line->route + 1;
}

static void rest_until(int64_t at_us)
{
    const struct timespec at = duration_timespec(at_us);

    (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}
