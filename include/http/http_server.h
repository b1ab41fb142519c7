/* SPDX-License-Identifier: MIT
 *
 * HTTP on a worker's event loop. src/http/{http_server,exchange}.c alone know libmicrohttpd:
 * external epoll mode, no threads. Each worker accepts from a SO_REUSEPORT socket of its own, in
 * src/http/acceptor.c. */
#ifndef HTTP_HTTP_SERVER_H
#define HTTP_HTTP_SERVER_H

#include "base/error.h"
#include "http/request.h"
#include "http/site_counts.h"
#include "http/tls.h"

struct event_base;

/* What the server asks of the layer above. All run on the worker's thread. */
struct http_handler {
    void *context;
    /* The headers are here. Returns how many bytes of body to accept; more is answered 413. May
     * answer already (no such route, wrong media type), and then the body is not read. */
    size_t (*begin)(struct request *request, void *context);
    /* The body is here too. */
    enum handled (*finish)(struct request *request, void *context);
    /* The answer is there, whoever has given it, and is about to be sent. May still add fields. */
    void (*answered)(struct request *request, void *context);
    /* Every so many requests of one turn, before the next one begins: what would not bear to wait
     * until all who are ready have been served. May answer other requests. */
    void (*between)(void *context);
    /* Whether who connects from there may have any number of connections. */
    bool (*is_trusted)(const struct ip_address *address, void *context);
};

struct http_server_options {
    const struct sockaddr *address; /* port 0: see http_server_port() */
    socklen_t address_length;
    int listen_fd; /* a listening socket that others share, taken over; -1: binds the address */
    unsigned connections_max;        /* past it idle ones give way, and then newcomers wait */
    struct site_counts *site_counts; /* of all workers; NULL: nobody has too many */
    unsigned idle_timeout_s;
    unsigned request_timeout_s; /* from the first byte of a request to the last; of a handshake */
    struct tls *tls;            /* shared from now on; NULL for plain HTTP */
    unsigned hsts_max_age_s;    /* what pages say over TLS; 0: nothing */
    struct http_handler handler;
};

/* Listens; those who connect wait until http_server_open(). NULL when the address cannot be bound.
 * Worker's thread, as all below. */
MUST_USE struct http_server *http_server_new(struct event_base *base,
                                             const struct http_server_options *options,
                                             struct error *error);

/* Serves from the next turn on. */
void http_server_open(struct http_server *server);

/* The port that is bound. */
int http_server_port(const struct http_server *server);

/* Once per turn of the loop: lets libmicrohttpd run if there is anything for it, after all answers
 * of this turn have been given. */
void http_server_turn(struct http_server *server);

/* Connections are closed after their present request from now on, and new ones are left to others
 * who listen there: a SYN is dropped, and repeated by its sender a second later. A socket that
 * others share is closed here, and what waits in it is theirs. */
void http_server_quiesce(struct http_server *server);

/* Accepts the connections that had been made until then, which the kernel would reset, and closes
 * the listener. After http_server_quiesce(). */
void http_server_stop_listening(struct http_server *server);

/* Handshakes that begin from now on use it; connections that are open go on with theirs. Without
 * effect where it is NULL, or the server has none: which of the two is spoken cannot change. */
void http_server_use_tls(struct http_server *server, struct tls *tls);

/* Connections that are open. */
size_t http_server_connections(const struct http_server *server);

/* Requests that have begun to come in and are not complete. */
size_t http_server_incoming(const struct http_server *server);

/* Requests that are complete and not yet answered to the last byte. */
size_t http_server_busy(const struct http_server *server);
/* Of these, those whose answer has been made and leaves. */
size_t http_server_leaving(const struct http_server *server);

/* What has happened so far. */
struct http_server_counts {
    size_t bodies_refused;  /* requests, because too many large bodies were coming in */
    size_t slow_requests;   /* connections ended because a request took too long to come in */
    size_t slow_readers;    /* connections ended because an answer was read too slowly */
    size_t answers_dropped; /* connections ended because unread answers held too much memory */
    size_t gave_way;        /* idle connections ended because all places were taken */
    size_t refused;         /* connections, because their site had as many as it may */
};

struct http_server_counts http_server_counts(const struct http_server *server);

/* TLS handshakes: connections that are in one now; so far those that came to their end, and those
 * that were closed before. */
struct http_server_handshakes {
    size_t under_way;
    size_t done;
    size_t failed;
};

struct http_server_handshakes http_server_handshakes(const struct http_server *server);

/* Asserts that nothing is waiting: libmicrohttpd must not be stopped with suspended connections. */
void http_server_free(struct http_server *server);

#endif
