/* SPDX-License-Identifier: MIT
 *
 * The detail of PROBLEM_NO_POLICY. It says what was asked for, so that the caller can compare. */
#ifndef API_NO_POLICY_H
#define API_NO_POLICY_H

#include "limit/policy.h"

struct arena;

/* `start`, and then the identity: route, role, and the user if there is one. Lies in `arena`. */
const char *no_policy_detail(const char *start, const struct policy_identity *identity,
                             struct arena *arena);

#endif
