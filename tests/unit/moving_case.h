/* SPDX-License-Identifier: MIT
 *
 * An operation at a node of the cluster of cluster_group.h, whose slot is just moving away, and all
 * of whose keys are still there. Redis runs such a script, but refuses a command in it on a key
 * that is not there, also on one that the script itself has deleted. The same operation runs at
 * `server`, which has no slots. */
#ifndef UNIT_MOVING_CASE_H
#define UNIT_MOVING_CASE_H

#include "base/duration.h"
#include "limit/charge_log.h"
#include "store/take_reply.h"
#include "support/cluster_group.h"
#include "support/cmocka.h"
#include "support/one_set.h"

#define MOVING_NOW INT64_C(1763735373123457)

/* A take from counters that no operation had before. Gives each limit an id of its own. `limits` is
 * borrowed while the operation is in use. All servers are empty then; what is planted is planted
 * at both. */
struct operation moving_take_of(struct limit *limits, size_t count, int64_t cost);

/* Adds a charge to the log of a limit. */
void moving_plant(const struct operation *operation, size_t limit, int64_t at_us,
                  const char *member);
/* Adds `count` charges of 1. The first is a microsecond after `after_us`. `before` was charged
 * before them. */
void moving_plant_many(const struct operation *operation, size_t limit, int64_t after_us,
                       int64_t before, int64_t count);
/* Runs a command with the key of a limit as its only %s. */
void moving_command(const struct operation *operation, size_t limit, const char *format);

/* From now on its slot moves. */
void moving_begin(const struct operation *operation);
/* Decides at both, which must answer and leave the same. All its keys are there before. */
void moving_alike(const struct operation *operation);
/* Whether all its keys are there, at `server`. */
bool moving_is_whole(const struct operation *operation);
/* How many keys the node still has of the slot. */
long long moving_keys_left(void);
/* What the node says to the operation; freed by the next one. */
const redisReply *moving_reply(const struct operation *operation);
/* Moves the keys. Then the same of the new node, which is asked before it has the slot. */
const redisReply *moving_reply_of_new_node(const struct operation *operation);
/* The slot has moved. */
void moving_end(void);

#endif
