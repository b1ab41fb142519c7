/* SPDX-License-Identifier: MIT
 *
 * Reads what a node of a cluster says of its slots into a map. The map has the masters, ordered by
 * their address, because each node tells them in an order of its own. It leaves out those whose
 * address cannot be used, and those that failed and have no slot. One that has no slot yet is
 * there, if it is told, because keys are asked for there (ASK) while its first slot moves. CLUSTER
 * SLOTS does not tell it: before Redis 7 the keys of that slot that have moved are not reached
 * until the whole slot has moved, and no other key is concerned.
 *
 * A node that failed keeps its slots as long as no other node has them. One node's answer has one
 * owner for each slot. If two that did not fail claim the same slot, the answer is damaged, and the
 * first one has it: either may be wrong, and then says MOVED.
 *
 * `asked` is the node that answered: a node without a host is there. NULL: the reply is not of its
 * form, or nobody has a slot; `error` says so. The map is the caller's. Any thread. */
#ifndef REDIS_REDIS_SLOTS_H
#define REDIS_REDIS_SLOTS_H

#include "base/error.h"
#include "redis/redis_map.h"

#include <hiredis/hiredis.h>

/* The reply to CLUSTER SHARDS, which is there from Redis 7 on. `has_tls`: the ports of TLS are
 * taken. */
MUST_USE struct redis_map *redis_slots_read_shards(const redisReply *reply,
                                                   const struct redis_endpoint *asked, bool has_tls,
                                                   struct error *error);

/* The reply to CLUSTER SLOTS. Its ports are those of the kind of connection that asked. */
MUST_USE struct redis_map *redis_slots_read_ranges(const redisReply *reply,
                                                   const struct redis_endpoint *asked,
                                                   struct error *error);

#endif
