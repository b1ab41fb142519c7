/* SPDX-License-Identifier: MIT
 *
 * The detail of PROBLEM_NO_POLICY: what was asked for, so that its caller can compare. */
#ifndef API_NO_POLICY_H
#define API_NO_POLICY_H

#include "limit/policy.h"

struct arena;

/* `start`, and the identity behind it: route, role, and the user when there is one. Lies in
 * `arena`. */
const char *no_policy_detail(const char *start, const struct policy_identity *identity,
                             struct arena *arena);

#endif
