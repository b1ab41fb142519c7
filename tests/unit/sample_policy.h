/* SPDX-License-Identifier: MIT
 *
 * Policies for tests, written as JSON in single quotes. */
#ifndef UNIT_SAMPLE_POLICY_H
#define UNIT_SAMPLE_POLICY_H

#include "limit/policy.h"

struct arena;

/* Fails the test when it is not a policy. */
struct policy *sample_policy(struct arena *arena, const char *quoted);

/* Their contents are the same; ids and versions may differ. */
void assert_same_policy(const struct policy *actual, const struct policy *expected);

#endif
