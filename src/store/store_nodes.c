/* SPDX-License-Identifier: MIT */
#include "store_nodes.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "store/probe.h"

#include <event2/event.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* More in a row happen only if nodes contradict each other. They may agree after a rest; and after
 * some rests the map has a node that has just joined. The time of the call is the bound. */
#define MOVES_AT_ONCE 4
#define SWEEP_US      (50 * MILLISECOND_US)

/* A new map. */
static void nodes_watch(struct store_nodes *nodes);
static void on_news(evutil_socket_t fd, short events, void *context);
static void nodes_follow_give(struct store_nodes *nodes, struct redis_map *map);
static struct store_node *node_at(const struct store_nodes *nodes,
                                  const struct redis_endpoint *endpoint);
static void node_set_place(struct store_node *node, const struct redis_map *map, uint16_t index);
static void find_probe_tags(const struct redis_map *map, struct store_node *const all[]);
static void nodes_let_go(struct store_nodes *nodes, struct store_node *node);
static void on_sweep(evutil_socket_t fd, short events, void *context);
static void nodes_free_left(struct store_nodes *nodes, int64_t now_us);
static void sweep_later(struct store_nodes *nodes);

/* A call that a node has not done. */
static void on_astray(struct store_node_share *share, struct pending *pending,
                      const struct redis_redirect *redirect);
static void on_turn(void *context, struct pending *pending);
static void nodes_pass_on(struct store_nodes *nodes, struct pending *pending,
                          struct store_node *node, bool asks);
static void tell_untaken(struct store_nodes *nodes, const struct pending *pending);

void store_nodes_init(struct store_nodes *nodes, struct event_base *base,
                      const struct store_redis_options *options)
{
    store_node_share_init(&nodes->share, base, options, on_astray);
    LIST_INIT(&nodes->leaving);
    nodes->sweep = evtimer_new(base, on_sweep, nodes);
    ASSERT(nodes->sweep != NULL);
    store_strays_init(&nodes->strays, base, nodes, on_turn);
    if (!redis_topology_is_fixed(options->topology)) {
        probe_prepare();
        nodes_watch(nodes);
    }
    nodes_follow_give(nodes, redis_topology_map(options->topology));
}

/* Whoever is answered may ask again, so the nodes are no longer found when they are freed. */
void store_nodes_close(struct store_nodes *nodes)
{
    struct redis_map *map = nodes->map;
    struct pending *pending;

    nodes->share.is_closing = true;
    nodes->map = redis_map_new(0);
    if (nodes->news != NULL) {
        redis_topology_unwatch(nodes->share.topology, &nodes->watcher);
        event_free(nodes->news);
        (void)close(nodes->watcher.fd);
    }
    while ((pending = store_strays_take(&nodes->strays)) != NULL)
        store_node_end_astray(&nodes->share, pending, &(struct outcome){.status = TAKE_DOWN});
    for (uint16_t i = 0; i < map->node_count; i++)
        store_node_free(nodes->all[i]);
    nodes_free_left(nodes, INT64_MAX);
    store_strays_close(&nodes->strays);
    event_free(nodes->sweep);
    free(nodes->all);
    redis_map_release(map);
    redis_map_release(nodes->map);
    store_node_share_close(&nodes->share);
}

/* A single server has all keys, and no slot is computed. */
struct store_node *store_nodes_find(const struct store_nodes *nodes,
                                    const struct operation *operation)
{
    const struct redis_map *map = nodes->map;
    const uint16_t index =
        map->is_sliced ? map->node_of_slot[take_script_slot(&operation->tag)] : 0;

    return index < map->node_count ? nodes->all[index] : NULL;
}

/* Before the first map is taken, so that none is missed. */
static void nodes_watch(struct store_nodes *nodes)
{
    nodes->watcher.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    ASSERT(nodes->watcher.fd >= 0);
    nodes->news =
        event_new(nodes->share.base, nodes->watcher.fd, EV_READ | EV_PERSIST, on_news, nodes);
    ASSERT(nodes->news != NULL);
    event_add(nodes->news, NULL);
    redis_topology_watch(nodes->share.topology, &nodes->watcher);
}

static void on_news(evutil_socket_t fd, short events, void *context)
{
    struct store_nodes *nodes = context;
    uint64_t news;

    (void)events;
    (void)!read(fd, &news, sizeof(news));
    nodes_follow_give(nodes, redis_topology_map(nodes->share.topology));
}

/* The nodes that leave let go last, because their calls are passed on by the new map. */
static void nodes_follow_give(struct store_nodes *nodes, struct redis_map *map)
{
    struct redis_map *before = nodes->map;
    struct store_node **all_before = nodes->all;
    struct store_node **all = memory_new(map->node_count, sizeof(*all));

    for (uint16_t i = 0; before != NULL && i < before->node_count; i++)
        store_node_tell(all_before[i], false, false, false); /* its number may be another now */
    for (uint16_t i = 0; i < map->node_count; i++) {
        struct store_node *node = node_at(nodes, &map->nodes[i].endpoint);

        all[i] = node != NULL ? node : store_node_new(&nodes->share, &map->nodes[i].endpoint);
        node_set_place(all[i], map, i);
    }
    find_probe_tags(map, all);
    nodes->map = map;
    nodes->all = all;
    nodes->share.is_sliced = map->is_sliced;
    for (uint16_t i = 0; before != NULL && i < before->node_count; i++) {
        if (redis_map_find_endpoint(map, &before->nodes[i].endpoint) == REDIS_NO_NODE)
            nodes_let_go(nodes, all_before[i]);
    }
    free(all_before);
    redis_map_release(before);
}

/* NULL: the present map has no such node. */
static struct store_node *node_at(const struct store_nodes *nodes,
                                  const struct redis_endpoint *endpoint)
{
    if (nodes->map == NULL)
        return NULL;
    const uint16_t index = redis_map_find_endpoint(nodes->map, endpoint);
    return index == REDIS_NO_NODE ? NULL : nodes->all[index];
}

/* A single server is probed with a tag of zeroes. A node of a cluster keeps its tag while it has
 * that slot. */
static void node_set_place(struct store_node *node, const struct redis_map *map, uint16_t index)
{
    node->number = map->nodes[index].number;
    node->trust.node = node->number;
    redis_link_expect(node->link, map->nodes[index].id);
    node->has_probe_tag =
        !map->is_sliced ||
        (node->has_probe_tag && map->node_of_slot[take_script_slot(&node->probe_tag)] == index);
}

/* Those that have no tag get that of their first slot, if they have any. */
static void find_probe_tags(const struct redis_map *map, struct store_node *const all[])
{
    for (uint16_t slot = 0; slot < REDIS_SLOTS; slot++) {
        const uint16_t index = map->node_of_slot[slot];

        if (index == REDIS_NO_NODE || all[index]->has_probe_tag)
            continue;
        all[index]->probe_tag = probe_tag(slot);
        all[index]->has_probe_tag = true;
    }
}

static void nodes_let_go(struct store_nodes *nodes, struct store_node *node)
{
    store_node_leave(node);
    LIST_INSERT_HEAD(&nodes->leaving, node, in_leaving);
    sweep_later(nodes);
}

static void on_sweep(evutil_socket_t fd, short events, void *context)
{
    struct store_nodes *nodes = context;

    (void)fd;
    (void)events;
    nodes_free_left(nodes, clock_monotonic_us());
    if (!LIST_EMPTY(&nodes->leaving))
        sweep_later(nodes);
}

/* Not inside a callback of a node, whose link could not be freed there. */
static void nodes_free_left(struct store_nodes *nodes, int64_t now_us)
{
    struct store_node *next;

    for (struct store_node *node = LIST_FIRST(&nodes->leaving); node != NULL; node = next) {
        next = LIST_NEXT(node, in_leaving);
        if (!store_node_has_left(node, now_us))
            continue;
        LIST_REMOVE(node, in_leaving);
        store_node_free(node);
    }
}

static void sweep_later(struct store_nodes *nodes)
{
    const struct timeval wait = duration_timeval(SWEEP_US);

    if (!evtimer_pending(nodes->sweep, NULL))
        event_add(nodes->sweep, &wait);
}

static void on_astray(struct store_node_share *share, struct pending *pending,
                      const struct redis_redirect *redirect)
{
    struct store_nodes *nodes = CONTAINER_OF(share, struct store_nodes, share);
    const bool is_moving = redirect != NULL && redirect->kind == REDIS_TRY_AGAIN;
    struct store_node *node = NULL;

    if (redirect != NULL)
        pending->answer = redirect->kind;
    if (is_moving && pending->comes_again) {
        store_node_end_astray(share, pending,
                              &(struct outcome){.status = TAKE_REFUSED, .is_moving = true});
        return;
    }
    if (redirect != NULL && redirect->kind == REDIS_MOVED)
        redis_topology_doubt(share->topology, "a slot has moved");
    if (redirect != NULL && !is_moving) {
        pending->moves++;
        if (pending->moves < MOVES_AT_ONCE)
            node = node_at(nodes, &redirect->endpoint);
    }
    nodes_pass_on(nodes, pending, node, redirect != NULL && redirect->kind == REDIS_ASK);
}

static void on_turn(void *context, struct pending *pending)
{
    struct store_nodes *nodes = context;
    const uint16_t index = redis_map_find(nodes->map, text_of(pending->asked.arguments.keys[0]));

    nodes_pass_on(nodes, pending, index == REDIS_NO_NODE ? NULL : nodes->all[index], false);
}

/* To `node`, if it is there and takes it; else later, while the call has time and a place. */
static void nodes_pass_on(struct store_nodes *nodes, struct pending *pending,
                          struct store_node *node, bool asks)
{
    static const struct outcome refused = {.status = TAKE_REFUSED};
    const int64_t left_us =
        pending->begun_us + nodes->share.calls.timeout_us - clock_monotonic_us();

    if (left_us > 0 && node != NULL && store_node_take_over(node, pending, asks))
        return;
    pending->moves = 0;
    if (pending->comes_again || !store_strays_put(&nodes->strays, pending, left_us)) {
        if (!pending->comes_again)
            tell_untaken(nodes, pending);
        store_node_end_astray(&nodes->share, pending, &refused);
    }
}

static void tell_untaken(struct store_nodes *nodes, const struct pending *pending)
{
    const char *answer =
        pending->may_not_ask ? "ASKING is refused" : redis_redirect_word(pending->answer);

    if (redis_complaints_allow(&nodes->share.complaints, answer, clock_monotonic_us()))
        log_write(LOG_WARN, "redis has not taken a decision in time", LOG_STRING("answer", answer),
                  LOG_STRING("key", pending->asked.arguments.keys[0]));
}
