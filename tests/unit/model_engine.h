/* SPDX-License-Identifier: MIT
 *
 * The engines whose answers are compared with the reference model's. Those in Redis use that of
 * script_redis_open_clocked(). */
#ifndef UNIT_MODEL_ENGINE_H
#define UNIT_MODEL_ENGINE_H

#include "store/store.h"

struct model_engine {
    const char *name;
    void *(*open)(void); /* for one history */
    void (*close)(void *context);
    void (*take)(void *context, const struct take *take, struct outcome *outcome);
    bool (*forget)(void *context, const struct take *take); /* whether there was anything */
    void (*evict)(void *context, const struct take *take, size_t which);
    bool has_expiry; /* on the clock handed in */
    bool is_in_ms;   /* it has one expiry, in whole ms, for all limits whose states are numbers */
    int64_t skew_us; /* it takes a clock that is behind by this for one that is late */
};

/* Its counters expire by the clock handed in. */
extern const struct model_engine model_memory;
/* The clock is handed in, and its counters never expire: see script_redis_take(). */
extern const struct model_engine model_script;
/* The clock that is handed in is that of Redis itself: TIME and expiries follow it, both ways. */
extern const struct model_engine model_redis;

#endif
