/* SPDX-License-Identifier: MIT
 *
 * What the process gives up of its rights once it has what it needs: all its threads, for good. */
#ifndef APP_SANDBOX_H
#define APP_SANDBOX_H

#include "app/settings.h"

/* No core dump, neither a file nor to a program, and no debugger of the same user: memory holds the
 * pepper and users' ids. */
void sandbox_forbid_core_dumps(void);

/* No new privileges by executing a file, and:
 *
 * - Of the system calls only those that serving needs: no other program, process, privilege or kind
 *   of socket, and no memory that can be executed. Any other call fails as if this kernel did not
 *   have it (ENOSYS), since libraries know how to do without; the kernel's audit log has a line on
 *   it where that is on.
 * - Of the files only what lies beside those that the settings name, beneath the catalogue's
 *   directory, and what libraries read (EACCES); of TCP ports none to bind, and Redis' to connect
 *   to. A kernel that cannot do all of this does what it can, and a log line says what is missing.
 *
 * Before any other thread is started. False when one has been, or when the kernel has no filter of
 * system calls. */
MUST_USE bool sandbox_enter(const struct settings *settings, struct error *error);

#endif
