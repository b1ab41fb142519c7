/* SPDX-License-Identifier: MIT
 *
 * The detail of PROBLEM_NO_POLICY. It says what was asked for, so that the caller can compare. */
#ifndef API_NO_POLICY_H
#define API_NO_POLICY_H

#include "limit/policy.h"

struct arena;

/* `start`, and then route, role, and the subjects if there are any. Lies in `arena`. */
const char *no_policy_detail(const char *start, struct text route_key, struct text role,
                             const struct subjects *subjects, struct arena *arena);

#endif
