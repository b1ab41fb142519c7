/* SPDX-License-Identifier: MIT
 *
 * Messages between systemd and a service: sd_notify(3), sd_listen_fds(3), sd_watchdog_enabled(3).
 * Each is a few bytes in a datagram or in the environment, and their form is stable. Their manual
 * pages suggest to do without the library, which would be the largest that this service links. Any
 * supervisor with the same protocols will do. Main thread. */
#ifndef APP_SYSTEMD_H
#define APP_SYSTEMD_H

#include "base/error.h"

/* Sends the state, lines of NAME=value such as "READY=1\nSTATUS=Serving.". Does nothing if no
 * supervisor has asked for it. */
void systemd_notify(const char *format, ...) PRINTF_LIKE(1, 2);

/* Whether the supervisor's socket is in the abstract namespace. */
bool systemd_is_abstract(void);

/* The listening socket that was passed to this process, or -1 for none. False if something else
 * than one listening stream socket was passed. */
MUST_USE bool systemd_find_listener(int *fd, struct error *error);

/* The longest time that may pass between two WATCHDOG=1; 0: none are expected. */
int64_t systemd_watchdog_us(void);

#endif
