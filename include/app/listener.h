/* SPDX-License-Identifier: MIT
 *
 * Where servers of this process listen: at an address where each has a socket of its own, or at one
 * socket that a supervisor has opened and passed to this process. Main thread. */
#ifndef APP_LISTENER_H
#define APP_LISTENER_H

#include "app/settings.h"
#include "http/http_server.h"

struct listener {
    struct sockaddr_storage address; /* with the port that was found */
    enum listen_share share;
    size_t count; /* of the sockets, one for each server */
    size_t taken;
    int fds[SETTINGS_WORKERS_MAX];
};

struct listener_options {
    const char *setting; /* that names the address, for errors */
    const struct sockaddr_storage *address;
    bool shares; /* other processes may listen there, too */
    size_t servers;
};

/* Opens a socket for each of the servers. False: `error` says why; there is nothing to close. */
MUST_USE bool listener_open(struct listener *listener, const struct listener_options *options,
                            struct error *error);

/* The same, but if a socket was passed to this process, takes that one. */
MUST_USE bool listener_find(struct listener *listener, const struct listener_options *options,
                            struct error *error);

/* The socket of one more server, which then owns it. */
int listener_take(struct listener *listener);

/* Closes the sockets that were not taken. One that is zeroed has none. */
void listener_close(struct listener *listener);

/* Valid as long as the listener. */
const struct sockaddr *listener_address(const struct listener *listener);

#define LISTENER_TEXT_BYTES 64

/* The address without the port, and the port. */
void listener_write_address(const struct listener *listener, char out[static LISTENER_TEXT_BYTES]);
int listener_port(const struct listener *listener);

#endif
