/* SPDX-License-Identifier: MIT
 *
 * The total time limit of a request, from its first byte until it is complete. libmicrohttpd only
 * knows how long a connection is silent: a client that sends a byte now and then would keep its
 * place for ever. Private to http_server.c and exchange.c. Worker's thread.
 *
 * Nothing is done per request but to mark it. Every few seconds all connections are looked at: one
 * on which something has come in since its last request was complete, and which has not completed
 * another for too long, is shut down, and libmicrohttpd then closes it. */
#ifndef HTTP_SLOW_CLIENTS_H
#define HTTP_SLOW_CLIENTS_H

#include <sys/queue.h>

struct event;
struct event_base;

struct client {
    LIST_ENTRY(client) next;
    int fd;                    /* borrowed from libmicrohttpd */
    struct exchange *exchange; /* its present one, if any; exchange.c's own */
    bool is_asking;            /* of us: a complete request waits for its answer */
    unsigned requests;         /* complete ones */
    unsigned requests_seen;    /* at the last look */
    bool is_known;             /* bytes_idle is of the time since the last request */
    uint64_t bytes_idle;       /* what had come in when nothing of a request had */
    int64_t begun_us;          /* when a request was first seen on its way; 0: none is */
    bool is_over;              /* shut down */
};

struct slow_clients {
    LIST_HEAD(clients, client) clients;
    struct event *timer;
    int64_t limit_us;
    size_t ended; /* so far, because they were too slow */
};

/* Looks at the clients from now on. */
void slow_clients_init(struct slow_clients *clients, struct event_base *base, int64_t limit_us);
void slow_clients_close(struct slow_clients *clients);

struct client *slow_clients_add(struct slow_clients *clients, int fd);
/* Frees it. */
void slow_clients_remove(struct client *client);

/* A request is complete; it has been answered. */
void slow_clients_asked(struct client *client);
void slow_clients_answered(struct client *client);

#endif
