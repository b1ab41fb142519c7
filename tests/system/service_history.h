/* SPDX-License-Identifier: MIT
 *
 * A random history of one user of the service: the limits of the policy, and the operations. About
 * half of the limits are fast: time refills them and ends their windows while the history runs. For
 * the others time hardly matters. */
#ifndef SYSTEM_SERVICE_HISTORY_H
#define SYSTEM_SERVICE_HISTORY_H

#include "support/reference_model.h"

#define SERVICE_HISTORY_LIMITS     4
#define SERVICE_HISTORY_OPERATIONS 50
#define SERVICE_HISTORY_BATCH      4

enum service_operation_kind {
    SERVICE_CHECK,
    SERVICE_BATCH,
    SERVICE_RESET,
    SERVICE_EDIT, /* another limit or burst: the use stays */
    SERVICE_ANEW, /* another algorithm or window: starts with new counters */
};

struct service_operation {
    enum service_operation_kind kind;
    size_t count; /* how many costs */
    int64_t costs[SERVICE_HISTORY_BATCH];
    size_t which;                 /* an edit: this limit of the policy... */
    struct reference_limit limit; /* ...becomes this one */
};

struct service_history {
    size_t limit_count;
    struct reference_limit limits[SERVICE_HISTORY_LIMITS];
    struct service_operation operations[SERVICE_HISTORY_OPERATIONS];
};

/* Depends on random_begin() alone. It never returns to windows that it has left, because the
 * counters of that time would be found again. */
void service_history_make(struct service_history *history);

#endif
