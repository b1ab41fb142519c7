/* SPDX-License-Identifier: MIT */
#include "support/load.h"

#include "base/memory.h"
#include "support/client.h"

#include <pthread.h>
#include <stdatomic.h>

#define THREADS_MAX 16

struct load {
    struct load_options options;
    atomic_bool ending;
    pthread_t threads[THREADS_MAX];
    pthread_mutex_t lock; /* of the summary */
    struct load_summary summary;
};

static void *check_until_ending(void *context);
static void add(struct load *load, const struct reply *reply);

struct load *load_begin(const struct load_options *options)
{
    struct load *load = MEMORY_NEW(struct load);

    ASSERT(options->threads <= THREADS_MAX && options->routes[0] != NULL);
    load->options = *options;
    ASSERT(pthread_mutex_init(&load->lock, NULL) == 0);
    for (int i = 0; i < options->threads; i++)
        ASSERT(pthread_create(&load->threads[i], NULL, check_until_ending, load) == 0);
    return load;
}

struct load_summary load_summary(struct load *load)
{
    (void)pthread_mutex_lock(&load->lock);
    struct load_summary summary = load->summary;
    (void)pthread_mutex_unlock(&load->lock);
    return summary;
}

struct load_summary load_end(struct load *load)
{
    atomic_store(&load->ending, true);
    for (int i = 0; i < load->options.threads; i++)
        ASSERT(pthread_join(load->threads[i], NULL) == 0);
    struct load_summary summary = load->summary;
    (void)pthread_mutex_destroy(&load->lock);
    free(load);
    return summary;
}

static void *check_until_ending(void *context)
{
    struct load *load = context;
    struct client *client = client_new(load->options.port);
    const char *const *route = load->options.routes;

    client_set_key(client, load->options.api_key);
    while (!atomic_load(&load->ending)) {
        add(load, client_check(client, "load", *route));
        route = route[1] == NULL ? load->options.routes : route + 1;
        if (load->options.reconnects)
            client_disconnect(client);
    }
    client_free(client);
    return NULL;
}

static void add(struct load *load, const struct reply *reply)
{
    struct load_summary *summary = &load->summary;

    (void)pthread_mutex_lock(&load->lock);
    summary->checks++;
    if (reply->status == 200)
        summary->allowed++;
    else if (reply->status == 429)
        summary->denied++;
    else if (summary->failed++ == 0)
        (void)snprintf(summary->first_failure, sizeof(summary->first_failure), "%d %s",
                       reply->status, reply->body);
    if (json_is_true(reply_at(reply, "degraded")))
        summary->degraded++;
    if (reply->took_us > summary->slowest_us)
        summary->slowest_us = reply->took_us;
    (void)pthread_mutex_unlock(&load->lock);
}
