/* SPDX-License-Identifier: MIT
 *
 * What systemd and a service tell each other: sd_notify(3), sd_listen_fds(3),
 * sd_watchdog_enabled(3). Each is a few bytes in a datagram or in the environment, promised to be
 * stable, and those pages suggest to do without their library; it would be the largest thing this
 * service links, for the three functions here. Any supervisor that speaks the same protocols will
 * do. Main thread. */
#ifndef APP_SYSTEMD_H
#define APP_SYSTEMD_H

#include "base/error.h"

/* Sends the state, lines of NAME=value such as "READY=1\nSTATUS=Serving."; nothing when nobody
 * asked to be told. */
void systemd_notify(const char *format, ...) PRINTF_LIKE(1, 2);

/* Whether the supervisor is told by a socket in the abstract namespace. */
bool systemd_is_abstract(void);

/* The listening socket that was passed to this process, or -1 for none. False when what was passed
 * is not one listening TCP socket. */
MUST_USE bool systemd_find_listener(int *fd, struct error *error);

/* How often the supervisor wants to hear WATCHDOG=1 at least; 0: not at all. */
int64_t systemd_watchdog_us(void);

#endif
