/* SPDX-License-Identifier: MIT
 *
 * Nothing else in these replies looks like an id, so it is known by its form, wherever it is.
 * hiredis bounds how deep a reply may be. */
#include "redis_node_ids.h"

static void add_all(struct redis_node_ids *ids, const redisReply *reply);
static bool read_id(const redisReply *reply, char id[static REDIS_NODE_ID_BYTES]);
static bool has(const struct redis_node_ids *ids, const char *id);

void redis_node_ids_take(struct redis_node_ids *ids, const redisReply *reply)
{
    ids->count = 0;
    add_all(ids, reply);
}

bool redis_node_ids_meet(const struct redis_node_ids *ids, const redisReply *reply)
{
    char id[REDIS_NODE_ID_BYTES];
    bool meets = read_id(reply, id) && has(ids, id);

    for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements && !meets; i++)
        meets = redis_node_ids_meet(ids, reply->element[i]);
    return meets;
}

/* CLUSTER SLOTS names a node with each of its ranges. */
static void add_all(struct redis_node_ids *ids, const redisReply *reply)
{
    char id[REDIS_NODE_ID_BYTES];

    if (read_id(reply, id) && ids->count < REDIS_NODE_IDS_MAX && !has(ids, id))
        memcpy(ids->ids[ids->count++], id, sizeof(id));
    for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++)
        add_all(ids, reply->element[i]);
}

static bool read_id(const redisReply *reply, char id[static REDIS_NODE_ID_BYTES])
{
    id[0] = '\0';
    if (reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS)
        redis_node_id_read((struct text){reply->str, reply->len}, id);
    return id[0] != '\0';
}

static bool has(const struct redis_node_ids *ids, const char *id)
{
    for (size_t i = 0; i < ids->count; i++) {
        if (memcmp(ids->ids[i], id, REDIS_NODE_ID_BYTES) == 0)
            return true;
    }
    return false;
}
