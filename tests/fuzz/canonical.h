/* SPDX-License-Identifier: MIT
 *
 * What must hold of every policy that was accepted, wherever it came from. */
#ifndef TESTS_FUZZ_CANONICAL_H
#define TESTS_FUZZ_CANONICAL_H

#include "limit/policy.h"

/* Asserts that every number is in its range, and that the canonical document is a fixed point:
 * written, read and written again it is the same, byte by byte, and so are id, version and the
 * layouts by which stored counters are found again. */
void canonical_check(const struct policy *policy);

#endif
