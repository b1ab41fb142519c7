/* SPDX-License-Identifier: MIT
 *
 * decide() as an engine, and its kin: it keeps the states of the subject that asked last. */
#ifndef UNIT_PLAIN_ENGINE_H
#define UNIT_PLAIN_ENGINE_H

#include "store/operation.h"

/* Zeroed, it has nothing. */
struct plain_engine {
    struct digest set;
    size_t limit_count;
    struct limit limits[LIMITS_MAX];
    struct limit_state states[LIMITS_MAX];
    int64_t ends_us[LIMITS_MAX]; /* how long to keep a state; 0: nothing was ever charged */
};

/* Takes, charges, or takes a part; on limits of one set. */
void plain_engine_ask(struct plain_engine *engine, const struct operation *operation,
                      struct outcome *outcome);
void plain_engine_close(struct plain_engine *engine);

/* Of a subject that is new to every engine. */
struct operation plain_operation_next(const struct limit limits[], size_t count);

#endif
