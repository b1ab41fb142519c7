/* SPDX-License-Identifier: MIT
 *
 * A random history of one subject: its limits, and what is asked of it and done to it. One that
 * fails is cut down to what it takes to fail, and printed.
 *
 * Its operations stand on their own: what is left when some are dropped is a history too. Quotas
 * and windows are such that the service's doubles are exact. */
#ifndef UNIT_MODEL_HISTORY_H
#define UNIT_MODEL_HISTORY_H

#include "limit/limit.h"

#define MODEL_HISTORY_LIMITS     3
#define MODEL_HISTORY_OPERATIONS 50

enum model_operation_kind { MODEL_CHECK, MODEL_FORGET, MODEL_EVICT, MODEL_EDIT, MODEL_CLOCK };

struct model_operation {
    enum model_operation_kind kind;
    int64_t amount; /* MODEL_CHECK: the cost, 0 looks; MODEL_CLOCK: µs, forward or back */
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

/* Depends on random_begin() alone. It never comes back to a window it has left, since then the
 * counters of that time would be found again, if they had not expired. */
void model_history_make(struct model_history *history);

/* Runs a history afresh. Returns after how many of its operations it failed, 0 when it did not. */
typedef size_t model_history_failure_fn(void *context, const struct model_history *history);

/* Drops of a history that fails each operation without which it still does; dropping any one more
 * makes it hold. The last run that failed was that of what is left. */
void model_history_shrink(struct model_history *history, model_history_failure_fn *failure,
                          void *context);

/* One operation a line, to the test's output. */
void model_history_print(const struct model_history *history);

#endif
