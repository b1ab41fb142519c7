/* SPDX-License-Identifier: MIT
 *
 * Listening sockets at one TCP address, one for each server of this process. Main thread. */
#ifndef APP_TCP_SOCKETS_H
#define APP_TCP_SOCKETS_H

#include "base/error.h"

#include <sys/socket.h>

/* Opens `count` of them. With port 0 the first finds a free port, which *address then has. [::]
 * includes IPv4. False: none is open, and `error` says why. */
MUST_USE bool tcp_sockets_open(int fds[], size_t count, struct sockaddr_storage *address,
                               socklen_t length, struct error *error);

#endif
