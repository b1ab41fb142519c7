/* SPDX-License-Identifier: MIT
 *
 * A listening socket that is a file. Private to this layer. Main thread, before it starts
 * others. */
#ifndef APP_UNIX_SOCKET_H
#define APP_UNIX_SOCKET_H

#include "app/listener.h"

#include <sys/stat.h>

/* Makes the file with these rights. Replaces a socket at which nobody listens, and nothing else.
 * Returns the socket, or -1: then `error` says why, and who listens there. */
MUST_USE int unix_socket_open(struct socket_file *file, const struct sockaddr_un *address,
                              mode_t mode, struct error *error);

/* Removes the file, if it is still the same. To be called while the socket listens, because other
 * processes replace a file at which nobody does. A second call does nothing. */
void unix_socket_remove(struct socket_file *file);

#endif
