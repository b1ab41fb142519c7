/* SPDX-License-Identifier: MIT */
#include "app/open_redis.h"

#include "base/log.h"

struct redis_topology *open_redis(const struct settings *settings)
{
    const struct redis_topology_options options = {
        .url = settings->redis,
        .sentinel_login = settings->sentinel_login,
        .tls = settings->redis_tls,
    };
    struct error error = {0};

    if (settings->engine != ENGINE_REDIS && settings->catalogue != CATALOGUE_KIND_REDIS)
        return NULL;

    struct redis_topology *topology = redis_topology_new(&options);

    if (!redis_topology_look(topology, &error))
        log_write(LOG_WARN, "redis is not found", LOG_STRING("reason", error.message));
    return topology;
}
