/* SPDX-License-Identifier: MIT
 *
 * An attempt is made by a child in the sandbox, from which there is no way out. */
#ifndef UNIT_SANDBOX_CASE_H
#define UNIT_SANDBOX_CASE_H

#include "../../src/app/sandbox.h"

#include "support/cmocka.h"

/* Like a system call: -1 with errno when it is refused. */
typedef long attempt_fn(void);

/* The errno of the attempt, 0 when it succeeded. */
int sandbox_result_of(attempt_fn *attempt, const struct settings *settings);

#endif
