/* SPDX-License-Identifier: MIT
 *
 * A worker's loop is a list of steps, once per turn: see worker_turn(). Only the wait for the next
 * event blocks. The main thread posts to the worker's queue. */
#include "app/worker.h"

#include "api/api.h"
#include "api/audit.h"
#include "api/entry.h"
#include "api/log_streams.h"
#include "api/readiness.h"
#include "api/routes.h"
#include "auth/key_cache.h"
#include "base/clock.h"
#include "base/duration.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/queue.h"
#include "base/thread_end.h"
#include "base/wall_ahead.h"
#include "catalogue/catalogue.h"
#include "http/http_server.h"
#include "http/waiting_room.h"
#include "journal/journal.h"
#include "store/handback.h"
#include "store/store_memory.h"
#include "store/store_redis.h"

#include "drain.h"

#include <event2/event.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#define OPERATION_CONNECTIONS_MAX 64

struct worker {
    struct api api;
    struct wall_ahead *wall_ahead;
    struct readiness readiness;
    struct scrape scrape;
    struct event_base *base;
    struct event *queue_readable;
    struct store *store;
    struct http_server *http;
    struct http_server *operation; /* only for /metrics and health; NULL: none */
    pthread_t thread;
    struct thread_end ended;
    bool has_written; /* to streams, after HTTP has run */
    bool is_starting; /* its store was not ready yet */
    atomic_int *starting;
    struct drain drain;     /* of this worker; readiness.draining is for all */
    atomic_bool has_turned; /* after the main thread last asked */
    struct queue_item turn;
    struct queue_item open;
    struct queue_item begin_drain;
    struct queue_item reload;
    const struct settings *reload_settings;
    atomic_bool has_reloaded;
};

static struct event_base *new_base(void);
static unsigned share_of(unsigned number, const struct settings *settings);
static struct store *new_store(struct event_base *base, const struct worker_shared *shared,
                               struct metrics *metrics);
static void open_handback(struct worker *worker, const struct worker_shared *shared,
                          struct metrics *metrics);
static void prepare_to_tell(struct worker *worker, const struct worker_shared *shared);
static void prepare_orders(struct worker *worker);
static struct http_server *new_http(struct worker *worker, const struct worker_shared *shared,
                                    struct error *error);
static struct http_server *new_operation(struct worker *worker, const struct worker_shared *shared,
                                         struct error *error);
static void *worker_run(void *context);
static void wait_for_events(struct worker *worker);
static void worker_turn(struct worker *worker);
static void worker_measure(struct worker *worker);
static handback_no_room_fn on_no_room;
static void on_open(struct queue_item *item);
static void on_drain(struct queue_item *item);
static void on_turn(struct queue_item *item);
static void on_reload(struct queue_item *item);
static void on_wake(evutil_socket_t fd, short events, void *context);

struct worker *worker_new(const struct worker_shared *shared, size_t number, struct error *error)
{
    struct worker *worker = MEMORY_NEW(struct worker);
    struct metrics *metrics = &shared->blocks[number];

    worker->base = new_base();
    worker->store = new_store(worker->base, shared, metrics);
    worker->api = (struct api){
        .settings = shared->api_settings,
        .index = shared->index,
        .key_cache = key_cache_new(),
        .catalogue = shared->catalogue,
        .journal = shared->journal,
        .store = worker->store,
        .local = shared->table,
        .own_limits = shared->own_limits,
        .handbacks = shared->handbacks,
        .waiting_room = waiting_room_new(worker->base,
                                         share_of(shared->settings->waiting_max, shared->settings)),
        .queue = queue_new(0),
        .metrics = metrics,
        .apps = shared->apps,
        .audit = shared->audit,
        .routes = shared->operation != NULL ? routes_without_metrics() : routes(),
        .readiness = &worker->readiness,
        .scrape = &worker->scrape,
        .local_key = shared->local_key,
        .now_us = clock_monotonic_us(),
    };
    worker->api.log_streams = log_streams_new(worker->base, &worker->api);
    worker->wall_ahead = shared->wall_ahead;
    if (shared->settings->engine == ENGINE_REDIS)
        open_handback(worker, shared, metrics);
    shares_init(&worker->api.batch_checks,
                share_of(shared->settings->batch_checks_max, shared->settings));
    slices_init(&worker->api.slices, clock_monotonic_us);
    prepare_to_tell(worker, shared);
    prepare_orders(worker);
    drain_init(&worker->drain, worker->base, &worker->api);
    worker->http = new_http(worker, shared, error);
    if (!worker->http)
        goto failed;
    if (number == 0 && shared->operation != NULL) {
        worker->operation = new_operation(worker, shared, error);
        if (!worker->operation)
            goto failed;
        http_server_open(worker->operation);
    }
    return worker;
failed:
    worker_free(worker);
    return NULL;
}

void worker_start(struct worker *worker)
{
    ASSERT(pthread_create(&worker->thread, NULL, worker_run, worker) == 0);
}

void worker_open(struct worker *worker)
{
    ASSERT(queue_post(worker->api.queue, &worker->open));
}

void worker_reload(struct worker *worker, const struct settings *settings)
{
    ASSERT(worker_has_reloaded(worker));
    worker->reload_settings = settings;
    atomic_store(&worker->has_reloaded, false);
    ASSERT(queue_post(worker->api.queue, &worker->reload));
}

bool worker_has_reloaded(const struct worker *worker)
{
    return atomic_load(&worker->has_reloaded);
}

bool worker_is_turning(struct worker *worker)
{
    if (!atomic_exchange(&worker->has_turned, false))
        return false;
    ASSERT(queue_post(worker->api.queue, &worker->turn));
    return true;
}

void worker_drain(struct worker *worker)
{
    ASSERT(queue_post(worker->api.queue, &worker->begin_drain));
}

/* pthread's own join with a time limit uses the wall clock, or the thread sanitizer does not see
 * it. */
bool worker_join(struct worker *worker, int64_t deadline_us)
{
    return thread_end_join(&worker->ended, worker->thread, deadline_us);
}

void worker_free(struct worker *worker)
{
    http_server_free(worker->http);
    http_server_free(worker->operation);
    log_streams_free(worker->api.log_streams);
    waiting_room_free(worker->api.waiting_room);
    store_free(worker->store); /* the hand-back gets its last answers */
    if (worker->api.handback)
        handback_free(worker->api.handback);
    event_free(worker->queue_readable);
    drain_close(&worker->drain);
    slices_close(&worker->api.slices);
    shares_close(&worker->api.batch_checks);
    queue_free(worker->api.queue);
    key_cache_free(worker->api.key_cache);
    event_base_free(worker->base);
    thread_end_close(&worker->ended);
    free(worker);
}

static struct event_base *new_base(void)
{
    struct event_config *config = event_config_new();
    struct event_base *base;

    ASSERT(config);
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
    base = event_base_new_with_config(config);
    ASSERT(base);
    event_config_free(config);
    return base;
}

/* One worker's share of the number for all, rounded up. */
static unsigned share_of(unsigned number, const struct settings *settings)
{
    unsigned workers = (unsigned)settings->workers;

    return (number + workers - 1) / workers;
}

static struct store *new_store(struct event_base *base, const struct worker_shared *shared,
                               struct metrics *metrics)
{
    const struct settings *settings = shared->settings;
    struct store_redis_options options = {
        .topology = shared->topology,
        .timeout_us = settings->redis_timeout_ms * MILLISECOND_US,
        .metrics = metrics,
        .budget = shared->budget,
    };

    switch (settings->engine) {
    case ENGINE_MEMORY: /* one node, which is always there */
        metrics_set_node(metrics, 0, METRICS_NODE_KNOWN, 1);
        metrics_set_node(metrics, 0, METRICS_NODE_CONNECTED, 1);
        return store_memory_new(shared->table);
    case ENGINE_REDIS:
        return store_redis_new(base, &options);
    }
    ASSERT(!"an engine of the table");
    return NULL;
}

static void open_handback(struct worker *worker, const struct worker_shared *shared,
                          struct metrics *metrics)
{
    worker->api.handback = handback_new(worker->base, metrics);
    handback_join(worker->api.handback, shared->handbacks);
    handback_on_no_room(worker->api.handback, &worker->api, on_no_room);
}

/* What /readyz and /metrics ask for. */
static void prepare_to_tell(struct worker *worker, const struct worker_shared *shared)
{
    worker->readiness = (struct readiness){
        .engine = shared->settings->engine == ENGINE_REDIS ? "redis" : "memory",
        .draining = shared->draining,
        .starting = shared->starting,
    };
    worker->scrape.process = shared->process;
    worker->is_starting = true;
    worker->starting = shared->starting;
    atomic_fetch_add(worker->starting, 1);
}

/* From the main thread, and answers from other threads. */
static void prepare_orders(struct worker *worker)
{
    worker->has_turned = true;
    worker->turn.run = on_turn;
    worker->open.run = on_open;
    worker->begin_drain.run = on_drain;
    worker->reload.run = on_reload;
    worker->has_reloaded = true;
    thread_end_init(&worker->ended);
    worker->queue_readable =
        event_new(worker->base, queue_fd(worker->api.queue), EV_READ | EV_PERSIST, on_wake, NULL);
    ASSERT(worker->queue_readable);
    event_add(worker->queue_readable, NULL);
}

static struct http_server *new_http(struct worker *worker, const struct worker_shared *shared,
                                    struct error *error)
{
    const struct settings *settings = shared->settings;
    struct http_server_options options = {
        .listen_fd = listener_take(shared->listener),
        .listen_share = shared->listener->share,
        .listen_group = &shared->listener->group,
        .connections_max = share_of(settings->connections_max, settings),
        .site_counts = shared->site_counts,
        .idle_timeout_s = settings->idle_timeout_s,
        .request_timeout_s = settings->request_timeout_s,
        .tls = settings->tls,
        .hsts_max_age_s = settings->hsts_max_age_s,
        .handler = {&worker->api, entry_begin, entry_finish, entry_answered, entry_between,
                    entry_trusts},
    };

    return http_server_new(worker->base, &options, error);
}

/* Few connections are enough: Prometheus, a load balancer, a person. */
static struct http_server *new_operation(struct worker *worker, const struct worker_shared *shared,
                                         struct error *error)
{
    const struct settings *settings = shared->settings;
    struct http_server_options options = {
        .listen_fd = listener_take(shared->operation),
        .listen_share = shared->operation->share,
        .listen_group = &shared->operation->group,
        .connections_max = OPERATION_CONNECTIONS_MAX,
        .idle_timeout_s = settings->idle_timeout_s,
        .request_timeout_s = settings->request_timeout_s,
        .handler = {&worker->api, entry_begin_operation, entry_finish, entry_answered,
                    entry_between, entry_trusts},
    };

    return http_server_new(worker->base, &options, error);
}

static void *worker_run(void *context)
{
    struct worker *worker = context;

    (void)pthread_setname_np(pthread_self(), "worker");
    worker_turn(worker); /* a memory store is ready, and no event says so */
    while (!drain_is_over(&worker->drain)) {
        wait_for_events(worker);
        worker_turn(worker);
    }
    thread_end_tell(&worker->ended);
    return NULL;
}

/* If work is left from the last turn, this only handles the events that have come meanwhile. */
static void wait_for_events(struct worker *worker)
{
    const bool has_work = slices_waiting(&worker->api.slices) > 0 || worker->has_written;

    event_base_loop(worker->base, has_work ? EVLOOP_ONCE | EVLOOP_NONBLOCK : EVLOOP_ONCE);
}

/* The order matters. Changes of other threads come before requests. HTTP comes last, when all
 * answers of the turn are there. */
static void worker_turn(struct worker *worker)
{
    struct api *api = &worker->api;

    api->now_us = clock_monotonic_us();
    api->wall_ahead_us = wall_ahead_now(worker->wall_ahead, api->now_us);
    queue_drain(api->queue);
    if (worker->is_starting && store_has_started(worker->store)) {
        worker->is_starting = false;
        atomic_fetch_sub(worker->starting, 1);
    }
    if (api->handback)
        handback_run(api->handback, worker->store, api->now_us);
    slices_turn(&api->slices);
    http_server_turn(worker->http);
    if (worker->operation)
        http_server_turn(worker->operation);
    worker->has_written = log_streams_turn(api->log_streams);
    drain_turn(&worker->drain);
    worker_measure(worker);
}

static void worker_measure(struct worker *worker)
{
    struct metrics *metrics = worker->api.metrics;
    struct store_health health = store_health(worker->store);
    struct http_server_counts counts = http_server_counts(worker->http);
    struct http_server_handshakes handshakes = http_server_handshakes(worker->http);

    metrics_set(metrics, METRIC_STORE_LINKS_CONNECTED,
                health.nodes > 0 && health.links_connected == health.nodes);
    metrics_set(metrics, METRIC_STORE_BREAKERS_OPEN, health.breakers_open > 0);
    metrics_set(metrics, METRIC_STORE_CALLS_WAITING, health.calls_waiting);
    metrics_set(metrics, METRIC_HTTP_CONNECTIONS, http_server_connections(worker->http));
    metrics_set(metrics, METRIC_HTTP_REQUESTS_IN_PROGRESS, http_server_busy(worker->http));
    metrics_set(metrics, METRIC_HTTP_STREAMS, http_server_streams(worker->http));
    metrics_set(metrics, METRIC_BATCH_CHECKS, worker->api.batch_checks.taken);
    metrics_set(metrics, METRIC_BATCHES_WAITING, slices_waiting(&worker->api.slices));
    metrics_set(metrics, METRIC_BODIES_REFUSED, counts.bodies_refused);
    metrics_set(metrics, METRIC_SLOW_REQUESTS, counts.slow_requests);
    metrics_set(metrics, METRIC_SLOW_READERS, counts.slow_readers);
    metrics_set(metrics, METRIC_ANSWERS_DROPPED, counts.answers_dropped);
    metrics_set(metrics, METRIC_GAVE_WAY, counts.gave_way);
    metrics_set(metrics, METRIC_CONNECTIONS_REFUSED, counts.refused);
    metrics_set(metrics, METRIC_TLS_HANDSHAKES, handshakes.under_way);
    metrics_set(metrics, METRIC_TLS_HANDSHAKES_DONE, handshakes.done);
    metrics_set(metrics, METRIC_TLS_HANDSHAKES_FAILED, handshakes.failed);
    metrics_set(metrics, METRIC_CHECKS_WAITING, waiting_room_taken(worker->api.waiting_room));
}

static void on_no_room(void *context, const char *owner)
{
    audit_not_handed_back(context, owner);
}

static void on_open(struct queue_item *item)
{
    http_server_open(CONTAINER_OF(item, struct worker, open)->http);
}

static void on_drain(struct queue_item *item)
{
    struct worker *worker = CONTAINER_OF(item, struct worker, begin_drain);

    drain_begin(&worker->drain, worker->http, worker->operation);
}

static void on_turn(struct queue_item *item)
{
    atomic_store(&CONTAINER_OF(item, struct worker, turn)->has_turned, true);
}

static void on_reload(struct queue_item *item)
{
    struct worker *worker = CONTAINER_OF(item, struct worker, reload);

    worker->api.settings = &worker->reload_settings->api;
    http_server_use_tls(worker->http, worker->reload_settings->tls);
    atomic_store(&worker->has_reloaded, true);
}

/* This only wakes the loop; worker_turn() does the rest. */
static void on_wake(evutil_socket_t fd, short events, void *context)
{
    (void)fd;
    (void)events;
    (void)context;
}
