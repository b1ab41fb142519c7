/* SPDX-License-Identifier: MIT
 *
 * A random history of one user of the service: the limits of the policy, and what is asked of it
 * and done to it. About half of the limits are fast, so that time refills them and ends their
 * windows while the history runs; the others are such that time hardly matters. */
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
    SERVICE_EDIT, /* another limit or burst: what was used stays */
    SERVICE_ANEW, /* another algorithm or window: all starts afresh */
};

struct service_operation {
    enum service_operation_kind kind;
    size_t count; /* of the costs */
    int64_t costs[SERVICE_HISTORY_BATCH];
    size_t which;                 /* an edit: this limit of the policy... */
    struct reference_limit limit; /* ...becomes this one */
};

struct service_history {
    size_t limit_count;
    struct reference_limit limits[SERVICE_HISTORY_LIMITS];
    struct service_operation operations[SERVICE_HISTORY_OPERATIONS];
};

/* Depends on random_begin() alone. It never comes back to windows it has left, since then the
 * counters of that time would be found again. */
void service_history_make(struct service_history *history);

#endif
