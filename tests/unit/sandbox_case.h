/* SPDX-License-Identifier: MIT
 *
 * Each attempt is made by a child process in the sandbox, because there is no way out of it. */
#ifndef UNIT_SANDBOX_CASE_H
#define UNIT_SANDBOX_CASE_H

#include "../../src/app/sandbox.h"

#include "support/cmocka.h"

/* Returns what a system call does: -1 and errno when it is refused. */
typedef long attempt_fn(void);

/* The errno of the attempt; 0 when it succeeded. */
int sandbox_result_of(attempt_fn *attempt, const struct settings *settings);

#endif
