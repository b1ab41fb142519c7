/* SPDX-License-Identifier: MIT
 *
 * TLS handshakes that are under way. libmicrohttpd does them, but alone it has two faults. It tries
 * a handshake whose client is silent in every run, which takes a whole core. And in one run it does
 * all that there are, each for up to a millisecond. So a connection is suspended while there is
 * nothing to read. In each turn of the loop only a few of those that can go on do so, and their
 * sites take turns. So a flood of handshakes delays decisions only by these few, and the handshakes
 * of others only by its share. Private to http_server.c. Worker's thread. */
#ifndef HTTP_HANDSHAKES_H
#define HTTP_HANDSHAKES_H

#include "http/http_server.h"
#include "http/tls.h"

#include "handshake_turns.h"

#include <microhttpd.h>
#include <sys/queue.h>

struct client;
struct event_base;

/* How many go on in one turn of the loop. */
#define HANDSHAKES_PER_TURN 4

struct handshake;

struct handshakes {
    struct tls *tls; /* for new handshakes; NULL: the server speaks plain HTTP */
    struct event_base *base;
    LIST_HEAD(handshake_list, handshake) all; /* of all connections, also completed ones */
    struct handshake_turns ready;             /* suspended, with something to read */
    uint64_t turns;                           /* of the loop, so far */
    unsigned left;                            /* how many may still go on in this turn */
    struct http_server_handshakes counts;
};

void handshakes_init(struct handshakes *handshakes, struct event_base *base, struct tls *tls);
/* New handshakes use `tls` from now on. */
void handshakes_use(struct handshakes *handshakes, struct tls *tls);
void handshakes_close(struct handshakes *handshakes);

/* For a new connection, whose client has its ticket; NULL when the server speaks plain HTTP.
 * `client` must be freed after it. */
struct handshake *handshakes_add(struct handshakes *handshakes, struct MHD_Connection *connection,
                                 struct client *client, int fd);
/* To be called when the connection has been closed and its session is gone. */
void handshakes_remove(struct handshake *handshake);

/* To be called at the beginning of a turn: resumes those whose turn it is. Returns whether there
 * are any. */
bool handshakes_go_on(struct handshakes *handshakes);
/* Whether more handshakes can go on. */
bool handshakes_are_ready(const struct handshakes *handshakes);

/* Resumes all, because libmicrohttpd must not be stopped with a suspended connection. */
void handshakes_give_up(struct handshakes *handshakes);

#endif
