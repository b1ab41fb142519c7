/* SPDX-License-Identifier: MIT
 *
 * What a check of a history, or a charge, says in its body. */
#ifndef SYSTEM_SERVICE_CHECK_H
#define SYSTEM_SERVICE_CHECK_H

#include "service_history.h"

/* The check of one of the operation's costs, in single quotes. `policy` is the latest version. */
void service_check_write_quoted(const struct service_operation *operation, size_t which,
                                const struct reference_policy *policy, uint64_t route, FILE *out);

/* Whether it says that a part is enough. It may only if all limits count one measure. */
bool service_check_is_partial(const struct service_operation *operation,
                              const struct reference_policy *policy);

#endif
