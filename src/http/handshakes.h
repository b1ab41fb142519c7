/* SPDX-License-Identifier: MIT
 *
 * TLS handshakes that are under way. libmicrohttpd does them, but left alone it tries one whose
 * client is silent in every run, which takes a whole core, and in one run it does as many as there
 * are, each for up to a millisecond. So its connection is suspended while there is nothing to read,
 * and of those that can go on a few do in each turn of the loop, by turns of their sites: a flood
 * of handshakes delays decisions by no more than these few, and the handshakes of others by no more
 * than its share. Private to http_server.c. Worker's thread. */
#ifndef HTTP_HANDSHAKES_H
#define HTTP_HANDSHAKES_H

#include "http/http_server.h"
#include "http/tls.h"

#include "handshake_turns.h"

#include <microhttpd.h>
#include <sys/queue.h>

struct client;
struct event_base;

/* How many go on in one turn. */
#define HANDSHAKES_PER_TURN 4

struct handshake;

struct handshakes {
    struct tls *tls; /* for those to come; NULL: the server speaks plain HTTP */
    struct event_base *base;
    LIST_HEAD(handshake_list, handshake) all; /* connections, also those that are done with it */
    struct handshake_turns ready;             /* suspended, with something to read */
    unsigned left;                            /* of this turn */
    struct http_server_handshakes counts;
};

void handshakes_init(struct handshakes *handshakes, struct event_base *base, struct tls *tls);
/* What handshakes that begin from now on use. */
void handshakes_use(struct handshakes *handshakes, struct tls *tls);
void handshakes_close(struct handshakes *handshakes);

/* For a new connection, whose client has its ticket; NULL when the server speaks plain HTTP.
 * `client` is freed after it. */
struct handshake *handshakes_add(struct handshakes *handshakes, struct MHD_Connection *connection,
                                 struct client *client, int fd);
/* When the connection has been closed, its session being gone already. */
void handshakes_remove(struct handshake *handshake);

/* At the beginning of a turn: resumes those whose turn it is, and says whether there are any. */
bool handshakes_go_on(struct handshakes *handshakes);
/* Whether more of them can go on. */
bool handshakes_are_ready(const struct handshakes *handshakes);

/* Resumes all: libmicrohttpd must not be stopped with a suspended connection. */
void handshakes_give_up(struct handshakes *handshakes);

#endif
