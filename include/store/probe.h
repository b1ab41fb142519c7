/* SPDX-License-Identifier: MIT
 *
 * The operation that finds out whether a store decides. It charges a counter that no policy has, so
 * it writes. A look or a denial would not do: a Redis that accepts no writes answers them, too. */
#ifndef STORE_PROBE_H
#define STORE_PROBE_H

#include "redis/redis_map.h"
#include "store/store.h"

/* Always allowed. The counter expires after a second. */
struct operation probe_operation(const struct digest *tag, int64_t now_us);

/* Finds a tag whose slot this node has, by its index. False: the node has no slot, or so few that
 * none was found. Takes some milliseconds for a node with few slots. */
bool probe_find_tag(const struct redis_map *map, uint16_t node, struct digest *tag);

#endif
