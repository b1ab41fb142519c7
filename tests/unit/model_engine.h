/* SPDX-License-Identifier: MIT
 *
 * The engines that are compared with the reference model. The two in Redis use the server of
 * script_redis_open_clocked(). */
#ifndef UNIT_MODEL_ENGINE_H
#define UNIT_MODEL_ENGINE_H

#include "store/store.h"

struct model_engine {
    const char *name;
    void *(*open)(void); /* called once for each history */
    void (*close)(void *context);
    void (*take)(void *context, const struct take *take, struct outcome *outcome);
    bool (*forget)(void *context, const struct take *take); /* whether there was any */
    void (*evict)(void *context, const struct take *take, size_t which);
    bool has_expiry; /* its counters expire by the test's clock */
    bool is_in_ms;   /* limits whose states are numbers share one expiry, in whole ms */
    int64_t skew_us; /* a clock that is at most this far behind counts as late */
};

/* The test's clock decides, and its counters expire by it. */
extern const struct model_engine model_memory;
/* The test's clock decides, and its counters never expire: see script_redis_take(). */
extern const struct model_engine model_script;
/* The test sets the clock of Redis itself: TIME and expiries follow it, forward and back. */
extern const struct model_engine model_redis;

#endif
