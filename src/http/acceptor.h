/* SPDX-License-Identifier: MIT
 *
 * The listening socket of one server, as an event of the worker's loop. Private to http_server.c.
 * Worker's thread.
 *
 * A turn of the loop accepts a few connections, so that connected clients are served in between. If
 * there is no descriptor or memory for one more, it rests for a moment, because others may free
 * some. If there is no room, it rests for a shorter time. New clients then wait in the kernel's
 * queue, which is as long as the kernel allows. It asks for room only while that queue is not
 * empty.
 *
 * From a socket that others share it takes none for a millisecond while its server is ahead of the
 * others. */
#ifndef HTTP_ACCEPTOR_H
#define HTTP_ACCEPTOR_H

#include "http/http_server.h"

#include <sys/socket.h>

struct event;
struct event_base;

/* What it asks of its server. */
struct acceptor_owner {
    void *context;
    bool (*has_room)(void *context);
    /* Whether it has clearly more connections than its share of those of a shared socket. */
    bool (*is_ahead)(void *context);
    /* Whether another server of the shared socket has room. */
    bool (*others_have_room)(void *context);
    /* A client waits and there is no room: call acceptor_go_on() once there is. */
    void (*make_room)(void *context);
    /* Takes over the non-blocking socket of a new connection. */
    void (*take)(void *context, int fd, const struct sockaddr *peer, socklen_t length);
};

struct acceptor {
    struct acceptor_owner owner;
    int fd; /* -1 once it has stopped */
    enum listen_share share;
    bool is_open;
    bool has_rested; /* and has not looked since then */
    struct event *acceptable;
    struct event *rest; /* pending while it rests */
    int64_t logged_us;  /* when an error was last logged */
};

/* Takes over the non-blocking socket `fd`, which listens. Clients that connect wait until
 * acceptor_open(). */
void acceptor_init(struct acceptor *acceptor, struct event_base *base, int fd,
                   enum listen_share share, const struct acceptor_owner *owner);
void acceptor_close(struct acceptor *acceptor);

/* Accepts from the next turn on. */
void acceptor_open(struct acceptor *acceptor);

/* There may be room again: a connection has ended. */
void acceptor_go_on(struct acceptor *acceptor);

/* New connections are left to other listeners of the address: a SYN is dropped, and its sender
 * repeats it a second later. A socket that was passed is closed, and the connections that wait in
 * it are left to the others. */
void acceptor_quiesce(struct acceptor *acceptor);

/* Takes the connections that were made so far, because the kernel would reset them, and closes the
 * socket. */
void acceptor_stop(struct acceptor *acceptor);

#endif
