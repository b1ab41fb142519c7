/* SPDX-License-Identifier: MIT
 *
 * How a worker ends. It takes no more connections, answers all requests, and tells each client to
 * ask elsewhere. Each phase has a time limit; only a store that has not yet decided can delay the
 * end. Private to worker.c. Worker's thread. */
#ifndef APP_DRAIN_H
#define APP_DRAIN_H

struct api;
struct event;
struct event_base;
struct http_server;

/* In their order. */
enum drain_phase {
    DRAIN_NONE,
    DRAIN_ACCEPTING, /* connections under way are still accepted */
    DRAIN_SETTLING,  /* clients send a request, and its answer tells them to leave */
    DRAIN_READING,   /* requests that have begun may become complete */
    DRAIN_ANSWERING, /* complete requests are answered */
    DRAIN_LEAVING,   /* answers leave */
    DRAIN_OVER,      /* answers that nobody reads are given up */
};

struct drain {
    enum drain_phase phase;
    struct event *timer; /* the end of the phase */
    struct api *api;
    struct http_server *http;
    struct http_server *operation; /* NULL: none */
};

/* Borrows its arguments as long as it lives. */
void drain_init(struct drain *drain, struct event_base *base, struct api *api);
void drain_close(struct drain *drain);

void drain_begin(struct drain *drain, struct http_server *http, struct http_server *operation);

/* To be called once per turn, after the HTTP servers have run. */
void drain_turn(struct drain *drain);

/* Whether the last answer has been sent. Connections that are then idle are closed. */
bool drain_is_over(const struct drain *drain);

#endif
