/* SPDX-License-Identifier: MIT
 *
 * Places below zero are of answers, the newest first. Those of the URL follow. */
#include "redis_node_list.h"

#include <sodium.h>

static void forget_but(struct redis_node_list *list, const struct redis_map *map);
static struct redis_listed_node *find(struct redis_node_list *list,
                                      const struct redis_endpoint *endpoint);
static void add(struct redis_node_list *list, const struct redis_endpoint *endpoint);
static int compare(const void *a, const void *b);

void redis_node_list_init(struct redis_node_list *list, const struct redis_url *url)
{
    *list = (struct redis_node_list){.count = url->host_count};
    for (size_t i = 0; i < url->host_count; i++)
        list->nodes[i] = (struct redis_listed_node){
            .endpoint = url->hosts[i], .is_of_url = true, .place = (int64_t)i};
}

void redis_node_list_note(struct redis_node_list *list, size_t index, enum redis_standing standing)
{
    struct redis_listed_node *node = &list->nodes[index];

    list->turn++;
    node->standing = standing;
    node->place = standing == REDIS_NODE_HOPEFUL ? -list->turn : list->turn;
}

void redis_node_list_sort(struct redis_node_list *list)
{
    qsort(list->nodes, list->count, sizeof(list->nodes[0]), compare);
}

void redis_node_list_learn(struct redis_node_list *list, const struct redis_map *map)
{
    forget_but(list, map);
    for (uint16_t i = 0; i < map->node_count; i++) {
        if (find(list, &map->nodes[i].endpoint) == NULL)
            add(list, &map->nodes[i].endpoint);
    }
    if (list->has_learnt || map->node_count == 0)
        return;
    const uint32_t chosen = randombytes_uniform(map->node_count);
    struct redis_listed_node *node = find(list, &map->nodes[chosen].endpoint);

    if (node->standing == REDIS_NODE_HOPEFUL)
        node->place = -++list->turn;
    list->has_learnt = true;
}

static void forget_but(struct redis_node_list *list, const struct redis_map *map)
{
    size_t kept = 0;

    for (size_t i = 0; i < list->count; i++) {
        if (list->nodes[i].is_of_url ||
            redis_map_find_endpoint(map, &list->nodes[i].endpoint) != REDIS_NO_NODE)
            list->nodes[kept++] = list->nodes[i];
    }
    list->count = kept;
}

/* NULL: it is not there. */
static struct redis_listed_node *find(struct redis_node_list *list,
                                      const struct redis_endpoint *endpoint)
{
    for (size_t i = 0; i < list->count; i++) {
        if (redis_endpoint_equal(&list->nodes[i].endpoint, endpoint))
            return &list->nodes[i];
    }
    return NULL;
}

/* There is room for all of a map, because all others are of the URL. */
static void add(struct redis_node_list *list, const struct redis_endpoint *endpoint)
{
    ASSERT(list->count < ARRAY_COUNT(list->nodes));
    list->nodes[list->count++] = (struct redis_listed_node){
        .endpoint = *endpoint, .place = REDIS_URL_HOSTS_MAX + (int64_t)randombytes_random()};
}

static int compare(const void *a, const void *b)
{
    const struct redis_listed_node *left = a;
    const struct redis_listed_node *right = b;

    if (left->standing != right->standing)
        return left->standing < right->standing ? -1 : 1;
    return left->place < right->place ? -1 : left->place > right->place;
}
