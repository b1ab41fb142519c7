/* SPDX-License-Identifier: MIT
 *
 * What the process gives up of its rights once it has what it needs: all its threads, for good. */
#ifndef APP_SANDBOX_H
#define APP_SANDBOX_H

#include "base/error.h"

/* No core dump, neither a file nor to a program, and no debugger of the same user: memory holds the
 * pepper and users' ids. */
void sandbox_forbid_core_dumps(void);

/* No new privileges by executing a file, and of the system calls only those that serving needs: no
 * other program, process, privilege or kind of socket, and no memory that can be executed. Any
 * other call fails as if this kernel did not have it (ENOSYS), since libraries know how to do
 * without; the kernel's audit log has a line on it where that is on. False when the kernel cannot
 * do this. */
MUST_USE bool sandbox_enter(struct error *error);

#endif
