/* SPDX-License-Identifier: MIT
 *
 * The sentinels that are known, in the order in which they are asked, and what they say. Those of
 * the URL stay; the others are learnt from the first one, so that the service survives the loss of
 * all that are in its URL. Plain value. */
#ifndef REDIS_REDIS_SENTINEL_LIST_H
#define REDIS_REDIS_SENTINEL_LIST_H

#include "base/error.h"
#include "redis/redis_url.h"

#include <hiredis/hiredis.h>

#define REDIS_SENTINEL_LIST_MAX 16

struct redis_sentinel_list {
    size_t count;
    struct redis_sentinel {
        struct redis_endpoint endpoint;
        bool is_learnt;
        bool is_of_group; /* it is known to watch the same master as the others that are */
    } sentinels[REDIS_SENTINEL_LIST_MAX];
};

/* Those of the URL, of which there is at least one. */
void redis_sentinel_list_init(struct redis_sentinel_list *list, const struct redis_url *url);

/* The first one goes to the end. */
void redis_sentinel_list_turn(struct redis_sentinel_list *list);
/* This one comes first, if it is there. The others keep their order. */
void redis_sentinel_list_prefer(struct redis_sentinel_list *list,
                                const struct redis_endpoint *endpoint);

/* The learnt ones are now those in `reply`, which the first one gave to SENTINEL SENTINELS, and
 * that one itself. Those in the reply are of the group, as that one is. Those that stay keep their
 * order. A reply that names none changes nothing. */
void redis_sentinel_list_learn(struct redis_sentinel_list *list, const redisReply *reply);

/* None of them is of the group any more. */
void redis_sentinel_list_leave_group(struct redis_sentinel_list *list);

/* The epoch in the reply to SENTINEL MASTER: a higher one is of a later failover. Zero if it says
 * none. */
uint64_t redis_sentinel_list_read_epoch(const redisReply *reply);

/* Reads the reply to SENTINEL GET-MASTER-ADDR-BY-NAME. */
MUST_USE bool redis_sentinel_list_read_master(const redisReply *reply,
                                              struct redis_endpoint *master, struct error *error);

/* Whether `message`, of a subscription, says that this master has changed. `name` is a string. */
bool redis_sentinel_list_tell_switch(const redisReply *message, const char *name);

#endif
