/* SPDX-License-Identifier: MIT
 *
 * What is in a Redis with bounded memory. Main thread only. */
#ifndef FAULT_ROOM_H
#define FAULT_ROOM_H

#include "support/redis_server.h"

/* From now on it takes at most `bytes`, in Redis' own form ("64mb"; "0": no bound), and evicts
 * nothing. */
void room_limit(struct redis_server *redis, const char *bytes);

double room_used_bytes(struct redis_server *redis);
void room_print(struct redis_server *redis, const char *when);

/* Whether it has refused a write since it was started, or has been completely full. */
bool room_was_full(struct redis_server *redis);

/* The size of the largest key of this pattern. `parts` gets the number of its parts, as `command`
 * counts them. */
double room_of_largest(struct redis_server *redis, const char *pattern, const char *command,
                       double *parts);

#endif
