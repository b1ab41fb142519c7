/* SPDX-License-Identifier: MIT
 *
 * Slots of a cluster that move. */
#include "support/redis_cluster.h"

#include "support/cmocka.h"

#define MOVED_KEYS_MAX 100
#define MIGRATE_WORDS  7 /* before the keys */
#define NODE_ID_BYTES  41

static void set_slot(struct redis_cluster *cluster, size_t at, int slot, const char *state,
                     size_t node);

void redis_cluster_begin_move(struct redis_cluster *cluster, int slot, size_t to)
{
    size_t from = redis_cluster_owner(cluster, slot);

    ASSERT(from != to);
    /* In this order: whoever is sent on finds a node that expects it. */
    set_slot(cluster, to, slot, "IMPORTING", from);
    set_slot(cluster, from, slot, "MIGRATING", to);
}

size_t redis_cluster_move_keys(struct redis_cluster *cluster, int slot, size_t to, size_t count_max)
{
    struct redis_server *from = redis_cluster_node(cluster, redis_cluster_owner(cluster, slot));
    const redisReply *keys =
        redis_server_command(from, "CLUSTER GETKEYSINSLOT %d %d", slot,
                             count_max < MOVED_KEYS_MAX ? (int)count_max : MOVED_KEYS_MAX);
    const size_t count = keys->elements;
    char names[MOVED_KEYS_MAX][256];
    char port[16];
    const char *words[MIGRATE_WORDS + MOVED_KEYS_MAX] = {"MIGRATE", "127.0.0.1", port,  "",
                                                         "0",       "10000",     "KEYS"};
    size_t lengths[ARRAY_COUNT(words)];

    if (count == 0)
        return 0;
    (void)snprintf(port, sizeof(port), "%d", redis_server_port(redis_cluster_node(cluster, to)));
    for (size_t i = 0; i < MIGRATE_WORDS; i++)
        lengths[i] = strlen(words[i]);
    for (size_t i = 0; i < count; i++) {
        ASSERT(keys->element[i]->len < sizeof(names[i]));
        memcpy(names[i], keys->element[i]->str, keys->element[i]->len);
        words[MIGRATE_WORDS + i] = names[i];
        lengths[MIGRATE_WORDS + i] = keys->element[i]->len;
    }
    (void)redis_server_command_words(from, (int)(MIGRATE_WORDS + count), words, lengths);
    return count;
}

void redis_cluster_end_move(struct redis_cluster *cluster, int slot, size_t to)
{
    size_t from = redis_cluster_owner(cluster, slot);

    while (redis_cluster_move_keys(cluster, slot, to, MOVED_KEYS_MAX) > 0)
        ;
    /* The new owner first: otherwise nobody has the slot for a moment. */
    set_slot(cluster, to, slot, "NODE", to);
    set_slot(cluster, from, slot, "NODE", to);
    for (size_t i = 0; i < redis_cluster_count(cluster); i++) {
        if (i != to && i != from && redis_cluster_is_master(cluster, i))
            set_slot(cluster, i, slot, "NODE", to);
    }
}

void redis_cluster_move(struct redis_cluster *cluster, int slot, size_t to)
{
    if (redis_cluster_owner(cluster, slot) == to)
        return;
    redis_cluster_begin_move(cluster, slot, to);
    redis_cluster_end_move(cluster, slot, to);
}

static void set_slot(struct redis_cluster *cluster, size_t at, int slot, const char *state,
                     size_t node)
{
    char id[NODE_ID_BYTES];

    (void)snprintf(id, sizeof(id), "%s",
                   redis_server_command(redis_cluster_node(cluster, node), "CLUSTER MYID")->str);
    (void)redis_server_command(redis_cluster_node(cluster, at), "CLUSTER SETSLOT %d %s %s", slot,
                               state, id);
}
