/* SPDX-License-Identifier: MIT
 *
 * HTTP on a worker's event loop. Only private files of src/http know libmicrohttpd: its external
 * epoll mode, no threads. Connections are accepted in src/http/acceptor.c. */
#ifndef HTTP_HTTP_SERVER_H
#define HTTP_HTTP_SERVER_H

#include "base/error.h"
#include "http/request.h"
#include "http/site_counts.h"
#include "http/tls.h"

#include <stdatomic.h>

struct event_base;

/* What the server asks of the layer above. All run on the worker's thread. */
struct http_handler {
    void *context;
    /* The headers have come. Returns how many bytes of body to accept; a longer body is answered
     * 413. May answer at once (no such route, wrong media type); then the body is not read. */
    size_t (*begin)(struct request *request, void *context);
    /* The body has come, too. */
    enum handled (*finish)(struct request *request, void *context);
    /* The answer is about to be sent, whoever gave it. May still add fields. */
    void (*answered)(struct request *request, void *context);
    /* Called between requests of one turn, every so many, for work that cannot wait until all ready
     * requests are served. May answer other requests. */
    void (*between)(void *context);
    /* Whether clients at this address may have any number of connections. */
    bool (*is_trusted)(const struct ip_address *address, void *context);
};

/* Who accepts connections from a listening socket. OWN: one server. SHARED: several of this
 * process, which go together; by then nobody can connect any more. PASSED: also others, which
 * stay. */
enum listen_share { LISTEN_OWN, LISTEN_SHARED, LISTEN_PASSED };

/* The servers of this process that accept from one socket, and their connections. */
struct listen_group {
    size_t servers;
    atomic_size_t connections;
};

struct http_server_options {
    int listen_fd; /* listens and does not block; the server then owns it */
    enum listen_share listen_share;
    struct listen_group *listen_group; /* unless it is LISTEN_OWN; outlives the server */
    unsigned connections_max;          /* at this number idle ones give way, then newcomers wait */
    struct site_counts *site_counts;   /* of all workers; NULL: no limit per site */
    unsigned idle_timeout_s;
    unsigned request_timeout_s; /* from a request's first byte to its last; also for a handshake */
    struct tls *tls;            /* the server shares it; NULL: plain HTTP */
    unsigned hsts_max_age_s;    /* sent with pages over TLS; 0: not sent */
    struct http_handler handler;
};

/* Clients that connect wait until http_server_open(). NULL if libmicrohttpd does not start.
 * Worker's thread, as for all below. */
MUST_USE struct http_server *http_server_new(struct event_base *base,
                                             const struct http_server_options *options,
                                             struct error *error);

/* Serves from the next turn of the loop on. */
void http_server_open(struct http_server *server);

/* To be called once per turn of the loop, after all answers of the turn have been given: runs
 * libmicrohttpd if there is work for it. */
void http_server_turn(struct http_server *server);

/* From now on connections are closed after their present request, and streams end. New connections
 * are left to other listeners of the address: a SYN is dropped, and its sender repeats it a second
 * later. A socket that was passed is closed here, and the connections that wait in it are left to
 * the others. */
void http_server_quiesce(struct http_server *server);

/* Accepts the connections that were made so far, because the kernel would reset them, and closes
 * the listener. To be called after http_server_quiesce(). */
void http_server_stop_listening(struct http_server *server);

/* New handshakes use `tls`; open connections keep what they have. Does nothing when `tls` is NULL
 * or the server speaks plain HTTP, because a server cannot change between TLS and HTTP. */
void http_server_use_tls(struct http_server *server, struct tls *tls);

/* How many connections are open. */
size_t http_server_connections(const struct http_server *server);

/* How many requests have begun to come in and are not complete. */
size_t http_server_incoming(const struct http_server *server);

/* How many complete requests still have bytes of their answer to come. Streams do not count,
 * because their end is not awaited. */
size_t http_server_busy(const struct http_server *server);
/* Of these, how many have their answer made, which is now leaving. */
size_t http_server_leaving(const struct http_server *server);

/* How many requests are answered by a stream that has not left to its end. */
size_t http_server_streams(const struct http_server *server);

/* Counts so far. */
struct http_server_counts {
    size_t bodies_refused;  /* requests refused because too many large bodies were coming in */
    size_t slow_requests;   /* connections ended because a request took too long to come in */
    size_t slow_readers;    /* connections ended because an answer was read too slowly */
    size_t answers_dropped; /* connections ended because unread answers held too much memory */
    size_t gave_way;        /* idle ones and quiet streams ended because all places were taken */
    size_t refused;         /* connections refused because their site had its maximum */
};

struct http_server_counts http_server_counts(const struct http_server *server);

/* TLS handshakes: how many are under way now; how many so far were completed, and how many ended
 * before. */
struct http_server_handshakes {
    size_t under_way;
    size_t done;
    size_t failed;
};

struct http_server_handshakes http_server_handshakes(const struct http_server *server);

/* Asserts that no request waits, because libmicrohttpd must not be stopped with suspended
 * connections. Streams are cut off, and their owners are told. */
void http_server_free(struct http_server *server);

#endif
