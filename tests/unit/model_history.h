/* SPDX-License-Identifier: MIT
 *
 * A random history of a policy: the checks of a few callers, and edits of its limits. A history
 * that fails is cut down to the operations that it needs to fail, and printed.
 *
 * An operation does not depend on others: after some are dropped, the rest is a history too. So an
 * edit brings a whole policy. Quotas and windows are chosen so that the service's doubles are
 * exact. */
#ifndef UNIT_MODEL_HISTORY_H
#define UNIT_MODEL_HISTORY_H

#include "support/reference_policy.h"

#define MODEL_HISTORY_OPERATIONS 44

enum model_operation_kind {
    MODEL_TAKE,
    MODEL_LOOK,
    MODEL_FILL,
    MODEL_PART,
    MODEL_CHARGE,
    MODEL_FORGET,
    MODEL_LOSE,
    MODEL_EDIT,
    MODEL_CLOCK,
    MODEL_WALL
};

struct model_operation {
    enum model_operation_kind kind;
    bool is_late;                      /* it is decided by the policy before the last edit */
    unsigned values;                   /* of all subjects */
    int64_t costs[REFERENCE_MEASURES]; /* MODEL_PART: the first, in any measure */
    struct reference_terms terms;
    unsigned given;                 /* MODEL_FORGET: limits that count by these subjects */
    size_t which;                   /* MODEL_LOSE: the engine's choice. MODEL_CLOCK: which limit */
    struct reference_policy policy; /* MODEL_EDIT */
    /* MODEL_CLOCK: forward or back. MODEL_WALL: a step of the clock on the wall, if another one
     * decides; else by how much the clock of who asks is wrong from now on. */
    int64_t step_us;
    bool is_from_end; /* MODEL_CLOCK: not from now, but from the end of the period of a limit */
};

struct model_history {
    struct reference_policy policy;
    int64_t start_us;
    int64_t wall_us; /* the Unix time then, if there are periods; else 0 */
    size_t count;
    struct model_operation operations[MODEL_HISTORY_OPERATIONS];
};

/* Depends on random_begin() alone. */
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
