/* SPDX-License-Identifier: MIT
 *
 * A random history of one subject: its limits, and the operations on it. A history that fails is
 * cut down to the operations that it needs to fail, and printed.
 *
 * An operation does not depend on others: after some are dropped, the rest is a history too. Quotas
 * and windows are chosen so that the service's doubles are exact. */
#ifndef UNIT_MODEL_HISTORY_H
#define UNIT_MODEL_HISTORY_H

#include "limit/limit.h"

#define MODEL_HISTORY_LIMITS     3
#define MODEL_HISTORY_OPERATIONS 50

enum model_operation_kind { MODEL_CHECK, MODEL_FORGET, MODEL_EVICT, MODEL_EDIT, MODEL_CLOCK };

struct model_operation {
    enum model_operation_kind kind;
    int64_t amount; /* MODEL_CHECK: the cost, 0 is a look; MODEL_CLOCK: µs, forward or back */
    size_t which;   /* MODEL_EVICT: the engine's choice. MODEL_EDIT: this limit of the policy... */
    struct limit limit; /* ...becomes this one */
};

struct model_history {
    size_t limit_count;
    struct limit limits[MODEL_HISTORY_LIMITS];
    int64_t start_us;
    size_t count;
    struct model_operation operations[MODEL_HISTORY_OPERATIONS];
};

/* Depends on random_begin() alone. It never returns to a window that it has left, because counters
 * that have not expired would then be found again. */
void model_history_make(struct model_history *history);

/* Runs a history from its start. Returns the number of the operation that failed, 0 if none did. */
typedef size_t model_history_failure_fn(void *context, const struct model_history *history);

/* Drops each operation that a failing history does not need to fail. After that, dropping any one
 * more makes it hold. The last run that failed was that of the history that is left. */
void model_history_shrink(struct model_history *history, model_history_failure_fn *failure,
                          void *context);

/* Writes one operation per line to the test's output. */
void model_history_print(const struct model_history *history);

#endif
