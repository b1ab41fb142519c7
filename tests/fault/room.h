/* SPDX-License-Identifier: MIT
 *
 * What is in a Redis whose memory has a bound. Main thread only. */
#ifndef FAULT_ROOM_H
#define FAULT_ROOM_H

#include "support/redis_server.h"

/* From now on it takes at most `bytes`, as Redis writes them ("64mb"; "0": no bound), and evicts
 * nothing. */
void room_limit(struct redis_server *redis, const char *bytes);

double room_used_bytes(struct redis_server *redis);
void room_print(struct redis_server *redis, const char *when);

/* It has refused a write since it was started, or has been as full as it may be. */
bool room_was_full(struct redis_server *redis);

/* What the largest key of this pattern takes, and how many parts it has, as `command` counts
 * them. */
double room_of_largest(struct redis_server *redis, const char *pattern, const char *command,
                       double *parts);

#endif
