/* SPDX-License-Identifier: MIT
 *
 * The thread looks, publishes, and waits for a reason to look again. Under `lock` are the present
 * map and the watchers; the finder is the thread's alone. */
#include "redis/redis_topology.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/thread_end.h"
#include "redis/redis_resolver.h"
#include "redis_finder.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define LOOK_EVERY_US (30 * SECOND_US)
/* After a look that found nothing. */
#define LOOK_AGAIN_US (500 * MILLISECOND_US)
/* How often another cause is told while nothing is found. The same cause is told once. */
#define TELL_EVERY_US (10 * SECOND_US)
/* How often it is told where the servers are now. */
#define TELL_MAP_US SECOND_US

struct redis_topology {
    struct redis_topology_options options;
    struct redis_access access;
    const struct redis_finder_kind *kind;
    struct redis_dialer *dialer;
    struct redis_finder *finder;

    pthread_mutex_t lock;
    struct redis_map *map;
    LIST_HEAD(, redis_watcher) watchers;
    _Atomic(uint64_t) version;

    bool has_thread;
    pthread_t thread;
    struct thread_end ended;
    int wake_fd;                 /* readable: the thread has a reason to look, or is to end */
    _Atomic(const char *) doubt; /* why; NULL: nobody doubts the map */
    int end_fd;                  /* readable: the thread is to end */
    int64_t rest_us;             /* from the last look to the next one, at least */

    bool has_failed;    /* the last look, and the log says so */
    struct error cause; /* the one that was told last */
    int64_t told_us;    /* when it was told */

    struct redis_map *told_map; /* its nodes are what the log says */
    int64_t map_told_us;
};

static void *topology_run(void *context);
static int64_t look(struct redis_topology *topology);
static void tell_failed(struct redis_topology *topology, const struct error *error);
static void note_failed(struct redis_topology *topology, const struct error *error);
static void tell_found(struct redis_topology *topology);
static bool publish_give(struct redis_topology *topology, struct redis_map *map);
static int64_t tell_map(struct redis_topology *topology);
static bool has_same_nodes(const struct redis_map *map, const struct redis_map *before);
static void write_nodes(const struct redis_topology *topology);
static void await_reason(struct redis_topology *topology, int64_t due_us);
static bool ends_within(const struct redis_topology *topology, int64_t wait_us);
static int signal_new(void);
static void add_one(int fd);

struct redis_topology *redis_topology_new(const struct redis_topology_options *options)
{
    static const struct redis_finder_kind *const kinds[] = {
        [REDIS_SERVER] = &redis_finder_server,
        [REDIS_SENTINEL] = &redis_finder_sentinel,
        [REDIS_CLUSTER] = &redis_finder_cluster,
    };
    struct redis_topology *topology = MEMORY_NEW(struct redis_topology);

    topology->options = *options;
    topology->access = (struct redis_access){
        .login = options->url.login,
        .database = options->url.database,
        .needs_master = options->url.kind == REDIS_SENTINEL,
        .tls = options->tls,
    };
    topology->kind = kinds[options->url.kind];
    ASSERT(pthread_mutex_init(&topology->lock, NULL) == 0);
    LIST_INIT(&topology->watchers);
    thread_end_init(&topology->ended);
    topology->wake_fd = signal_new();
    topology->end_fd = signal_new();
    topology->rest_us = REDIS_TOPOLOGY_REST_US;
    topology->dialer = redis_dialer_new(REDIS_RESOLVER_CONF);
    topology->finder =
        topology->kind->new (&topology->options, &topology->access, topology->dialer);
    topology->map = redis_map_new(0);
    topology->told_map = redis_map_keep(topology->map);
    if (topology->kind->is_fixed)
        (void)look(topology);
    return topology;
}

bool redis_topology_look(struct redis_topology *topology, struct error *error)
{
    ASSERT(!topology->has_thread);
    if (topology->kind->is_fixed)
        return true;

    struct redis_map *map = topology->kind->look(topology->finder, error);

    if (map == NULL) {
        note_failed(topology, error);
        return false;
    }
    (void)publish_give(topology, map);
    return true;
}

void redis_topology_start(struct redis_topology *topology)
{
    if (topology->kind->is_fixed)
        return;
    topology->has_thread = true;
    (void)tell_map(topology);
    ASSERT(pthread_create(&topology->thread, NULL, topology_run, topology) == 0);
}

bool redis_topology_stop(struct redis_topology *topology, int64_t deadline_us)
{
    if (!topology->has_thread)
        return true;
    add_one(topology->end_fd);
    add_one(topology->wake_fd);
    if (!thread_end_join(&topology->ended, topology->thread, deadline_us))
        return false;
    topology->has_thread = false;
    return true;
}

void redis_topology_free(struct redis_topology *topology)
{
    if (topology == NULL)
        return;
    ASSERT(!topology->has_thread && LIST_EMPTY(&topology->watchers));
    topology->kind->free(topology->finder);
    redis_dialer_free(topology->dialer);
    redis_map_release(topology->map);
    redis_map_release(topology->told_map);
    (void)close(topology->wake_fd);
    (void)close(topology->end_fd);
    thread_end_close(&topology->ended);
    (void)pthread_mutex_destroy(&topology->lock);
    free(topology);
}

const struct redis_access *redis_topology_access(const struct redis_topology *topology)
{
    return &topology->access;
}

struct redis_map *redis_topology_map(struct redis_topology *topology)
{
    (void)pthread_mutex_lock(&topology->lock);
    struct redis_map *map = redis_map_keep(topology->map);
    (void)pthread_mutex_unlock(&topology->lock);
    return map;
}

bool redis_topology_is_fixed(const struct redis_topology *topology)
{
    return topology->kind->is_fixed;
}

uint64_t redis_topology_version(const struct redis_topology *topology)
{
    return atomic_load_explicit(&topology->version, memory_order_acquire);
}

/* Only the first doubt wakes the thread. */
void redis_topology_doubt(struct redis_topology *topology, const char *reason)
{
    if (!topology->kind->is_fixed && atomic_exchange(&topology->doubt, reason) == NULL)
        add_one(topology->wake_fd);
}

void redis_topology_watch(struct redis_topology *topology, struct redis_watcher *watcher)
{
    (void)pthread_mutex_lock(&topology->lock);
    LIST_INSERT_HEAD(&topology->watchers, watcher, in_topology);
    (void)pthread_mutex_unlock(&topology->lock);
}

void redis_topology_unwatch(struct redis_topology *topology, struct redis_watcher *watcher)
{
    (void)pthread_mutex_lock(&topology->lock);
    LIST_REMOVE(watcher, in_topology);
    (void)pthread_mutex_unlock(&topology->lock);
}

static void *topology_run(void *context)
{
    struct redis_topology *topology = context;

    (void)pthread_setname_np(pthread_self(), "topology");
    while (!ends_within(topology, 0)) {
        const int64_t due_us = look(topology);

        await_reason(topology, due_us);
    }
    thread_end_tell(&topology->ended);
    return NULL;
}

/* Returns when to look again, if there is no reason before. A doubt that comes while it looks is
 * not answered by what it finds, so it stays. */
static int64_t look(struct redis_topology *topology)
{
    struct error error = {0};
    uint64_t woken;
    const char *doubt = atomic_exchange(&topology->doubt, NULL);

    (void)!read(topology->wake_fd, &woken, sizeof(woken));
    if (doubt != NULL)
        log_write(LOG_DEBUG, "redis is looked up again", LOG_STRING("reason", doubt));

    struct redis_map *map = topology->kind->look(topology->finder, &error);
    const bool has_found = map != NULL;
    bool has_changed = false;

    if (has_found) {
        tell_found(topology);
        has_changed = publish_give(topology, map);
    } else {
        tell_failed(topology, &error);
    }
    topology->rest_us = redis_finder_rest_us(topology->rest_us, doubt != NULL, has_changed);
    const int64_t tell_us = tell_map(topology);
    const int64_t look_us = clock_monotonic_us() + (has_found ? LOOK_EVERY_US : LOOK_AGAIN_US);
    return tell_us < look_us ? tell_us : look_us;
}

static void tell_failed(struct redis_topology *topology, const struct error *error)
{
    const int64_t now_us = clock_monotonic_us();
    const bool is_other = strcmp(topology->cause.message, error->message) != 0;

    if (topology->has_failed && !(is_other && now_us - topology->told_us >= TELL_EVERY_US))
        return;
    log_write(LOG_WARN, "redis is not found", LOG_STRING("reason", error->message));
    note_failed(topology, error);
}

/* Somebody has told of it. */
static void note_failed(struct redis_topology *topology, const struct error *error)
{
    topology->has_failed = true;
    topology->cause = *error;
    topology->told_us = clock_monotonic_us();
}

static void tell_found(struct redis_topology *topology)
{
    if (topology->has_failed)
        log_write(LOG_INFO, "redis is found again", LOG_NONE);
    topology->has_failed = false;
}

/* Whether it is another map. */
static bool publish_give(struct redis_topology *topology, struct redis_map *map)
{
    struct redis_watcher *watcher;

    if (redis_map_equal(map, topology->map)) {
        redis_map_release(map);
        return false;
    }
    redis_map_number(map, topology->map);
    (void)pthread_mutex_lock(&topology->lock);
    redis_map_release(topology->map);
    topology->map = map;
    (void)atomic_fetch_add_explicit(&topology->version, 1, memory_order_release);
    LIST_FOREACH (watcher, &topology->watchers, in_topology)
        add_one(watcher->fd);
    (void)pthread_mutex_unlock(&topology->lock);
    return true;
}

/* Returns when there is something to tell; INT64_MAX: nothing. What a look finds before there is a
 * thread is told when that starts, because a command of the command line has no use for it. */
static int64_t tell_map(struct redis_topology *topology)
{
    const int64_t now_us = clock_monotonic_us();

    if (!topology->has_thread || has_same_nodes(topology->map, topology->told_map))
        return INT64_MAX;
    if (topology->map_told_us != 0 && now_us - topology->map_told_us < TELL_MAP_US)
        return topology->map_told_us + TELL_MAP_US;
    write_nodes(topology);
    redis_map_release(topology->told_map);
    topology->told_map = redis_map_keep(topology->map);
    topology->map_told_us = now_us;
    return INT64_MAX;
}

/* Each slot that moves makes a new map, which is no news. */
static bool has_same_nodes(const struct redis_map *map, const struct redis_map *before)
{
    bool same = map->node_count == before->node_count;

    for (uint16_t i = 0; i < map->node_count && same; i++)
        same = redis_map_find_endpoint(before, &map->nodes[i].endpoint) != REDIS_NO_NODE;
    return same;
}

static void write_nodes(const struct redis_topology *topology)
{
    const struct redis_map *map = topology->map;
    char first[REDIS_ENDPOINT_BYTES] = "";

    if (map->node_count > 0)
        redis_endpoint_write(&map->nodes[0].endpoint, first);
    if (topology->options.url.kind == REDIS_SENTINEL)
        log_write(LOG_INFO, "redis master is now at", LOG_STRING("redis", first));
    else
        log_write(LOG_INFO, "redis nodes are now", LOG_INTEGER("nodes", map->node_count),
                  LOG_STRING("first", first));
}

/* Many doubt at once, so they wait for the next look together. But a sentinel that tells of a new
 * master ends all but a short rest. */
static void await_reason(struct redis_topology *topology, int64_t due_us)
{
    const int64_t more_us = topology->rest_us - REDIS_TOPOLOGY_REST_US;

    if (ends_within(topology, REDIS_TOPOLOGY_REST_US))
        return;
    if (more_us > 0)
        topology->kind->wait(topology->finder, topology->end_fd, clock_monotonic_us() + more_us);
    else if (atomic_load(&topology->doubt) == NULL)
        topology->kind->wait(topology->finder, topology->wake_fd, due_us);
}

/* Waits until the thread is to end, but not longer than this. */
static bool ends_within(const struct redis_topology *topology, int64_t wait_us)
{
    struct pollfd end = {.fd = topology->end_fd, .events = POLLIN};

    return poll(&end, 1, duration_poll_ms(wait_us)) > 0;
}

static int signal_new(void)
{
    const int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

    ASSERT(fd >= 0);
    return fd;
}

static void add_one(int fd)
{
    const uint64_t one = 1;

    (void)!write(fd, &one, sizeof(one));
}
