/* SPDX-License-Identifier: MIT
 *
 * What must be true of each accepted policy, wherever it came from. */
#ifndef TESTS_FUZZ_CANONICAL_H
#define TESTS_FUZZ_CANONICAL_H

#include "limit/policy.h"

/* Asserts that every number is in its range, and that the canonical document is a fixed point:
 * written, read and written again, it is the same, byte by byte. So are the id, the version, and
 * the ids and sets of the limits, which find stored counters. */
void canonical_check(const struct policy *policy);

#endif
