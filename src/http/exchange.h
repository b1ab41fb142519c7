/* SPDX-License-Identifier: MIT
 *
 * One request with its connection. It is created when libmicrohttpd has read the request line
 * (exchange_on_uri). libmicrohttpd then calls exchange_on_access once with the headers, once per
 * piece of body, and again when the body is complete or the connection was resumed. At the end it
 * calls exchange_on_completed, unless it refused the request by itself: then the exchange ends with
 * its connection. An ended exchange is kept for another request, with the memory that an ordinary
 * one needs. Private to http_server.c. Worker's thread. */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include "base/shares.h"
#include "http/http_server.h"

#include "answers.h"
#include "carrier.h"
#include "outlets.h"

#include <microhttpd.h>

struct client;

/* What all exchanges of one server share. */
struct exchanges {
    struct http_handler handler;
    struct carrier_fields fields;
    bool quiesced;         /* see exchanges_quiesce() */
    bool resumed;          /* a connection was resumed, so the daemon must run */
    struct shares bodies;  /* bytes; see body.h */
    size_t bodies_refused; /* so far, for lack of room */
    struct answers answers;
    struct outlets outlets;
    uint64_t begun;        /* so far */
    size_t waiting;        /* suspended */
    struct exchange *kept; /* ended ones, for the next requests; see exchanges_close() */
    size_t kept_count;
};

void exchanges_init(struct exchanges *exchanges, struct event_base *base,
                    const struct http_server_options *options);

/* From now on each answer ends its connection. Streams end. */
void exchanges_quiesce(struct exchanges *exchanges);

/* The callbacks of the daemon; `context` is the struct exchanges. */
void *exchange_on_uri(void *context, const char *uri, struct MHD_Connection *connection);
enum MHD_Result exchange_on_access(void *context, struct MHD_Connection *connection,
                                   const char *url, const char *method, const char *version,
                                   const char *data, size_t *data_size, void **exchange_context);
void exchange_on_completed(void *context, struct MHD_Connection *connection,
                           void **exchange_context, enum MHD_RequestTerminationCode code);

/* The client is gone, or has begun another request. */
void exchange_on_closed(struct client *client);

/* To be called before the daemon is stopped, because it must have no suspended connections. Asserts
 * that no request waits. */
void exchanges_give_up(struct exchanges *exchanges);
/* To be called when the daemon has been stopped. */
void exchanges_close(struct exchanges *exchanges);

#endif
