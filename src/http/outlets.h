/* SPDX-License-Identifier: MIT
 *
 * How the streams of one server leave. libmicrohttpd asks an outlet for bytes. If there are none,
 * the outlet suspends the connection until some are written: otherwise libmicrohttpd would ask in
 * every turn. A suspended connection has no time-out, so a quiet stream may last. But libmicrohttpd
 * does not see either that its client has gone, so the outlet watches the socket itself.
 *
 * What a client has not read counts as an unread answer while it is large; see answers.h. Private
 * to exchange.c and carrier.c. Worker's thread. */
#ifndef HTTP_OUTLETS_H
#define HTTP_OUTLETS_H

#include "http/http_server.h"

#include "answers.h"

#include <microhttpd.h>
#include <sys/types.h>

struct client;
struct outlet;

struct outlets {
    struct event_base *base;
    struct answers *answers;
    bool *has_work; /* set when the daemon must run */
    unsigned idle_timeout_s;
    LIST_HEAD(outlet_list, outlet) all;
};

/* Borrows its arguments as long as it lives. */
void outlets_init(struct outlets *outlets, struct event_base *base, struct answers *answers,
                  bool *has_work, unsigned idle_timeout_s);

/* Ends all streams. What was written is still sent. */
void outlets_end(struct outlets *outlets);

/* Resumes all, because libmicrohttpd must not be stopped with a suspended connection. */
void outlets_give_up(struct outlets *outlets);

/* Opens the way of the request's stream. All must outlive it. */
struct outlet *outlet_new(struct outlets *outlets, struct request *request, struct client *client,
                          struct MHD_Connection *connection);
/* NULL is fine. */
void outlet_free(struct outlet *outlet);

/* The stream has more to read, or has ended. */
void outlet_wake(struct outlet *outlet);

/* A MHD_ContentReaderCallback, whose context is the outlet. */
ssize_t outlet_read(void *context, uint64_t position, char *to, size_t bytes_max);

#endif
