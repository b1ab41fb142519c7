/* SPDX-License-Identifier: MIT */
#ifndef APP_SYSCALL_FILTER_H
#define APP_SYSCALL_FILTER_H

#include "base/error.h"

/* Of the system calls only those that serving needs, for all threads and for good; see sandbox.h.
 * False when the kernel cannot do this. */
MUST_USE bool syscall_filter_enter(struct error *error);

#endif
