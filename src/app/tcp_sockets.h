/* SPDX-License-Identifier: MIT
 *
 * Listening sockets at one TCP address, one for each server of this process. Private to this layer.
 * Main thread.
 *
 * All of them set SO_REUSEPORT, so the kernel would let any process of this user listen there, too.
 * So the first one begins without it. Then the kernel refuses it if anybody listens there, and of
 * two processes that try at once it lets one listen. Only after that does it set SO_REUSEPORT, for
 * the others of this process, and for a process that is told to share. */
#ifndef APP_TCP_SOCKETS_H
#define APP_TCP_SOCKETS_H

#include "base/error.h"

#include <sys/socket.h>

/* Opens `count` of them. With port 0 the first finds a free port, which *address then has. [::]
 * includes IPv4. `shares`: other processes may listen there, too. False: none is open, and `error`
 * says why, and if the address is in use, by whom. */
MUST_USE bool tcp_sockets_open(int fds[], size_t count, struct sockaddr_storage *address,
                               bool shares, struct error *error);

#endif
