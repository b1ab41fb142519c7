/* SPDX-License-Identifier: MIT
 *
 * The nodes of a cluster that can tell its map, in the order in which they are asked: the one that
 * answered last; others that have answered; those of the URL; those of the map, in a random order,
 * because neighbours may fail together; those whose cluster was not well; and last those that
 * failed, which each cost a timeout. Plain value. */
#ifndef REDIS_REDIS_NODE_LIST_H
#define REDIS_REDIS_NODE_LIST_H

#include "redis/redis_map.h"
#include "redis/redis_url.h"

/* By the last answer. */
enum redis_standing {
    REDIS_NODE_HOPEFUL, /* a good one, or none yet */
    REDIS_NODE_FLAWED,  /* it is behind, or its cluster is not well */
    REDIS_NODE_FAILED   /* no answer, or one of no use */
};

struct redis_node_list {
    size_t count;
    int64_t turn; /* how many answers there were */
    bool has_learnt;
    struct redis_listed_node {
        struct redis_endpoint endpoint;
        bool is_of_url;
        enum redis_standing standing;
        int64_t place; /* among those of the same standing; the least one is asked first */
    } nodes[REDIS_URL_HOSTS_MAX + REDIS_NODES_MAX];
};

/* Those of the URL, of which there is at least one. */
void redis_node_list_init(struct redis_node_list *list, const struct redis_url *url);

/* What came of asking this one. The order changes with the next redis_node_list_sort(). */
void redis_node_list_note(struct redis_node_list *list, size_t index, enum redis_standing standing);
void redis_node_list_sort(struct redis_node_list *list);

/* The nodes of a new map; those that it has no more are forgotten, unless they are of the URL. The
 * first time, one of them is chosen to be asked next, because otherwise all instances would always
 * ask the first node of the URL. */
void redis_node_list_learn(struct redis_node_list *list, const struct redis_map *map);

#endif
