/* SPDX-License-Identifier: MIT
 *
 * Where connections come in: the listening socket of one server, as an event of the worker's loop.
 * Private to http_server.c. Worker's thread.
 *
 * A turn of the loop accepts a few, so that connected clients are served in between. It rests for a
 * moment when there is no descriptor or no memory for one more, since others may give some back,
 * and for a shorter one when there is no room: who then connects waits in the kernel's queue, which
 * is as long as the kernel allows. Nobody is asked for room while that queue is empty. */
#ifndef HTTP_ACCEPTOR_H
#define HTTP_ACCEPTOR_H

#include "base/error.h"

#include <sys/socket.h>

struct event;
struct event_base;

/* What it asks of its server. */
struct acceptor_owner {
    void *context;
    bool (*has_room)(void *context);
    /* Somebody waits, and there is none: acceptor_go_on() once there is. */
    void (*make_room)(void *context);
    /* Takes over the socket of a new connection, which is non-blocking. */
    void (*take)(void *context, int fd, const struct sockaddr *peer, socklen_t length);
};

struct acceptor {
    struct acceptor_owner owner;
    int fd;         /* -1 once it has stopped */
    bool is_shared; /* the socket has been passed, and others accept from it, too */
    bool is_open;
    bool has_rested; /* and not looked since */
    struct event *acceptable;
    struct event *rest; /* pending while it rests */
    int64_t logged_us;  /* what has gone wrong, the last time */
};

struct acceptor_options {
    const struct sockaddr
        *address; /* others of this user may bind it, too; [::] takes IPv4 as well */
    socklen_t address_length;
    int listen_fd; /* takes over this socket instead; -1: binds */
    struct acceptor_owner owner;
};

/* Listens; who connects waits until acceptor_open(). False when the address cannot be bound, and
 * then there is nothing to close. */
MUST_USE bool acceptor_init(struct acceptor *acceptor, struct event_base *base,
                            const struct acceptor_options *options, struct error *error);
void acceptor_close(struct acceptor *acceptor);

/* The port that is bound. */
int acceptor_port(const struct acceptor *acceptor);

/* Accepts from the next turn on. */
void acceptor_open(struct acceptor *acceptor);

/* There may be room again: a connection has ended. */
void acceptor_go_on(struct acceptor *acceptor);

/* New connections are left to others who listen there: a SYN is dropped, and repeated by its sender
 * a second later. A socket that others share is closed, and what waits in it is theirs. */
void acceptor_quiesce(struct acceptor *acceptor);

/* Takes what had been made until now, which the kernel would reset, and closes the socket. */
void acceptor_stop(struct acceptor *acceptor);

#endif
