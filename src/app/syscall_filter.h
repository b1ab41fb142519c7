/* SPDX-License-Identifier: MIT */
#ifndef APP_SYSCALL_FILTER_H
#define APP_SYSCALL_FILTER_H

#include "base/error.h"

/* Allows only the system calls that serving needs, for all threads and for ever; see sandbox.h.
 * False if the kernel cannot do this. */
MUST_USE bool syscall_filter_enter(struct error *error);

#endif
