/* SPDX-License-Identifier: MIT
 *
 * The rights that the process gives up after its start: for all threads, and for ever. */
#ifndef APP_SANDBOX_H
#define APP_SANDBOX_H

#include "app/settings.h"

/* Forbids core dumps, to a file and to a program, and debuggers of the same user, because the
 * memory holds the pepper and users' ids. */
void sandbox_forbid_core_dumps(void);

/* Executing a file gives no new privileges, and:
 *
 * - Only the system calls that serving needs are allowed: no other program, process, privilege or
 *   kind of socket, and no memory that can be executed. Any other call fails as if this kernel did
 *   not have it (ENOSYS), because libraries can then do without. The kernel's audit log, if it is
 *   on, has a line on it.
 * - Only these files are allowed (EACCES): those beside the files that the settings name, those
 *   beneath the catalogue's directory, and those that libraries read. Beside a socket with a path
 *   files may be removed, because the socket is removed at the end. No TCP port may be bound, and
 *   only that of Redis may be connected to, or every one if sentinels or a cluster name the
 *   servers.
 *
 * If this kernel cannot do all of the second, it does a part, and a log line says what is missing.
 *
 * To be called before any other thread starts. False if one has started, or if the kernel has no
 * filter of system calls. */
MUST_USE bool sandbox_enter(const struct settings *settings, struct error *error);

#endif
