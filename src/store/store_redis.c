/* SPDX-License-Identifier: MIT
 *
 * The store's face: which node an operation is for. Worker's thread. */
#include "store/store_redis.h"

#include "base/memory.h"
#include "store_node.h"

struct store_redis {
    struct store store; /* the engine's face */
    struct store_node_share share;
    struct store_node *node;
};

static enum store_answer store_redis_ask(struct store *store, const struct operation *operation,
                                         struct outcome *outcome, void *context,
                                         store_done_fn *done);
static void store_redis_serve(struct store *store);
static bool store_redis_is_ready(const struct store *store);
static struct store_health store_redis_health(const struct store *store);
static void store_redis_free(struct store *store);

static const struct store_engine engine = {
    .ask = store_redis_ask,
    .serve = store_redis_serve,
    .is_ready = store_redis_is_ready,
    .health = store_redis_health,
    .free = store_redis_free,
};

struct store *store_redis_new(struct event_base *base, const struct store_redis_options *options)
{
    struct store_redis *redis = MEMORY_NEW(struct store_redis);
    struct redis_map *map = redis_topology_map(options->topology);

    redis->store.engine = &engine;
    store_node_share_init(&redis->share, base, options);
    redis->node = store_node_new(&redis->share, &map->nodes[0].endpoint);
    redis_map_release(map);
    return &redis->store;
}

static enum store_answer store_redis_ask(struct store *store, const struct operation *operation,
                                         struct outcome *outcome, void *context,
                                         store_done_fn *done)
{
    struct store_redis *redis = CONTAINER_OF(store, struct store_redis, store);

    return store_node_ask(redis->node, operation, outcome, context, done);
}

static void store_redis_serve(struct store *store)
{
    redis_link_serve(CONTAINER_OF(store, struct store_redis, store)->node->link);
}

static bool store_redis_is_ready(const struct store *store)
{
    const struct store_redis *redis = (const struct store_redis *)(const void *)store;

    return trust_asks(&redis->node->trust);
}

static struct store_health store_redis_health(const struct store *store)
{
    const struct store_redis *redis = (const struct store_redis *)(const void *)store;
    const struct store_node *node = redis->node;

    return (struct store_health){
        .is_connected = redis_link_is_ready(node->link),
        .breaker_is_open = breaker_is_open(&node->trust.breaker),
        .calls_waiting = call_queue_length(&node->queue),
    };
}

static void store_redis_free(struct store *store)
{
    struct store_redis *redis = CONTAINER_OF(store, struct store_redis, store);

    redis->share.is_closing = true;
    store_node_free(redis->node);
    store_node_share_close(&redis->share);
    free(redis);
}
