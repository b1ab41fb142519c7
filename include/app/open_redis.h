/* SPDX-License-Identifier: MIT
 *
 * Makes the topology of the Redis that the settings name. */
#ifndef APP_OPEN_REDIS_H
#define APP_OPEN_REDIS_H

#include "app/settings.h"
#include "redis/redis_topology.h"

/* Looks for the servers once; whether that succeeds or not, the caller owns the result, which
 * borrows TLS from the settings. NULL if the settings do not use Redis. */
struct redis_topology *open_redis(const struct settings *settings);

#endif
