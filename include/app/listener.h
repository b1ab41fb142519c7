/* SPDX-License-Identifier: MIT
 *
 * Where the service listens: at an address where each worker binds a socket of its own, or at one
 * socket that a supervisor has opened and passed to this process. Main thread. */
#ifndef APP_LISTENER_H
#define APP_LISTENER_H

#include "app/settings.h"

struct listener {
    struct sockaddr_storage address; /* port 0 until listener_bound() */
    socklen_t length;
    int fd; /* the socket passed, or -1 */
};

/* False if the socket passed cannot be served. Warns if another process has the address, too. */
MUST_USE bool listener_find(struct listener *listener, const struct settings *settings,
                            struct error *error);

/* The first worker has found this port, and the others share it. */
void listener_bound(struct listener *listener, int port);

/* The address. Valid as long as the listener. */
const struct sockaddr *listener_address(const struct listener *listener);

/* For one worker: a duplicate of the socket passed, which the caller must close, or -1. */
int listener_duplicate(const struct listener *listener);

#define LISTENER_TEXT_BYTES 64

/* The address without the port, and the port. */
void listener_write_address(const struct listener *listener, char out[static LISTENER_TEXT_BYTES]);
int listener_port(const struct listener *listener);

#endif
