/* SPDX-License-Identifier: MIT
 *
 * What the command line says when it fails. */
#ifndef APP_COMPLAINT_H
#define APP_COMPLAINT_H

/* Writes "sluice: MESSAGE" to standard error and returns the exit code that it was given, also when
 * nobody reads. The message may hold what others have said. */
int complaint_print(int exit_code, const char *message);

#endif
