/* SPDX-License-Identifier: MIT
 *
 * Services that want the same address at the same time. Main thread only. */
#ifndef SYSTEM_RIVALS_H
#define SYSTEM_RIVALS_H

#include <sys/types.h>

/* Starts some services at `listen` at once, each with data of its own, and waits until all but one
 * have ended because the address is taken. Returns that one; process_kill() ends it. */
pid_t rivals_start(const char *listen);

#endif
