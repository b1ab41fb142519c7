/* SPDX-License-Identifier: MIT
 *
 * How a worker ends: it takes no more connections, answers what has been asked, and tells each
 * client to ask elsewhere. Nothing that takes longer than it should holds it up but a store that
 * owes decisions. Private to worker.c. Worker's thread. */
#ifndef APP_DRAIN_H
#define APP_DRAIN_H

struct api;
struct event;
struct event_base;
struct http_server;

/* In the order they come. */
enum drain_phase {
    DRAIN_NONE,
    DRAIN_ACCEPTING, /* connections that are being made get through */
    DRAIN_SETTLING,  /* clients who do not know yet send a request, and learn it by the answer */
    DRAIN_READING,   /* requests that have begun to come in may become complete */
    DRAIN_ANSWERING, /* what is complete is answered */
    DRAIN_LEAVING,   /* answers leave */
    DRAIN_OVER,      /* those that nobody reads are given up */
};

struct drain {
    enum drain_phase phase;
    struct event *timer; /* the end of the phase */
    struct api *api;
    struct http_server *http;
    struct http_server *operation; /* NULL: none */
};

/* What it is given is borrowed as long as it lives. */
void drain_init(struct drain *drain, struct event_base *base, struct api *api);
void drain_close(struct drain *drain);

void drain_begin(struct drain *drain, struct http_server *http, struct http_server *operation);

/* Once per turn, after the front has run. */
void drain_turn(struct drain *drain);

/* The last answer has been sent; connections that then are idle are closed. */
bool drain_is_over(const struct drain *drain);

#endif
