/* SPDX-License-Identifier: MIT
 *
 * The message of a command that fails. */
#ifndef APP_COMPLAINT_H
#define APP_COMPLAINT_H

/* Writes "sluice: MESSAGE" to standard error. Returns `exit_code`, even if the write fails. The
 * message may contain text from outside. */
int complaint_print(int exit_code, const char *message);

#endif
