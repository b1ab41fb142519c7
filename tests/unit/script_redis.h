/* SPDX-License-Identifier: MIT
 *
 * A real Redis with the take scripts loaded, and a take by the script with the clock handed in.
 * What goes wrong fails the test, unless it is the script's answer. */
#ifndef UNIT_SCRIPT_REDIS_H
#define UNIT_SCRIPT_REDIS_H

#include "store/take_script.h"
#include "support/redis_server.h"

struct script_redis {
    struct redis_server *server;
    redisContext *connection; /* blocking; no reply is outstanding between calls */
};

struct script_redis *script_redis_start(void);
void script_redis_stop(struct script_redis *redis);

/* Decides *take at take->now_us. outcome->status is TAKE_BROKEN when the answer is no decision, or
 * when the script left a charge without an expiry, or set one without a charge.
 *
 * By Redis' own clock a counter would go at another time than by the one handed in: so the expiry
 * is moved far away, and counters stay until they are deleted. */
void script_redis_take(struct script_redis *redis, const struct take *take,
                       struct outcome *outcome);

#endif
