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
    void (*ask)(void *context, const struct operation *operation, struct outcome *outcome);
    /* Forgets the counters of the limits. Returns whether there were any. */
    bool (*forget)(void *context, const struct operation *operation);
    /* Loses the counter of one limit, and all that lies in its key. */
    void (*lose)(void *context, const struct operation *operation, size_t which);
    bool has_strings;   /* counters of one set lie in one key, unless they are logs */
    bool has_expiry;    /* its counters expire by the test's clock */
    bool is_in_ms;      /* expiries are whole ms */
    bool is_by_process; /* it decides by the process' clock, which is not the one on the wall */
    int64_t skew_us;    /* a clock that is at most this far behind counts as late */
};

/* The test's clock decides, and its counters expire by it. */
extern const struct model_engine model_memory;
/* The test's clock decides, and its keys never expire: see script_redis_take(). */
extern const struct model_engine model_script;
/* The test sets the clock of Redis itself: TIME and expiries follow it, forward and back. */
extern const struct model_engine model_redis;

#endif
