/* SPDX-License-Identifier: MIT
 *
 * The nodes that a cluster had, by their ids, to know it again. Plain value. */
#ifndef REDIS_REDIS_NODE_IDS_H
#define REDIS_REDIS_NODE_IDS_H

#include "redis/redis_node_id.h"

#include <hiredis/hiredis.h>

#define REDIS_NODE_IDS_MAX 2048

struct redis_node_ids {
    size_t count;
    char ids[REDIS_NODE_IDS_MAX][REDIS_NODE_ID_BYTES];
};

/* Takes all ids in a reply to CLUSTER SHARDS or SLOTS, also those of replicas and of nodes that
 * failed; what was there before is forgotten. More of them than fit are left out. */
void redis_node_ids_take(struct redis_node_ids *ids, const redisReply *reply);

/* Whether at least one of them is in such a reply. */
bool redis_node_ids_meet(const struct redis_node_ids *ids, const redisReply *reply);

#endif
