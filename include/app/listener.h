/* SPDX-License-Identifier: MIT
 *
 * Where servers of this process listen: at a TCP address, where each has a socket of its own; or at
 * one socket for all, which has a path or was passed by a supervisor. Main thread. */
#ifndef APP_LISTENER_H
#define APP_LISTENER_H

#include "app/settings.h"
#include "http/http_server.h"

#include <sys/un.h>

/* The file of a socket. Zeroed: there is none. */
struct socket_file {
    char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
    dev_t device;
    ino_t inode;
};

struct listener {
    struct sockaddr_storage address; /* with the port that was found */
    enum listen_share share;
    size_t count; /* of the sockets, one for each server */
    size_t taken;
    int fds[SETTINGS_WORKERS_MAX];
    struct socket_file file;
    struct listen_group group; /* of the servers that share one socket */
};

struct listener_options {
    const char *setting; /* that names the address, for errors */
    const struct sockaddr_storage *address;
    bool shares; /* other processes may listen there, too; not with a path */
    mode_t socket_mode;
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

/* Removes the file of a socket with a path, if it is still ours, so nobody can connect any more. To
 * be called while the servers still listen. */
void listener_hide(struct listener *listener);

/* Hides it, and closes the sockets that were not taken. One that is zeroed has none. */
void listener_close(struct listener *listener);

/* Valid as long as the listener. */
const struct sockaddr *listener_address(const struct listener *listener);

#define LISTENER_TEXT_BYTES 128

/* The whole address; the same without the port; the port, which is 0 of a socket with a path. */
void listener_write(const struct listener *listener, char out[static LISTENER_TEXT_BYTES]);
void listener_write_host(const struct listener *listener, char out[static LISTENER_TEXT_BYTES]);
int listener_port(const struct listener *listener);

#endif
