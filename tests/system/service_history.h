/* SPDX-License-Identifier: MIT
 *
 * A random history of a policy of the service, and of a few callers. About half of the limits are
 * fast: time refills them and ends their windows while the history runs. For the others time hardly
 * matters. */
#ifndef SYSTEM_SERVICE_HISTORY_H
#define SYSTEM_SERVICE_HISTORY_H

#include "support/reference_policy.h"

#define SERVICE_HISTORY_OPERATIONS 50
#define SERVICE_HISTORY_BATCH      4

enum service_operation_kind {
    SERVICE_CHECK,
    SERVICE_BATCH,
    SERVICE_CHARGE,
    SERVICE_RESET,
    SERVICE_EDIT
};

struct service_operation {
    enum service_operation_kind kind;
    bool is_elsewhere; /* a second instance is asked, which may not know the last edit yet */
    unsigned values;   /* of all subjects */
    struct reference_terms terms;
    bool is_partial; /* if it may be: all limits count one measure */
    size_t count;    /* how many costs */
    int64_t costs[SERVICE_HISTORY_BATCH][REFERENCE_MEASURES];
    unsigned given;                 /* SERVICE_RESET: these subjects, at least one */
    struct reference_policy policy; /* SERVICE_EDIT */
};

struct service_history {
    struct reference_policy policy;
    struct service_operation operations[SERVICE_HISTORY_OPERATIONS];
};

/* Depends on random_begin() alone. */
void service_history_make(struct service_history *history);

#endif
