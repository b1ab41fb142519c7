/* SPDX-License-Identifier: MIT
 *
 * The store's face: which node an operation is for. Worker's thread. */
#include "store/store_redis.h"

#include "base/memory.h"
#include "metrics/metrics.h"
#include "store_nodes.h"

struct store_redis {
    struct store store; /* the engine's face */
    struct store_nodes nodes;
};

static enum store_answer store_redis_ask(struct store *store, const struct operation *operation,
                                         struct outcome *outcome, void *context,
                                         store_done_fn *done);
static enum store_answer store_redis_look(struct store *store, struct store_look *look);
static void on_seen(void *context, const struct outcome *outcome);
static uint16_t store_redis_place(const struct store *store, const struct operation *operation);
static void store_redis_serve(struct store *store);
static bool store_redis_is_ready(const struct store *store);
static bool store_redis_has_started(const struct store *store);
static struct store_health store_redis_health(const struct store *store);
static void store_redis_free(struct store *store);
static const struct store_nodes *nodes_of(const struct store *store);

static const struct store_engine engine = {
    .ask = store_redis_ask,
    .serve = store_redis_serve,
    .look = store_redis_look,
    .place = store_redis_place,
    .is_ready = store_redis_is_ready,
    .has_started = store_redis_has_started,
    .health = store_redis_health,
    .free = store_redis_free,
};

struct store *store_redis_new(struct event_base *base, const struct store_redis_options *options)
{
    struct store_redis *redis = MEMORY_NEW(struct store_redis);

    redis->store.engine = &engine;
    store_nodes_init(&redis->nodes, base, options);
    return &redis->store;
}

static enum store_answer store_redis_ask(struct store *store, const struct operation *operation,
                                         struct outcome *outcome, void *context,
                                         store_done_fn *done)
{
    struct store_redis *redis = CONTAINER_OF(store, struct store_redis, store);
    struct store_node *node = store_nodes_find(&redis->nodes, operation);

    return node == NULL ? store_node_answer_down(&redis->nodes.share, outcome)
                        : store_node_ask(node, operation, outcome, context, done);
}

_Static_assert(STORE_NODES_MAX == REDIS_NODES_MAX, "a look has room for all nodes");
_Static_assert(METRICS_NODES_MAX == REDIS_NODES_MAX, "each node has figures");

/* A node that joins meanwhile is seen by the next look. */
static enum store_answer store_redis_look(struct store *store, struct store_look *look)
{
    const struct store_nodes *nodes = nodes_of(store);

    look->count = nodes->map->node_count;
    for (uint16_t i = 0; i < look->count; i++) {
        struct store_seen *seen = &look->nodes[i];
        struct outcome outcome = {0};

        *seen = (struct store_seen){.number = nodes->all[i]->number, .look = look};
        if (store_node_probe(nodes->all[i], &outcome, seen, on_seen) == STORE_NOW)
            seen->decides = outcome.status == TAKE_DONE;
        else
            look->out++;
    }
    return look->out == 0 ? STORE_NOW : STORE_LATER;
}

static void on_seen(void *context, const struct outcome *outcome)
{
    struct store_seen *seen = context;
    struct store_look *look = seen->look;

    seen->decides = outcome->status == TAKE_DONE;
    look->out--;
    if (look->out == 0)
        look->done(look->context);
}

static uint16_t store_redis_place(const struct store *store, const struct operation *operation)
{
    const struct store_node *node = store_nodes_find(nodes_of(store), operation);

    return node == NULL ? STORE_NODES_MAX : node->number;
}

static void store_redis_serve(struct store *store)
{
    const struct store_nodes *nodes = &CONTAINER_OF(store, struct store_redis, store)->nodes;

    for (uint16_t i = 0; i < nodes->map->node_count; i++) {
        struct redis_link *link = nodes->all[i]->link;

        if (redis_link_unanswered(link) > 0) /* a look at an idle socket costs a system call */
            redis_link_serve(link);
    }
}

static bool store_redis_is_ready(const struct store *store)
{
    const struct store_nodes *nodes = nodes_of(store);

    for (uint16_t i = 0; i < nodes->map->node_count; i++) {
        if (store_node_is_asked(nodes->all[i]))
            return true;
    }
    return false;
}

static bool store_redis_has_started(const struct store *store)
{
    const struct store_nodes *nodes = nodes_of(store);

    for (uint16_t i = 0; i < nodes->map->node_count; i++) {
        const struct store_node *node = nodes->all[i];

        if (!store_node_is_asked(node) && !node->was_lost && !breaker_is_open(&node->trust.breaker))
            return false;
    }
    return store_redis_is_ready(store);
}

static struct store_health store_redis_health(const struct store *store)
{
    const struct store_nodes *nodes = nodes_of(store);
    struct store_health health = {.nodes = nodes->map->node_count};

    for (uint16_t i = 0; i < nodes->map->node_count; i++) {
        const struct store_node *node = nodes->all[i];
        const bool is_connected = redis_link_is_ready(node->link);
        const bool is_open = breaker_is_open(&node->trust.breaker);

        health.links_connected += is_connected;
        health.breakers_open += is_open;
        health.calls_waiting += call_queue_length(&node->queue);
        store_node_tell(node, true, is_connected, is_open);
    }
    return health;
}

static void store_redis_free(struct store *store)
{
    struct store_redis *redis = CONTAINER_OF(store, struct store_redis, store);

    store_nodes_close(&redis->nodes);
    free(redis);
}

static const struct store_nodes *nodes_of(const struct store *store)
{
    return &((const struct store_redis *)(const void *)store)->nodes;
}
